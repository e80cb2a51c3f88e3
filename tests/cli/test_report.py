import html
import json
import sys

import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras, main
from dfrnet_keras.evaluation.run import FoldRecord, Prediction
from dfrnet_keras.evaluation.run_folder import write_record


@pytest.fixture
def run_folder(tmp_path):
    folder = tmp_path / "a run"
    folder.mkdir()
    settings = {
        "learner": {"name": "ststnet", "options": {"stages": 2},
                    "recipe": {"learning_rate": 0.001, "augment": False, "patience": None,
                               "validation": "subjects"}},
        "protocol": "single-database leave-one-subject-out on d", "validation": "none",
        "seeds": [0, 1], "folds": 2, "subjects": 3, "classes": ["no", "yes"],
        "store": {"digest": "0", "path": "/gone/store", "settings": {"size": 28}},
        "versions": {"keras": "3"},
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    for seed in (0, 1):
        for number in (0, 1):
            answer = Prediction("d", f"s{number}", "c", "no", ("no", "yes")[number], (0.5, 0.5),
                                number, seed, 1)  # fmt: skip
            write_record(folder, FoldRecord(number, seed, "d", f"s{number}", (answer,)))
    return folder


def test_the_page_is_written_and_named(run_folder, tmp_path):
    result = CliRunner().invoke(dfr_keras, ["report", str(run_folder)], catch_exceptions=False)
    assert result.output == f"Report: {run_folder / 'report.html'}\n"
    page = html.unescape((run_folder / "report.html").read_text())
    assert "ststnet on d" in page
    again = (
        "dfr-keras fit --store /gone/store --model ststnet --stages 2 --learning-rate 0.001 "
        "--no-augment --validation none --seeds 2 --folds 2"
    )
    assert again in page
    assert f"dfr-keras report '{run_folder}' --out" in page
    out = tmp_path / "new" / "page.html"
    arguments = ["report", str(run_folder), str(run_folder), "--out", str(out)]
    result = CliRunner().invoke(dfr_keras, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "2 runs compared" in out.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/nowhere/at/all"], "is no run folder"),
        (["{run}", "--out", "{run}/page.txt"], "ends in .html"),
        (["{run}", "--out", "{run}/settings.json/x.html"], "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(run_folder, arguments, message, monkeypatch, capsys):
    arguments = [argument.format(run=run_folder) for argument in arguments]
    monkeypatch.setattr(sys, "argv", ["dfr-keras", "report", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line


def test_at_least_one_run_is_asked_for():
    result = CliRunner().invoke(dfr_keras, ["report"])
    assert result.exit_code == 2
    assert "RUN..." in result.output
