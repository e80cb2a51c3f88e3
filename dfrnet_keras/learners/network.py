"""Networks as learners: fold by fold, or one trained on everybody, to deploy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.folds import Fold, everybody
from dfrnet_keras.evaluation.loso import Progress
from dfrnet_keras.learners.side_by_side import fit_groups, groups, suits
from dfrnet_keras.learners.trainer import build, engine_of
from dfrnet_keras.models.recipe import Recipe, paper_recipe
from dfrnet_keras.startup import limit_threads

if TYPE_CHECKING:
    import keras

    from dfrnet_keras.learners.motion import MotionLearner
    from dfrnet_keras.store import FeatureStore


class NetworkLearner:
    """A network of this package with its training, for `evaluate_loso` and `fit_everybody`.

    Args:
        model: Name of the network, as `models.build_model` knows it.
        store: The features; their size and views decide the network's inputs.
        model_options: Further arguments of the network (`attention`, `stages` ...). `features`,
            a subset of the store's, picks the views; all of the store's by default.
        recipe: The training; the network's published one by default.

    Raises:
        InputError: Where the store lacks what the network looks at.
    """

    def __init__(
        self,
        model: str,
        store: FeatureStore,
        *,
        model_options: dict[str, Any] | None = None,
        recipe: Recipe | None = None,
    ) -> None:
        self.model = model
        self.store = store
        self.recipe = recipe or paper_recipe(model)
        self.model_options = dict(model_options or {})
        self.progress: Progress | None = None
        self.threads = os.cpu_count() or 1
        usual = {
            "dfrnet": store.features,
            "capsulenet": "S" if "S" in store.features else "T",
        }
        self.views = self.model_options.get("features") or usual.get(model, "T")
        missing = sorted(set(self.views) - set(store.features))
        if missing:
            raise InputError(
                f"{store.path} holds the views {store.features}, not {', '.join(missing)}: "
                f"choose features among {store.features}, or prepare a store that has them."
            )
        if model in usual:  # those that can look at more than flow
            self.model_options["features"] = self.views

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner."""
        return {
            "name": self.model,
            "options": self.model_options,
            "recipe": self.recipe.as_dict(),
        }

    def prepare_process(self, threads: int) -> None:
        """Give a process of its own so many threads."""
        self.threads = threads
        limit_threads(threads)

    def bundles(self, folds: Sequence[Fold]) -> list[list[Fold]]:
        """Folds that one process should be given together, since they train side by side."""
        beside = [fold for fold in folds if suits(self, fold)]
        return groups(beside) + [[fold] for fold in folds if not suits(self, fold)]

    def fit_predict(
        self, folds: Sequence[Fold], seed: int
    ) -> Iterator[tuple[Fold, np.ndarray | None, dict[str, Any]]]:
        """Yield (fold, softmax probabilities of its test clips, history) for each fold."""
        if beside := [fold for fold in folds if suits(self, fold)]:
            yield from fit_groups(self, beside, seed, self.threads)
        engine = engine_of(self)
        for fold in [fold for fold in folds if not suits(self, fold)]:
            history = engine.fit(fold, seed)
            if "failure" in history:
                yield fold, None, history
            else:
                yield fold, engine.probabilities(fold.test), history

    def fit_everybody(self, *, seed: int, validation: str) -> tuple[keras.Model, dict[str, Any]]:
        """The network to deploy; see the function of this name."""
        fold = everybody(self.store, validation=validation, seed=seed)
        engine = engine_of(self)
        history = engine.fit(fold, seed)
        if "failure" in history:
            raise InputError(
                f"The training on {self.store.path} failed: {history['failure']}; "
                "try a lower --learning-rate."
            )
        deployed = build(self, "softmax")
        engine.twin.give_to(deployed)
        return deployed, history


def fit_everybody(
    learner: NetworkLearner | MotionLearner, *, seed: int = 0, validation: str | None = None
) -> tuple[keras.Model, dict[str, Any]]:
    """Train one network on all subjects: the one to deploy.

    Args:
        learner: The network and its training.
        seed: Of weights, order and augmentation.
        validation: `"subjects"` holds some subjects out to stop the training, or to choose what is
            to be chosen; `"none"` trains on every clip. By default the recipe's.

    Returns:
        The network with its softmax, uncompiled, and the history of its training.

    Raises:
        InputError: Where the loss became NaN, or `validation` names a test subject.
    """
    return learner.fit_everybody(seed=seed, validation=validation or learner.recipe.validation)
