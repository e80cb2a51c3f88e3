"""Networks that train side by side compute what Keras computes for each of them alone."""

import dataclasses
import time

import keras
import numpy as np
import pytest

from dfrnet_keras.evaluation import evaluate_loso, loso_folds
from dfrnet_keras.learners import side_by_side
from dfrnet_keras.learners.lockstep import WIDTH, Lockstep
from dfrnet_keras.learners.network import NetworkLearner
from dfrnet_keras.learners.patches import Patches
from dfrnet_keras.models import STSTNet
from dfrnet_keras.models.recipe import Recipe

RECIPE = Recipe(learning_rate=1e-3, batch_size=8, epochs=3, patience=None, augment=False)
CHANNELS = 16 * WIDTH


@pytest.fixture(scope="module")
def maps(make_store):
    """Seven subjects of three clips: two groups of folds."""
    return make_store(subjects=7, size=12)


def learner_of(store, **changes):
    return NetworkLearner("ststnet", store, recipe=dataclasses.replace(RECIPE, **changes))


def answers(store, numbers, seed=0):
    folds = loso_folds(store, validation="none")
    results = learner_of(store).fit_predict([folds[number] for number in numbers], seed)
    return {fold.number: (chances.tolist(), history["loss"]) for fold, chances, history in results}


# Windows of three, of which four are averaged: each remainder ends elsewhere.
@pytest.mark.parametrize("size", [12, 13, 14, 16, 28])
def test_steps_are_those_of_keras(size):
    random = np.random.default_rng(0)
    maps = random.integers(0, 256, (9, size, size, 3)).astype(np.float32)
    maps[:, :6, :6] = maps[:, :1, :1]  # even places, where several values are the largest
    labels = random.integers(0, 3, len(maps))
    plain = STSTNet(size, classifier_activation=None)
    plain.get_layer("dropout").rate = 0
    fresh = plain.get_weights()
    networks = Lockstep(plain, Patches.of(maps), labels, learning_rate=1e-3)
    plain.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    trained = random.random((WIDTH, len(maps))) < 0.6
    own = np.flatnonzero(trained[1])
    kept = np.ones((len(maps), networks.patches.side**2, CHANNELS), np.uint8)
    for _ in range(4):
        expected = plain.train_on_batch({"flow": maps[own]}, labels[own])
        found = networks.step(np.arange(len(maps)), trained, kept)[1] / len(own)
        assert found == pytest.approx(float(expected), rel=1e-4)
    ours = STSTNet(size, classifier_activation=None)
    networks.give_to(ours, 1)
    for weight, expected, born in zip(ours.get_weights(), plain.get_weights(), fresh, strict=True):
        np.testing.assert_allclose(weight, expected, rtol=2e-3, atol=2e-5)
        assert not np.array_equal(weight, born)


def test_dropout_keeps_the_mean(maps):
    """What is kept counts the more, and a value that was dropped teaches nothing."""
    network = STSTNet(12, classifier_activation=None)
    patches = Patches.of(maps.arrays["flow"])
    networks = Lockstep(network, patches, maps.labels, learning_rate=1e-3)
    assert networks.dropout == 0.5
    generators = {place: np.random.default_rng(place) for place in (0, 2)}
    kept = side_by_side.draw_dropout(generators, 200, 9, 0.5).reshape(200, 9, WIDTH, 16)
    assert kept[:, :, [0, 2]].mean() == pytest.approx(0.5, abs=0.01)
    assert not np.array_equal(kept[:, :, 0], kept[:, :, 2])
    clips, everyone = np.arange(8), np.ones((WIDTH, 8), bool)
    before = networks.weights["kernel"].copy()
    networks.step(clips, everyone, np.zeros((8, patches.side**2, CHANNELS), np.uint8))
    np.testing.assert_array_equal(networks.weights["kernel"], before)
    assert not np.array_equal(networks.weights["dense_bias"][0], np.zeros(3))


def test_a_fold_gives_the_same_whoever_trains_beside_it(maps):
    every = answers(maps, range(7))
    assert answers(maps, [5]) == {5: every[5]}
    assert answers(maps, [3, 1, 6]) == {number: every[number] for number in (1, 3, 6)}
    assert answers(maps, [5], seed=1)[5] != every[5]


def test_labels_of_the_held_out_subject_change_nothing(maps, with_other_labels):
    fold = loso_folds(maps, validation="none")[2]
    other = with_other_labels(maps, fold.subject)
    first, second = answers(maps, [1, 2]), answers(other, [1, 2])
    assert first[2] == second[2]
    assert first[1] != second[1]


def test_processes_get_whole_groups(maps):
    learner = learner_of(maps)
    folds = loso_folds(maps, validation="none")
    bundles = learner.bundles(folds)
    assert [[fold.number for fold in bundle] for bundle in bundles] == [[0, 1, 2, 3], [4, 5, 6]]
    events = []
    run = evaluate_loso(learner, maps, validation="none", jobs=2, progress=events.append)
    assert sorted(event["fold"] for event in events if event["event"] == "done") == list(range(7))
    subjects = {event["subject"] for event in events if event["event"] == "epoch"}
    assert subjects == {"made/s0 and 3 more", "made/s4 and 2 more"}
    alone = evaluate_loso(learner, maps, validation="none")
    for one, two in zip(run.predictions, alone.predictions, strict=True):
        assert (one.clip, one.fold, one.epoch) == (two.clip, two.fold, 3)
        np.testing.assert_allclose(one.probabilities, two.probabilities, atol=1e-5)


def test_it_learns(make_store):
    store = make_store(subjects=6, clips=6, size=12)
    learner = learner_of(store, epochs=60)
    run = evaluate_loso(learner, store, validation="none")
    assert run.metrics()["uf1"] > 0.7
    assert all(fold.curves["loss"][-1] < fold.curves["loss"][0] for fold in run.folds)


@pytest.mark.parametrize(
    "change",
    [{"augment": True}, {"class_weights": True}, {"optimizer": "sgd"}, {"decay": 0.9},
     {"learning_rate": 0.1}],
)  # fmt: skip
def test_other_trainings_go_fold_by_fold(maps, change):
    folds = loso_folds(maps, validation="none")
    assert learner_of(maps, **change).bundles(folds) == [[fold] for fold in folds]


def test_folds_that_something_stops_go_one_by_one(maps):
    folds = loso_folds(maps)
    assert learner_of(maps).bundles(folds) == [[fold] for fold in folds]


def test_who_stops_asking_need_not_wait(make_store):
    """After Ctrl-C groups at work end with their epoch, and those that wait do not begin."""
    store = make_store(subjects=17, size=12)
    learner = learner_of(store, epochs=50, learning_rate=1e-4)
    learner.threads = 2
    epochs = []
    learner.progress = lambda event: epochs.append(event["epoch"])
    results = learner.fit_predict(loso_folds(store, validation="none"), 0)
    next(results)
    results.close()
    told = len(epochs)
    assert 50 <= told < 4 * 50
    time.sleep(0.2)
    assert len(epochs) == told


def test_a_loss_that_is_no_number_is_said(maps):
    folds = loso_folds(maps, validation="none")[:2]
    network = STSTNet(12, classifier_activation=None)
    recipe = dataclasses.replace(RECIPE, learning_rate=1e38)
    patches = Patches.of(maps.arrays["flow"])
    _, histories = side_by_side.train_together(network, patches, maps.labels, folds, 0, recipe)
    assert len(histories) == 2
    for history in histories:
        assert history["failure"].startswith("the loss became ")
