"""`dfr-keras preset`, and `--model preset`: a small one is made anew."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.learners.preset import FromPresetLearner, PresetLearner
from dfrnet_keras.learners.preset_training import PresetTraining
from dfrnet_keras.models import DFRNet, Preset
from dfrnet_keras.models.preset import CARD, TFLITE, WEIGHTS


def command(*arguments):
    return CliRunner().invoke(dfr_keras, ["preset", *map(str, arguments)])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "small"
    result = command("make", "--seed", 3, "--out", folder, "--share", 0.004, "--jobs", 1)
    assert result.exit_code == 0, result.output
    return folder


@pytest.mark.slow  # eight networks are traced: a minute and a half
def test_make_writes_a_preset_that_answers(made):
    assert {WEIGHTS, TFLITE, CARD, "card.md", "NOTICE.txt"} == {
        file.name for file in made.iterdir()
    }
    preset = Preset(made)
    assert preset.card["seed"] == 3
    (answer,) = preset.predict(np.zeros((1, 28, 28, 3)))
    assert answer.label is None
    assert json.loads((made / CARD).read_text())["not_for"][0] == "lie detection"


@pytest.mark.slow  # eight networks are traced: a minute and a half
def test_make_replaces_nothing_unasked(made):
    result = command("make", "--out", made)
    assert result.exit_code == 1
    assert "is there already" in str(result.exception)


def test_list_names_the_presets_and_for_whom_they_are_not():
    result = command("list")
    assert result.exit_code == 0
    assert "drawn-units: drawn maps alone" in result.output
    assert "not for lie detection" in result.output
    assert set(json.loads(command("list", "--json").output)) >= {"drawn-units"}


def test_the_learner_answers_for_every_clip_with_nothing_learnt(make_store, monkeypatch, tmp_path):
    from dfrnet_keras.evaluation import evaluate_loso

    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path))
    store = make_store(size=28)
    learner = PresetLearner(store)  # seed 0 is the shipped one
    run = evaluate_loso(learner, store, validation="none")
    expected = Preset(flow_range=store.flow_range).predict(store.arrays["flow"])
    by_clip = {row.key: row.probabilities for row in run.predictions}
    for row, answer in zip(store.rows, expected, strict=True):
        key = row.dataset, row.subject, row.name
        np.testing.assert_allclose(by_clip[key], list(answer.probabilities.values()), atol=1e-4)
    assert not any(tmp_path.iterdir())
    assert PresetTraining().shrunk(0.5).hills == PresetTraining().hills // 2


def test_folds_are_fitted_to_what_the_members_of_a_preset_see(make_store, tmp_path, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path))
    store = make_store(size=28)
    arguments = ["fit", "--store", store.path, "--from-preset", "drawn-units", "--json"]
    run = ["--run-dir", tmp_path / "run"]
    result = CliRunner().invoke(dfr_keras, list(map(str, [*arguments, *run])))
    assert result.exit_code == 0, result.output
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert settings["learner"]["options"]["preset"] == "drawn-units"
    learner = FromPresetLearner(store)
    features, drawn = learner.described(0)
    network = DFRNet.from_preset(flow_range=store.flow_range)
    assert features.shape[:3] == (4, 2, len(store))
    # Logits are averaged in the network, probabilities here: both name the same class mostly.
    maps = store.arrays["flow"].astype("float32")
    chances = network.predict(maps, verbose=0)["probabilities"]
    assert (drawn.mean((0, 1)).argmax(1) == chances.argmax(1)).mean() > 0.7
    refused = CliRunner().invoke(dfr_keras, list(map(str, [*arguments, "--all-subjects"])))
    assert refused.exit_code == 1
    assert "--from-preset is evaluated alone" in str(refused.exception)
