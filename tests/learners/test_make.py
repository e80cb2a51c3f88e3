"""The networks of the comparison in the trainer."""

import dataclasses

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import loso_folds
from dfrnet_keras.learners import episodes, fit_all_subjects
from dfrnet_keras.learners.make import make_learner
from dfrnet_keras.models.recipe import Recipe
from dfrnet_keras.models.table import paper_recipe


# Compiling takes long: in the fast tests each step of theirs is tested by itself.
@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    ["off-apexnet", "rcn-a", "dual-inception", "featref", "capsulenet", "htnet-small", "me-plan",
     "fgrl-auf", "sssnet"],
)  # fmt: skip
def test_two_folds_and_the_network_to_deploy(model, make_store, monkeypatch):
    monkeypatch.setattr(episodes, "MACRO_EPISODES", 3)
    monkeypatch.setattr(episodes, "MACRO_CLIPS", 60)
    store = make_store(size=28 if model in ("htnet-small", "me-plan") else 16)
    recipe = dataclasses.replace(paper_recipe(model), epochs=2, batch_size=6)
    learner = make_learner(model, store, recipe=recipe)
    folds = loso_folds(store)[:2]
    answers = list(learner.fit_predict(folds, 0))
    for fold, chances, history in answers:
        assert chances.shape == (len(fold.test), 3)
        np.testing.assert_allclose(chances.sum(1), 1)
        assert len(history["loss"]) == len(history["validation_loss"]) == 2
    # From the start again, whatever was trained before.
    ((_, again, _),) = learner.fit_predict(folds[:1], 0)
    np.testing.assert_array_equal(again, answers[0][1])
    network, _ = fit_all_subjects(learner)
    maps = {"flow": store.arrays["flow"][:4].astype(np.float32)}
    deployed = np.asarray(network(maps))
    assert deployed.shape == (4, 3)
    np.testing.assert_allclose(deployed.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        deployed, learner.trainer.probabilities(np.arange(4)), rtol=1e-3, atol=1e-5
    )


def test_capsules_look_at_the_apex_where_there_is_one(make_store):
    assert make_learner("capsulenet", make_store(size=16, views="TSD")).views == "S"
    assert make_learner("capsulenet", make_store(size=16)).views == "T"
    with pytest.raises(InputError, match="holds the views S, not T"):
        make_learner("rcn-a", make_store(size=16, views="S"))


def test_learning_rate_by_epoch():
    recipe = paper_recipe("rcn-a")
    assert [recipe.learning_rate_in(epoch) for epoch in (1, 10, 11, 21)] == [
        5e-4,
        5e-4,
        2.5e-4,
        1.25e-4,
    ]
    assert paper_recipe("ststnet").learning_rate_in(700) == 5e-5


def test_the_trainer_follows_the_recipe(make_store):
    """Momentum, and a rate that falls: seen in the optimizer after training."""
    store = make_store(size=12)
    recipe = dataclasses.replace(
        paper_recipe("ststnet"), epochs=3, batch_size=6, optimizer="sgd", decay=0.5
    )
    learner = make_learner("ststnet", store, recipe=recipe)
    for _ in range(2):  # the second fold starts with the first rate again
        list(learner.fit_predict(loso_folds(store, validation="none")[:1], 0))
        optimizer = learner.trainer.network.optimizer
        assert type(optimizer).__name__ == "SGD"
        assert optimizer.momentum == 0.9
        assert float(optimizer.learning_rate) == pytest.approx(5e-5 / 4)


def test_what_a_recipe_writes_down_is_the_recipe():
    for model in ("ststnet", "rcn-a"):
        assert Recipe(**paper_recipe(model).as_dict()) == paper_recipe(model)
    assert paper_recipe("rcn-a").as_dict()["optimizer"] == "sgd"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": "rmsprop"}, "choose one of adam, sgd"),
        ({"decay": 0}, "decay is 0"),
        ({"decay_epochs": 0}, "decay_epochs is 0"),
    ],
)
def test_bad_recipes(change, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(paper_recipe("rcn-a"), **change)


def test_an_unknown_recipe():
    with pytest.raises(InputError, match="choose one of dfrnet, ststnet, off-apexnet"):
        paper_recipe("svm")
