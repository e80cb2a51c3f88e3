import json
import sys

import pytest

from dfrnet_keras.cli import entry
from dfrnet_keras.cli.main import _COMMANDS
from dfrnet_keras.tflite import Predictor
from dfrnet_keras.tflite.runtime.command import main


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        main([str(item) for item in arguments])
    return end.value.code


def test_answers_are_those_of_the_predictor(tflite_file, folder, clip, capsys):
    _, onset, apex = clip
    assert run("predict", tflite_file, folder, "--onset", onset, "--apex", apex, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    (row,) = report["predictions"]
    answer = Predictor(tflite_file).predict(folder, onset, apex)
    assert row["label"] == answer.label
    assert row["probabilities"] == answer.probabilities
    assert row["milliseconds"].keys() == {*answer.timings, "total"}
    assert run("predict", tflite_file, folder) == 0
    shown = capsys.readouterr().out
    assert "(spotted)" in shown
    assert "probabilities  negative" in shown


def test_bad_input_is_one_sentence(tflite_file, folder, tmp_path, capsys):
    assert run("predict", tflite_file, tmp_path / "none.avi", folder) == 1
    out, err = capsys.readouterr()
    assert "none.avi" in err
    assert "frames: " in out  # the other clip is still answered
    assert run("predict", tmp_path / "none.tflite", folder) == 1
    assert "does not exist" in capsys.readouterr().err
    assert run("predict", "net.keras", folder) == 1
    assert "needs Keras" in capsys.readouterr().err
    for command in sorted({*_COMMANDS, "predcit"} - {"predict"}):
        assert run(command, "--dataset", "synthetic") == 1
        error = capsys.readouterr().err
        assert error.startswith(f"Error: {command}: on a device there is predict alone.")
        assert "needs the whole package" in error
    assert run("predict", tflite_file, folder, "--start", 0.1) == 1
    assert "has no seconds: use --onset and --offset" in capsys.readouterr().err
    assert run("predict", tflite_file, folder, "--start", 0.1, "--onset", 3) == 2


def test_the_command_starts_without_click(monkeypatch, tflite_file, folder, capsys):
    monkeypatch.setitem(sys.modules, "click", None)
    monkeypatch.setattr(sys, "argv", ["dfr-keras", "predict", str(tflite_file), str(folder)])
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert end.value.code == 0
    assert "apex frame" in capsys.readouterr().out


def test_the_whole_tool_takes_the_same_file(tflite_file, folder, clip, capsys, monkeypatch):
    _, onset, apex = clip
    options = ["predict", str(tflite_file), str(folder), "--onset", str(onset), "--apex", str(apex)]
    monkeypatch.setattr(sys, "argv", ["dfr-keras", *options, "--json"])
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert end.value.code == 0
    whole = json.loads(capsys.readouterr().out)["predictions"]
    assert run(*options, "--json") == 0
    small = json.loads(capsys.readouterr().out)["predictions"]
    for row in (*whole, *small):
        row.pop("milliseconds")
    assert whole == small
