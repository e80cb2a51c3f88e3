"""What may be evaluated, and that it learned from the store that it is evaluated on."""

import shutil

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import Learner, evaluate_loso
from dfrnet_keras.store import FeatureStore


class First(Learner):
    """Always the first class; `fit_predict` is all that a learner needs."""

    def fit_predict(self, folds, seed):
        for fold in folds:
            if self.progress is not None:
                self.progress({"event": "epoch", "fold": fold.number})
            yield fold, np.tile([1.0, 0.0, 0.0], (len(fold.test), 1)), {}


def test_defaults_serve_a_learner_with_fit_predict_alone(make_store):
    store = make_store(subjects=4, clips=3)
    events = []
    run = evaluate_loso(First(), store, validation="none", progress=events.append)
    assert run.settings["learner"] == {"name": "First"}
    assert {prediction.predicted for prediction in run.predictions} == {store.classes[0]}
    # A third of the clips is right: F1 of that class is 2 * 4 / (12 + 4), of the others 0.
    assert run.metrics()["uf1"] == pytest.approx(0.5 / 3)
    assert [e["fold"] for e in events if e["event"] == "epoch"] == [0, 1, 2, 3]


def test_an_object_that_inherits_from_nothing(make_store):
    class Plain:
        def __init__(self):
            self.settings = {"name": "plain", "k": 3}

        def fit_predict(self, folds, seed):
            return First().fit_predict(folds, seed)

    store = make_store(subjects=4, clips=3)
    run = evaluate_loso(Plain(), store, validation="none", progress=lambda event: None)
    assert run.settings["learner"] == {"name": "plain", "k": 3}
    assert run.predictions == evaluate_loso(First(), store, validation="none").predictions


def test_what_cannot_learn_is_refused(make_store):
    with pytest.raises(InputError, match=r"str cannot be evaluated: give it .* fit_predict"):
        evaluate_loso("svm", make_store())


def test_another_store_is_refused(make_store, with_other_labels, guesser, tmp_path):
    store = make_store()
    other = with_other_labels(store, "s1")
    learner = First()
    learner.store = other
    plain = guesser(other)
    plain.store = other
    for made_elsewhere in (learner, plain):
        with pytest.raises(InputError, match=r"was made with the store .*, but is evaluated on"):
            evaluate_loso(made_elsewhere, store)
    # The same content at another place is the same store.
    shutil.copytree(store.path, tmp_path / "copy")
    learner.store = FeatureStore.open(tmp_path / "copy")
    assert not evaluate_loso(learner, store).failed
