"""Table 2 of run folders: honest and optimistic runs in one row, and the page around them."""

import json

import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import FoldRecord, Prediction
from dfrnet_keras.evaluation.run_folder import write_record
from dfrnet_keras.models.table import paper_recipe
from dfrnet_keras.paper.results_page import BEGIN, END, write_page
from dfrnet_keras.paper.run_rows import collect

CLASSES = ("negative", "positive", "surprise")


def write_run(folder, model="ststnet", *, wrong=1, validation="none", subjects=6, digest="0",
              seeds=(0,), **recipe):  # fmt: skip
    """A run in which so many subjects are answered "negative" throughout, the others rightly."""
    folder.mkdir(parents=True)
    learner = {"name": model, "options": {}}
    if model != "svm":
        learner["recipe"] = {**paper_recipe(model).as_dict(), "validation": validation, **recipe}
    store = {"digest": digest, "settings": {"size": 28, "flow_range": "bytes"}, "path": "s"}
    settings = {
        "learner": learner, "protocol": "composite leave-one-subject-out over smic",
        "validation": validation, "seeds": list(seeds), "folds": subjects, "subjects": 6,
        "classes": list(CLASSES), "store": store, "versions": {"keras": "3"},
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    for seed in seeds:
        for number in range(subjects):
            rows = tuple(
                Prediction("smic", f"s{number}", f"c{clip}", label,
                           "negative" if number < wrong else label, (0.5, 0.3, 0.2),
                           number, seed, 7)
                for clip, label in enumerate(CLASSES)
            )  # fmt: skip
            record = FoldRecord(number, seed, "smic", f"s{number}", rows, epoch=7, seconds=36.0)
            write_record(folder, record)
    return folder


def test_what_was_chosen_on_the_test_subject_stands_beside(tmp_path):
    write_run(tmp_path / "a" / "honest", wrong=3)
    write_run(tmp_path / "leaky", wrong=1, validation="test-subject")
    write_run(tmp_path / "machine", "svm")
    first, second = collect(tmp_path)
    assert [first["name"], second["name"]] == ["STSTNet", "RBF-SVM on 14 x 14 flow"]
    assert first["honest"]["validation"] == "none"
    assert first["optimistic"]["validation"] == "test-subject"
    gain = first["difference"]
    assert gain["uf1"] == pytest.approx(first["optimistic"]["uf1"] - first["honest"]["uf1"])
    assert gain["low"] <= gain["uf1"] <= gain["high"]
    assert (first["epochs"], first["published_epochs"]) == (800, 800)
    assert first["honest"]["epochs_kept"] == 7
    assert first["honest"]["hours"] == pytest.approx(6 * 36 / 3600)
    assert first["parameters"] == 1_683
    assert first["published"]["chosen"].startswith("nothing: the last epoch")
    assert second["parameters"] is None
    assert second["optimistic"] is None
    json.dumps([first, second])


def test_other_clips_and_trainings_are_not_compared(tmp_path):
    write_run(tmp_path / "honest")
    write_run(tmp_path / "short", validation="test-subject", epochs=3)
    write_run(tmp_path / "elsewhere", validation="test-subject", digest="1")
    rows = collect(tmp_path)
    assert len(rows) == 3
    assert all(row["difference"] is None for row in rows)
    assert sum(row["honest"] is None for row in rows) == 2
    write_run(tmp_path / "few", "sssnet", subjects=3)
    write_run(tmp_path / "all", "sssnet", validation="test-subject")
    (row,) = [row for row in collect(tmp_path) if row["name"] == "SSSNet"]
    assert row["honest"]
    assert row["optimistic"]
    assert row["difference"] is None
    assert row["published"]["uar"] is None


def test_commands_give_the_run_again(tmp_path):
    write_run(tmp_path / "a", "capsulenet", validation="subjects", epochs=3, batch_size=8,
              subjects=4, seeds=(0, 1, 2), augment=False)  # fmt: skip
    (row,) = collect(tmp_path)
    assert row["honest"]["command"] == (
        "dfr-keras fit --dataset flow-folder --root maps --model capsulenet --batch-size 8 "
        "--epochs 3 --no-augment --seeds 3 --folds 4"
    )
    assert row["honest"]["seeds"] == 3


def test_the_page_keeps_what_stands_around_the_tables(tmp_path):
    write_run(tmp_path / "runs" / "honest", wrong=3)
    write_run(tmp_path / "runs" / "leaky", validation="test-subject")
    page = tmp_path / "results.md"
    page.write_text(f"# Mine\n\nBefore.\n\n{BEGIN}\nobsolete\n{END}\n\nAfter.\n")
    arguments = ["reproduce", "table2", "--runs", str(tmp_path / "runs"), "--markdown", str(page)]
    for _ in range(2):
        result = CliRunner().invoke(dfr_keras, arguments)
        assert result.exit_code == 0, result.output
        text = page.read_text()
        assert text.startswith("# Mine\n\nBefore.\n")
        assert text.endswith(f"{END}\n\nAfter.\n")
        assert "obsolete" not in text
        assert text.count("### Figures") == 1
    assert "| STSTNet |" in result.output
    assert "--validation test-subject" in text
    assert "0.7353 | 0.7605 | nothing: the last epoch" in text
    fresh = tmp_path / "new.md"
    write_page(collect(tmp_path / "runs"), fresh, "that")
    assert fresh.read_text().startswith(f"# Results\n\n{BEGIN}")


def test_rows_of_other_methods_stay_on_the_page(tmp_path):
    write_run(tmp_path / "first" / "a", wrong=3)
    write_run(tmp_path / "first" / "b", "sssnet")
    write_run(tmp_path / "second" / "a", wrong=1)
    page = tmp_path / "page.md"
    write_page(collect(tmp_path / "first"), page, "this")
    before = page.read_text().splitlines()
    write_page(collect(tmp_path / "second"), page, "that")
    after = page.read_text().splitlines()
    of = {name: [[line for line in lines if line.startswith(f"| {name} |")]
                 for lines in (before, after)]
          for name in ("STSTNet", "SSSNet")}  # fmt: skip
    assert of["SSSNet"][0] == of["SSSNet"][1]
    assert [len(lines) for lines in of["STSTNet"]] == [3, 3]
    assert of["STSTNet"][0] != of["STSTNet"][1]
    assert [line for line in before if line[:9] in ("Versions:", "Protocol:")] == [
        line for line in after if line[:9] in ("Versions:", "Protocol:")
    ]
    write_page(collect(tmp_path / "second"), page, "that")
    assert page.read_text().splitlines() == after


def test_bad_input(tmp_path):
    with pytest.raises(InputError, match="holds no run with results"):
        collect(tmp_path)
    write_run(tmp_path / "runs" / "a")
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\n")
    with pytest.raises(InputError, match="alone: restore the other"):
        write_page(collect(tmp_path / "runs"), page, "that")
    for more in (["--dataset", "smic"], ["--folds", "2"]):
        result = CliRunner().invoke(dfr_keras, ["reproduce", "table2", "--runs", "x", *more])
        assert result.exit_code == 2
        assert "leave all but --json and --markdown out" in " ".join(result.output.split())
