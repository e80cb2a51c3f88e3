import json
import sys

import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras, main
from dfrnet_keras.evaluation.run import FoldRecord, Prediction
from dfrnet_keras.evaluation.run_folder import write_record


def write_run(folder, *, seeds=(0,), subjects=4, fails=(), validation="subjects", **changes):
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "learner": {"name": "net"}, "protocol": "composite leave-one-subject-out over a, [b]",
        "validation": validation, "seeds": list(seeds), "folds": subjects, "subjects": subjects,
        "classes": ["negative", "positive", "surprise"], "store": {"digest": "0"}, **changes,
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    for seed in seeds:
        for number in range(subjects):
            dataset, subject = ("a", "[b]")[number % 2], f"s{number}"
            rows = [
                Prediction(dataset, subject, f"c{clip}", label,
                           label if (number + seed) % 3 else "negative", (0.5, 0.3, 0.2),
                           number, seed, 1)
                for clip, label in enumerate(settings["classes"])
            ]  # fmt: skip
            failure = "the loss became [nan]" if number in fails else None
            write_record(folder, FoldRecord(number, seed, dataset, subject,
                                            () if failure else tuple(rows), failure))  # fmt: skip
    return folder


def evaluate(*arguments):
    result = CliRunner().invoke(dfr_keras, ["evaluate", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_json_has_the_pooled_figures_on_top(tmp_path):
    metrics = json.loads(evaluate(write_run(tmp_path), "--json"))
    # Two subjects (numbers 0 and 3) are answered "negative" throughout, the other two are right.
    assert metrics["confusion_matrix"] == [[4, 0, 0], [2, 2, 0], [2, 0, 2]]
    assert metrics["uar"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert metrics["uf1"] == pytest.approx((8 / 12 + 4 / 6 + 4 / 6) / 3)
    assert metrics["accuracy"] == pytest.approx(8 / 12)
    assert metrics["weighted_f1"] == metrics["uf1"]  # there are as many clips of each class
    assert metrics["floor"]["uar"] == pytest.approx(1 / 3)
    assert metrics["datasets"]["[b]"]["clips"] == 6
    assert metrics["interval"]["uf1"][0] <= metrics["uf1"] <= metrics["interval"]["uf1"][1]
    assert metrics["complete"] is True


def test_tables(tmp_path):
    shown = evaluate(write_run(tmp_path, seeds=(0, 1)))
    for words in ("8 of 8 folds, 12 clips, 2 seed(s)", "seed 1", "[b]", "95 % interval",
                  "weighted F1",
                  "most frequent class", "surprise", "validation subjects"):  # fmt: skip
        assert words in shown
    assert "OPTIMISTIC" not in shown
    assert "Incomplete" not in shown


def test_what_a_reader_has_to_know_is_said(tmp_path):
    shown = evaluate(write_run(tmp_path / "one", validation="test-subject"))
    assert "OPTIMISTIC: chosen on the test subjects" in shown
    shown = evaluate(write_run(tmp_path / "two", fails=[1], subjects=3))
    assert "Incomplete" in shown
    assert "Failed: [b]/s1 seed 0: the loss became [nan]" in shown
    part = write_run(tmp_path / "three", subjects=2)
    settings = json.loads((part / "settings.json").read_text()) | {"subjects": 9}
    (part / "settings.json").write_text(json.dumps(settings))
    assert "Incomplete, 7 subjects left out" in evaluate(part)


def test_a_run_without_an_answer(tmp_path):
    folder = write_run(tmp_path, fails=range(4))
    assert "No fold of this run has predictions: 4 failed." in evaluate(folder)
    metrics = json.loads(evaluate(folder, "--json"))
    assert metrics["uf1"] is None
    assert metrics["folds"]["done"] == 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "settings.json").unlink(), "is no run folder"),
        (lambda folder: (folder / "settings.json").write_text("{}"), "lacks learner"),
        (lambda folder: (folder / "settings.json").write_bytes(b"\x00\xff"), "cannot be read"),
        (lambda folder: next((folder / "folds").iterdir()).write_text("[]"), "does not hold"),
    ],
)
def test_a_damaged_run_is_one_sentence(tmp_path, damage, message, monkeypatch, capsys):
    damage(write_run(tmp_path))
    monkeypatch.setattr(sys, "argv", ["dfr-keras", "evaluate", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line
