"""Stores, runs, networks and .tflite files of version 0.1.0 open and give the same figures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.evaluation import evaluate_loso
from dfrnet_keras.store import FeatureStore
from dfrnet_keras.tflite import Predictor, read_metadata

FIXTURES = Path(__file__).parent / "fixtures" / "v0.1"
EXPECTED = json.loads((FIXTURES / "expected.json").read_text())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy to write into, with the cache of its own."""
    shutil.copytree(FIXTURES, tmp_path / "v0.1")
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "v0.1")
    return tmp_path / "v0.1"


def answer(*arguments):
    result = CliRunner().invoke(dfr_keras, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("run", ["run-ststnet", "run-svm"])
def test_a_run_has_the_same_figures(folder, run):
    figures, expected = json.loads(answer("evaluate", run, "--json")), EXPECTED["evaluate"][run]
    assert figures["confusion_matrix"] == expected["confusion_matrix"]
    assert figures["clips"] == expected["clips"]
    for name in ("uf1", "uar", "accuracy"):
        assert figures[name] == pytest.approx(expected[name], abs=1e-9)
        for seed, of_seed in expected["seeds"].items():
            assert figures["seeds"][seed][name] == pytest.approx(of_seed[name], abs=1e-9)


def test_runs_are_reported_and_compared(folder):
    answer("report", "run-ststnet")
    page = (folder / "run-ststnet" / "report.html").read_text()
    assert f"{EXPECTED['evaluate']['run-ststnet']['uf1']:.4f}" in page
    answer("report", "run-ststnet", "run-svm", "--out", "both.html")
    both = (folder / "both.html").read_text()
    for run in ("run-ststnet", "run-svm"):
        assert f"{EXPECTED['evaluate'][run]['uf1']:.4f}" in both


@pytest.mark.parametrize("network", sorted(EXPECTED["predict"]))
def test_a_network_gives_the_same_answers(folder, network):
    out = json.loads(answer("predict", network, "frames/clip0", "frames/clip1", "--json"))
    for row in out["predictions"]:
        expected = EXPECTED["predict"][network][row["clip"]]
        assert (row["label"], row["apex"]) == (expected["label"], expected["apex"])
        assert row["probabilities"] == pytest.approx(expected["probabilities"], abs=2e-3)


def test_a_store_opens_and_is_unchanged(folder):
    store = FeatureStore.open("store")
    store.verify()
    assert (len(store), store.features, store.size, store.flow_range) == (9, "TSD", 28, "pixels")
    assert store.classes == ("negative", "positive", "surprise")
    assert store.settings["flow_method"] == "dis"
    settings = json.loads((folder / "run-ststnet" / "settings.json").read_text())
    assert store.digest == settings["store"]["digest"]


def test_the_runtime_reads_the_metadata(folder):
    about = read_metadata("device/model-int8.tflite")
    assert about["classes"] == ["negative", "positive", "surprise"]
    assert about["preparation"]["flow_method"] == "dis"
    store = FeatureStore.open("store")
    flow = np.asarray(store.arrays["flow"][0], np.float32)
    chances = Predictor("device/model-float32.tflite").predict_maps(flow=flow).probabilities
    assert sum(chances.values()) == pytest.approx(1, abs=1e-3)


def test_a_run_that_is_whole_trains_nothing(folder):
    class Refuses:
        settings = json.loads((folder / "run-svm" / "settings.json").read_text())["learner"]

        def fit_predict(self, folds, seed):
            pytest.fail("a fold was trained again")

    store = FeatureStore.open("store")
    run = evaluate_loso(Refuses(), store, run_dir="run-svm", validation="none")
    assert run.metrics()["uf1"] == pytest.approx(EXPECTED["evaluate"]["run-svm"]["uf1"])
