"""ME-PLAN: episodes, prototypes, and what it starts from."""

import dataclasses

import numpy as np
import pytest

from dfrnet_keras.evaluation import loso_folds
from dfrnet_keras.learners import episodes
from dfrnet_keras.learners.episodes import draw_episode, nearest_prototype
from dfrnet_keras.learners.make import make_learner
from dfrnet_keras.models.table import paper_recipe


def test_an_episode_shows_some_people_and_asks_for_others():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [40, 12, 3])
    people = np.array([f"p{clip % 6}" for clip in range(55)])
    people[52:] = "alone"
    for _ in range(20):
        clips = draw_episode(labels, people, 30, random)
        shown, asked = np.split(clips, 2)
        for half in (shown, asked):
            assert np.bincount(labels[half]).tolist() == [5, 5, 5]
        for label in (0, 1):
            assert not {*people[shown[labels[shown] == label]]} & {
                *people[asked[labels[asked] == label]]
            }


def test_the_nearest_prototype_as_a_dense_layer():
    random = np.random.default_rng(0)
    embedded, labels = random.normal(size=(30, 64)), np.arange(30) % 2
    kernel, bias = nearest_prototype(embedded, labels, 3)
    prototypes = np.stack([embedded[labels == label].mean(0) for label in (0, 1)])
    others = random.normal(size=(50, 64))
    scores = others @ kernel + bias
    distances = np.square(others[:, None] - prototypes).sum(-1)
    np.testing.assert_array_equal(scores.argmax(1), distances.argmin(1))
    np.testing.assert_allclose(
        scores[:, 0] - scores[:, 1], distances[:, 1] - distances[:, 0], rtol=1e-4, atol=1e-4
    )
    assert (scores[:, 2] < -1e5).all()


@pytest.mark.parametrize("flow_range", ["bytes", "pixels"])
def test_a_mirror_turns_u_around(flow_range):
    flow = np.random.default_rng(0).uniform(0, 100, (40, 4, 4, 3)).astype("float32")
    seen = episodes._mirrored({"flow": flow}, np.random.default_rng(1), flow_range)["flow"]
    turned = flow[:, :, ::-1] * [-1, 1, 1] + [255 if flow_range == "bytes" else 0, 0, 0]
    same = np.array([np.array_equal(a, b) for a, b in zip(seen, flow, strict=True)])
    mirrored = np.isclose(seen, turned).all((1, 2, 3))
    assert (same ^ mirrored).all()
    assert 5 < mirrored.sum() < 35


def test_folds_start_from_drawn_macro_expressions_and_end_in_prototypes(make_store, monkeypatch):
    monkeypatch.setattr(episodes, "MACRO_EPISODES", 2)
    monkeypatch.setattr(episodes, "MACRO_CLIPS", 60)
    store = make_store(size=28)
    recipe = dataclasses.replace(paper_recipe("me-plan"), epochs=1, batch_size=12)
    learner = make_learner("me-plan", store, recipe=recipe)
    fold = loso_folds(store, validation="none")[0]
    trainer = learner.trainer
    trainer.start_anew(fold, 0)
    taught = episodes.pretrained(store, 0)
    kernel = taught.get_layer("embedding").get_weights()[0]
    np.testing.assert_array_equal(trainer.network.get_layer("embedding").get_weights()[0], kernel)
    ((_, chances, history),) = learner.fit_predict([fold], 0)
    assert chances.shape == (len(fold.test), 3)
    assert len(history["loss"]) == 1
    embedded = trainer.outputs(fold.train)[:, 3:]
    expected = nearest_prototype(embedded, store.labels[fold.train], 3)
    for weight, other in zip(
        trainer.network.get_layer("predictions").get_weights(), expected, strict=True
    ):
        np.testing.assert_allclose(weight, other, rtol=1e-4, atol=1e-5)
