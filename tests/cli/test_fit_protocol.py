"""`fit --protocol`, from the command to what its outputs say; and workers that start in silence."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.evaluation import open_run
from dfrnet_keras.store import FeatureStore, StoredClip
from dfrnet_keras.store.files import write_index

TRAINING = ["--model", "ststnet", "--epochs", "1", "--validation", "none"]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A store of two datasets with three subjects each, a clip of each class."""
    folder = tmp_path_factory.mktemp("two") / "store"
    folder.mkdir()
    rows = [
        StoredClip(("one", "two")[subject % 2], f"s{subject}", f"c{label}", label, None)
        for subject in range(6)
        for label in range(3)
    ]
    maps = np.random.default_rng(0).integers(0, 256, (18, 12, 12, 3), np.uint8)
    np.save(folder / "flow.npy", maps)
    settings = {"version": "0", "size": 12, "flow_range": "bytes"}
    write_index(folder, rows, classes=("negative", "positive", "surprise"), settings=settings,
                source="made")  # fmt: skip
    return FeatureStore.open(folder)


def test_a_class_of_one_subject_alone_is_said(make_store, run, tmp_path):
    command = ["fit", "--model", "majority", "--protocol", "single-database", "--store"]
    even = make_store(subjects=4, datasets=("one",))
    output = run(dfr_keras, *command, even.path, "--run-dir", tmp_path / "even").output
    assert "no clip is left" not in output
    alone = make_store(subjects=2, clips=1, datasets=("one",))
    output = run(dfr_keras, *command, alone.path, "--run-dir", tmp_path / "alone").output
    assert (
        "Warning: no clip is left to train on of negative when one/s0 is held out, positive when "
        "one/s1 is held out: those cannot be recognised." in output
    )


def test_one_dataset_held_out(two, run, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["fit", "--store", two.path, *TRAINING, "--protocol", "hold-out-database"]
    result = run(dfr_keras, *command)
    words = "hold-out-database, each tested by what the others taught, over one, two"
    assert words in " ".join(result.output.split())
    assert "2 of 2 folds, 18 clips" in result.output
    assert "The figures of this protocol are those of each dataset" in result.output
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("store-hold-out-database-ststnet-")
    assert open_run(folder).settings["protocol"] == words
    metrics = json.loads(run(dfr_keras, "evaluate", folder, "--json").output)
    assert metrics["protocol"] == words
    assert metrics["datasets"]["one"]["clips"] == 9
    run(dfr_keras, "report", folder)
    page = (folder / "report.html").read_text()
    assert words in page
    assert "--protocol hold-out-database" in page
    part = run(dfr_keras, *command, "--folds", 1, "--run-dir", tmp_path / "part").output
    assert "1 dataset left out" in part
    message = error(*command[:-1], "single-database", "--run-dir", folder)
    assert "holds a run of other settings (protocol: hold-out-database" in message
    assert "choose one of composite, single-database, hold-out-database" in error(
        *command[:-1], "loso"
    )


def test_nobody_is_tested_when_all_are_trained_on(two, run):
    result = run(dfr_keras, "fit", "--store", two.path, "--all-subjects", "--protocol", "composite")
    assert result.exit_code == 2
    assert "leave --protocol out" in result.output


@pytest.mark.slow
def test_workers_print_no_start_up_lines(two, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    arguments = ["fit", "--store", two.path, *TRAINING, "--jobs", "2", "--folds", "2",
                 "--run-dir", tmp_path / "run"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "from dfrnet_keras.cli.main import main; main()",
         *map(str, arguments)],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(open_run(tmp_path / "run").folds) == 2
    for words in ("oneDNN", "cudart", "absl::InitializeLog"):
        assert words not in done.stderr + done.stdout
