import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso
from dfrnet_keras.learners import NetworkLearner, fit_all_subjects, fit_for_deployment
from dfrnet_keras.models.recipe import Recipe
from dfrnet_keras.models.saving import load_network

RECIPE = Recipe(learning_rate=1e-3, batch_size=4, epochs=2, patience=None, augment=False)


@pytest.fixture(scope="module")
def learner(store):
    return NetworkLearner("ststnet", store, recipe=RECIPE)


def test_the_file_says_what_prediction_needs(learner, store, tmp_path):
    path = fit_for_deployment(learner, tmp_path / "run", seed=3)
    assert path == tmp_path / "run" / "model.keras"
    network, description = load_network(path)
    assert description["model"] == "ststnet"
    assert description["classes"] == list(store.classes)
    assert description["features"] == "T"
    assert description["size"] == 12
    assert description["flow_range"] == "bytes"
    assert description["store"] == {"digest": store.digest, "settings": store.settings}
    assert description["training"]["clips"] == 15
    assert description["training"]["subjects"] == 5
    assert description["training"]["seed"] == 3
    assert description["leave_one_subject_out"] is None
    maps = {"flow": store.arrays["flow"][:].astype(np.float32)}
    trained, _ = fit_all_subjects(learner, seed=3)
    np.testing.assert_array_equal(np.asarray(network(maps)), np.asarray(trained(maps)))
    with pytest.raises(InputError, match="is there already"):
        fit_for_deployment(learner, tmp_path / "run")


def test_the_figures_to_expect_are_those_of_the_run_beside_it(learner, store, tmp_path):
    run = evaluate_loso(learner, store, run_dir=tmp_path)
    _, description = load_network(fit_for_deployment(learner, tmp_path))
    expected = description["leave_one_subject_out"]
    assert expected["uf1"] == run.metrics()["uf1"]
    assert expected["interval"] == run.metrics()["interval"]
    assert expected["complete"]
    assert not expected["optimistic"]


def test_the_run_of_another_network_is_no_expectation(learner, store, guesser, tmp_path):
    evaluate_loso(guesser(store), store, run_dir=tmp_path)
    with pytest.raises(InputError, match="another network, training or store"):
        fit_for_deployment(learner, tmp_path)
    assert not (tmp_path / "model.keras").exists()
