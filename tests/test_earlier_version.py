"""Files of version 0.1 open, and give the figures and answers that version 0.1 gave.

Only public names and commands are used, so that this file stays as it is wherever modules move.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

FILES = Path(__file__).parent / "fixtures" / "v0.1"
EXPECTED = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))
# A step of an int8 probability is 1/256; flow may differ in its last digits between machines.
TOLERANCE = {"network/model-int8.tflite": 0.01}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A copy of the files, as the working folder: the runs name their store relative to it."""
    copy = tmp_path / "files"
    shutil.copytree(FILES, copy)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))
    return copy


def command(*arguments: str) -> str:
    from dfrnet_keras.cli.main import dfr_keras

    result = CliRunner().invoke(dfr_keras, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def assert_same(found, expected, where=""):
    """All that was there is there, figures to 4 decimals; more may have come."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert key in found, f"{where}/{key} is gone"
            assert_same(found[key], value, f"{where}/{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for index, value in enumerate(expected):
            assert_same(found[index], value, f"{where}/{index}")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-4), where
    else:
        assert found == expected, where


@pytest.mark.parametrize("name", EXPECTED["stores"])
def test_stores_open_with_their_content(files, name):
    from dfrnet_keras.store import FeatureStore

    store = FeatureStore.open(name)
    store.verify()
    found = {
        "digest": store.digest,
        "features": store.features,
        "size": store.size,
        "flow_range": store.flow_range,
        "classes": list(store.classes),
        "labels": store.labels.tolist(),
        "clips": [f"{row.dataset}/{row.subject}/{row.name}" for row in store.rows],
        "means": {key: float(array.astype("f8").mean()) for key, array in store.arrays.items()},
    }
    assert_same(found, EXPECTED["stores"][name])


@pytest.mark.parametrize("name", EXPECTED["runs"])
def test_runs_are_evaluated_with_the_same_figures(files, name):
    from dfrnet_keras.evaluation import open_run

    assert_same(json.loads(command("evaluate", name, "--json")), EXPECTED["runs"][name])
    run = open_run(name)
    expected = EXPECTED["runs"][name]
    assert run.metrics()["uf1"] == pytest.approx(expected["uf1"], abs=1e-4)
    assert len(run.predictions) == expected["clips"] * len(expected["seeds"])


def test_a_run_is_made_from_the_store_with_the_same_figures(files):
    again = json.loads(
        command("fit", "--store", "store", "--model", "svm", "--run-dir", "again", "--json")
    )
    expected = EXPECTED["runs"]["run-svm"]
    figures = {key: expected[key] for key in ("uf1", "uar", "confusion_matrix")}
    assert_same(again, figures)


def words_of(page: Path) -> str:
    """What a reader of a page is told, pictures by their descriptions."""
    text = page.read_text(encoding="utf-8")
    described = " ".join(re.findall(r'(?:aria-label|alt)="([^"]*)"', text))
    text = re.sub(r"<(style|script).*?</\1>", " ", text, flags=re.S)
    return " ".join(html.unescape(f"{re.sub('<[^>]*>', ' ', text)} {described}").split())


def assert_told(words: str, expected: dict) -> None:
    missing = [word for word in (expected["title"], *expected["words"]) if word not in words]
    assert not missing


def test_a_run_is_reported_with_its_figures_and_maps(files):
    command("report", "run-ststnet")
    page = files / "run-ststnet" / "report.html"
    words = words_of(page)
    expected = EXPECTED["reports"]["run-ststnet"]
    assert_told(words, expected)
    assert words.count("was taken for") == expected["mistakes"]
    # The maps of the mistakes come from the store, found where the run's settings say it is.
    assert page.read_text(encoding="utf-8").count("data:image/") >= 5 * expected["mistakes"]
    assert "no maps are shown" not in words


def test_runs_are_compared_on_one_page(files):
    from dfrnet_keras.evaluation import write_report

    page = write_report(["run-ststnet", "run-svm"], "both.html")
    assert_told(words_of(page), EXPECTED["reports"]["comparison"])


@pytest.mark.parametrize("name", EXPECTED["networks"])
def test_networks_predict_the_same(files, name):
    expected = EXPECTED["networks"][name]
    answers = json.loads(command("predict", name, *expected, "--json"))["predictions"]
    assert [answer["clip"] for answer in answers] == list(expected)
    for answer in answers:
        before = expected[answer["clip"]]
        assert list(answer["probabilities"]) == list(before["probabilities"])
        assert answer["probabilities"] == pytest.approx(
            before["probabilities"], abs=TOLERANCE.get(name, 2e-3)
        )
        for key in ("label", "apex", "flags"):
            assert answer[key] == before[key], answer["clip"]


@pytest.mark.parametrize(
    "name", [name for name in EXPECTED["networks"] if name.endswith(".tflite")]
)
def test_predictor_opens_tflite_files(files, name):
    from dfrnet_keras.tflite import Predictor

    predictor = Predictor(name)
    for clip, before in EXPECTED["networks"][name].items():
        answer = predictor.predict(clip)
        assert (answer.label, answer.apex) == (before["label"], before["apex"])
        assert answer.probabilities == pytest.approx(
            before["probabilities"], abs=TOLERANCE.get(name, 2e-3)
        )


def test_keras_loads_a_network_of_every_layer(files):
    import keras

    import dfrnet_keras.layers
    from dfrnet_keras.store import FeatureStore

    network = keras.saving.load_model("layers.keras")
    inside = {type(layer).__name__ for layer in network.layers}
    earlier = set(EXPECTED["layers"])
    assert earlier <= inside
    assert earlier <= set(dfrnet_keras.layers.__all__)
    store = FeatureStore.open("store")
    maps = {name: array.astype("f4") for name, array in store.take(range(len(store))).items()}
    answers = network.predict({tensor.name: maps[tensor.name] for tensor in network.inputs},
                              verbose=0)  # fmt: skip
    np.testing.assert_allclose(answers, EXPECTED["layers_on_store"], atol=1e-3)
