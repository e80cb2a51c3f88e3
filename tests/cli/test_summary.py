import json
import sys

import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import main
from dfrnet_keras.cli.summary import summary


def run(*arguments):
    result = CliRunner().invoke(summary, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_json_of_a_row_of_the_paper():
    row = json.loads(run("--stages", "3", "--classes", "1000", "--json"))
    assert set(row) == {"parameters", "keras_parameters", "macs", "thop_macs", "paper"}
    assert row["parameters"] == 3_296_452
    assert f"{row['thop_macs'] / 1e9:.4f}" == "2.2307"
    assert row["paper"] == {
        "parameters": 3_296_000,
        "thop_macs": 2_231_000_000,
        "classes": 1000,
        "tables": [7, 9],
    }


@pytest.mark.parametrize(
    "arguments",
    [["--features", "TS"], ["--input-size", "32"], ["--fusion", "add"], ["--model", "ststnet"]],
)
def test_json_beside_nothing(arguments):
    row = json.loads(run(*arguments, "--json"))
    assert row["paper"] is None
    assert 0 < row["parameters"] < row["keras_parameters"]
    assert 0 < row["macs"] < row["thop_macs"]


def test_table_beside_the_paper():
    shown = run()
    assert "stage3_block2" in shown
    assert "paper, 1000 classes" in shown
    for figure in ("3.0402 M", "3.0451 M", "2.2198 G", "2.2304 G", "3.296 M", "2.231 G"):
        assert figure in shown
    assert "Table 7 and Table 9" in shown


def test_table_beside_nothing():
    shown = run("--model", "ststnet")
    assert "average_pool" in shown
    assert "0.0017 M" in shown
    assert "paper" not in shown


def test_a_baseline():
    counts = json.loads(run("--model", "off-apexnet", "--json"))
    assert counts["parameters"] == 2_664_475
    assert counts["paper"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "rcn-a", "--stages", "2"], "--stages belongs to dfrnet"),
        (["--backbone", "mobilenet"], "backbone is 'mobilenet': choose one of"),
        (["--model", "alexnet"], "choose one of"),
        (["--model", "ststnet", "--stages", "2"], "--stages belongs to dfrnet"),
        (["--backbone", "vgg", "--attention", "all"], "belong to the resnet"),
    ],
)
def test_a_bad_choice_is_one_sentence(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dfr-keras", "summary", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]
