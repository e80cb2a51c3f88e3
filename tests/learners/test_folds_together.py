"""Folds trained side by side on JAX, in a process of its own: Keras has one backend in each."""

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

store = FeatureStore.open(sys.argv[1])
assert not can_train_together()  # no accelerator here
for model, validation, changes in (
    # Mirrored, moved, stopped, with batch normalisation, dropout and a rate that decays.
    ("ststnet", "subjects", {"epochs": 4, "batch_size": 3, "patience": 1, "augment": True,
                             "learning_rate": 1e-3, "decay": 0.5, "class_weights": True}),
    # Batches that are filled up.
    ("off-apexnet", "none", {"epochs": 2, "batch_size": 5}),
):
    learner = NetworkLearner(model, store, recipe=replace(paper_recipe(model), **changes))
    folds, events = loso_folds(store, validation=validation)[:2], []
    one = list(learner.fit_predict(folds, 3))
    together = list(fit_together(learner.trainer, folds, 3, events.append))
    for (fold, expected, history), (other, found, same) in zip(one, together, strict=True):
        assert fold.number == other.number
        np.testing.assert_allclose(found, expected, atol=1e-4)
        assert same["epoch"] == history["epoch"]
        if validation == "subjects":
            np.testing.assert_allclose(
                same["validation_loss"], history["validation_loss"], rtol=1e-3)
    assert len(events) == sum(len(history["loss"]) for _, _, history in together)
print("equal")
"""


@pytest.mark.slow
def test_folds_side_by_side_give_what_they_give_one_by_one(make_store):
    pytest.importorskip("jax")
    # 12 clips train where nothing stops a fold, 9 where one subject does: batches of 3 are whole.
    result = subprocess.run(
        [sys.executable, "-c", _CHECK, str(make_store(size=28).path)],
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "equal" in result.stdout


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
