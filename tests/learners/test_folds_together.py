"""Folds trained side by side on JAX give what they give one after the other.

Keras has one backend a process, so each test runs the check in one of its own.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

_CHECK = """
import sys
import numpy as np
from dataclasses import replace
from dfrnet_keras.evaluation.folds import loso_folds
from dfrnet_keras.learners.folds_together import can_train_together, fit_together
from dfrnet_keras.learners.network import NetworkLearner
from dfrnet_keras.models.table import paper_recipe
from dfrnet_keras.store import FeatureStore

path, model, changes, validation = sys.argv[1:]
store = FeatureStore.open(path)
recipe = replace(paper_recipe(model), **eval(changes))
learner = NetworkLearner(model, store, recipe=recipe)
assert not can_train_together()  # no accelerator here
folds = loso_folds(store, validation=validation)[:3]
events = []
one = list(learner.fit_predict(folds, 3))
together = list(fit_together(learner.trainer, folds, 3, events.append))
for (fold, expected, history), (other, found, same) in zip(one, together, strict=True):
    assert fold.number == other.number
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert same["epoch"] == history["epoch"]
    np.testing.assert_allclose(same["loss"], history["loss"], rtol=2e-2)
    if validation == "subjects":
        np.testing.assert_allclose(
            same["validation_loss"], history["validation_loss"], rtol=2e-2)
assert len(events) == sum(len(history["loss"]) for _, _, history in together)
print("equal")
"""


def check(store, model, changes, validation):
    pytest.importorskip("jax")
    result = subprocess.run(
        [sys.executable, "-c", _CHECK, str(store.path), model, repr(changes), validation],
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "equal" in result.stdout


def test_folds_that_are_stopped_and_mirrored(make_store):
    # 12 clips train in each fold of 5 people less one that tests: batches of 4 are whole.
    changes = {"epochs": 4, "batch_size": 3, "patience": 1, "augment": True,
               "learning_rate": 1e-3}  # fmt: skip
    check(make_store(size=28, subjects=6, views="TSD"), "dfrnet", changes, "subjects")


def test_a_rate_that_decays_and_dropout(make_store):
    changes = {"epochs": 3, "batch_size": 3, "learning_rate": 1e-3, "class_weights": True}
    check(make_store(size=28), "rcn-a", changes, "none")
    check(make_store(size=28), "off-apexnet", changes, "none")


def test_a_batch_that_is_filled_up_counts_its_own_clips_alone(make_store):
    # No batch normalisation here, so clips that count nothing change nothing.
    check(make_store(size=28), "off-apexnet", {"epochs": 2, "batch_size": 5}, "none")


def test_what_is_mirrored_and_moved(make_store):
    from dfrnet_keras.learners.folds_together import augmented
    from dfrnet_keras.pipeline import BatchPlan

    pytest.importorskip("jax")
    maps = np.random.default_rng(0).integers(0, 255, (6, 28, 28, 3)).astype(np.uint8)
    for in_bytes, flow_range in ((True, "bytes"), (False, "pixels")):
        plan = BatchPlan({"flow": maps}, None, 6, True, True, flow_range, 1)
        (rows,) = plan.rows(0)
        expected = plan.maps(0, 0, rows)["flow"]
        found = augmented(maps[rows].astype(np.float32), *plan.draws(0, 0, 6), "flow", in_bytes)
        np.testing.assert_array_equal(np.asarray(found), expected)
