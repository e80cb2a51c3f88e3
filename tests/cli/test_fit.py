import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from dfrnet_keras.evaluation import open_run
from dfrnet_keras.models.saving import load_network

# Long enough a training to be killed in the middle of.
TRAINING = ["--model", "ststnet", "--epochs", "120", "--batch-size", "4"]


def command(root, *arguments):
    dataset = ["--dataset", "flow-folder", "--root", root]
    return [str(word) for word in ("fit", *dataset, *TRAINING, *arguments)]


def process(home, arguments):
    """Start `dfr-keras` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from dfrnet_keras.cli.main import main; main()", *arguments],
        env={**os.environ, "DFR_KERAS_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def uninterrupted(root, home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    fit = process(home, command(root, "--run-dir", folder, "--json"))
    output, errors = fit.communicate(timeout=600)
    assert fit.returncode == 0, errors[-3000:]
    return folder, output


def test_figures_as_json(uninterrupted):
    folder, output = uninterrupted
    metrics = json.loads(output)
    assert {
        "uf1", "uar", "accuracy", "weighted_f1", "macro_precision", "calibration", "spread",
        "interval", "floor", "clips", "classes", "confusion_matrix", "seeds", "datasets",
        "subjects", "protocol", "validation", "optimistic", "folds", "complete", "run_dir",
    } == set(metrics)  # fmt: skip
    assert metrics["run_dir"] == str(folder)
    assert metrics["complete"] is True
    assert metrics["optimistic"] is False
    assert metrics["validation"] == "none"  # STSTNet's own
    assert metrics["folds"] == {"done": 5, "failed": [], "expected": 5, "left_out": 0}
    assert metrics["clips"] == 15
    assert 0 <= metrics["uf1"] <= 1
    assert len(metrics["interval"]["uf1"]) == 2
    assert metrics["uf1"] == open_run(folder).metrics()["uf1"]


def records(folder):
    return sorted((folder / "folds").glob("seed-*.json"))


def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_been(
    root, home, uninterrupted, here, tmp_path
):
    arguments = command(root, "--run-dir", tmp_path / "run")
    killed = process(home, arguments)
    try:
        while not records(tmp_path / "run"):
            assert killed.poll() is None, killed.stderr.read()
            time.sleep(0.005)
        killed.send_signal(signal.SIGSTOP)
        # It holds the folder while it lives, even asleep: a second process is turned away.
        code, _, message = here(arguments)
        assert code == 1
        (line,) = message.strip().splitlines()
        assert "is in use by another process" in line
    finally:
        killed.kill()
        killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    found = {path: path.stat().st_mtime_ns for path in records(tmp_path / "run")}
    assert 1 <= len(found) < 5
    assert not (tmp_path / "run" / "predictions.csv").exists()
    again = process(home, arguments)
    _, errors = again.communicate(timeout=600)
    assert again.returncode == 0, errors[-3000:]
    assert {path: path.stat().st_mtime_ns for path in found} == found
    whole, _ = uninterrupted
    for name in ("predictions.csv", "metrics.json", "curves.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.slow
def test_two_jobs_give_what_one_gives(root, home, uninterrupted, tmp_path):
    fit = process(home, command(root, "--run-dir", tmp_path, "--jobs", 2))
    _, errors = fit.communicate(timeout=600)
    assert fit.returncode == 0, errors[-3000:]
    rows, expected = (
        list(csv.DictReader((folder / "predictions.csv").open()))
        for folder in (tmp_path, uninterrupted[0])
    )
    for row, other in zip(rows, expected, strict=True):
        for name, value in row.items():
            if name.startswith("probability"):
                assert float(value) == pytest.approx(float(other[name]), abs=1e-5)
            else:
                assert value == other[name]


def quick(root, *arguments):
    return command(root, "--epochs", 1, *arguments)


def test_options_reach_the_run_and_a_run_goes_on_by_itself(root, here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = quick(root, "--seeds", 2, "--folds", 2, "--validation", "test-subject",
                      "--class-weights", "--augment", "--learning-rate", 0.01)  # fmt: skip
    code, output, _ = here(arguments)
    assert code == 0
    assert "OPTIMISTIC" in output
    (folder,) = (tmp_path / "runs").iterdir()
    assert f"Run: {folder.relative_to(tmp_path)}" in output
    run = open_run(folder)
    assert run.seeds == (0, 1)
    assert [record.number for record in run.folds] == [0, 1, 0, 1]
    recipe = run.settings["learner"]["recipe"]
    assert recipe["class_weights"] is True
    assert recipe["augment"] is True
    assert recipe["learning_rate"] == 0.01
    assert recipe["validation"] == "test-subject"
    before = {path: path.stat().st_mtime_ns for path in records(folder)}
    assert here(arguments)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in records(folder)} == before
    code, _, message = here([*quick(root, "--learning-rate", 0.02), "--run-dir", folder])
    assert code == 1
    assert "holds a run of other settings" in message


def test_a_loss_that_is_no_number_is_said(root, here, tmp_path):
    arguments = quick(root, "--folds", 2, "--learning-rate", 1e30, "--run-dir", tmp_path)
    code, output, message = here([*arguments, "--epochs", 4])
    assert code == 1
    assert "No fold of this run has predictions: 2 failed." in output
    assert "2 fold(s)" in message
    assert "Traceback" not in message
    for record in open_run(tmp_path).failed:
        assert "the loss became" in record.failure or "not finite" in record.failure


def test_the_network_to_deploy(root, here, tmp_path):
    arguments = quick(root, "--all-subjects", "--run-dir", tmp_path / "run")
    code, output, _ = here([*arguments, "--json"])
    assert code == 0
    path = json.loads(output)["model"]
    assert path == str(tmp_path / "run" / "model.keras")
    network, description = load_network(path)
    assert [(tensor.name, tensor.shape) for tensor in network.inputs] == [
        ("flow", (None, 12, 12, 3))
    ]
    assert description["classes"] == ["negative", "positive", "surprise"]
    assert description["size"] == 12
    assert description["flow_range"] == "bytes"
    assert description["training"]["subjects"] == 5
    chances = np.asarray(network({"flow": np.full((1, 12, 12, 3), 128.0, np.float32)}))
    assert chances.sum() == pytest.approx(1)
    code, _, message = here(arguments)
    assert code == 1
    assert "is there already" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "casme9"], "casme9"),
        (["--dataset", "flow-folder", "--root", "/no/such/folder"], "/no/such/folder"),
        (["--dataset", "flow-folder", "--root", "{root}", "--model", "resnet"], "dfrnet, ststnet"),
        (["--dataset", "flow-folder", "--root", "{root}", "--attention", "most",
          "--run-dir", "{tmp}/run"], "attention"),
        (["--dataset", "flow-folder", "--root", "{root}", "--features", "S"], "not S"),
        (["--dataset", "flow-folder", "--root", "{root}", "--validation", "half"], "half"),
        (["--dataset", "flow-folder", "--root", "{root}", "--epochs", "0"], "epochs is 0"),
        (["--dataset", "flow-folder", "--root", "{root}", "--learning-rate", "-1"],
         "learning_rate is -1"),
        (["--store", "{tmp}"], "is not a feature store"),
        (["--dataset", "flow-folder", "--root", "{root}", "--model", "ststnet",
          "--run-dir", "{root}/samples.csv"], "cannot be made or written"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(arguments, message, root, here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, error = here(["fit", *[word.format(root=root, tmp=tmp_path) for word in arguments]])
    assert code == 1
    (line,) = [line for line in error.strip().splitlines() if line.startswith("Error")]
    assert message in line
    assert "Traceback" not in error


def test_a_damaged_run_folder_is_one_sentence(root, here, tmp_path):
    assert here(quick(root, "--folds", 1, "--run-dir", tmp_path))[0] == 0
    (tmp_path / "settings.json").write_text("{")
    code, _, error = here(quick(root, "--folds", 1, "--run-dir", tmp_path))
    assert code == 1
    assert "settings.json cannot be read" in error
    assert "Traceback" not in error


def test_dataset_or_store(root, here):
    assert here(["fit"])[0] == 2
    code, _, error = here(["fit", "--dataset", "flow-folder", "--store", root])
    assert code == 2
    assert "either --dataset or --store" in error
