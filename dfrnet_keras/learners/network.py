"""Networks as learners: fold by fold, or one trained on all subjects, to deploy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.folds import Fold, all_subjects_fold
from dfrnet_keras.evaluation.learner import Answers, Learner
from dfrnet_keras.learners.folds_together import can_train_together, fit_together
from dfrnet_keras.learners.trainer import Trainer, build_network
from dfrnet_keras.models.recipe import Recipe
from dfrnet_keras.models.table import TABLE
from dfrnet_keras.store import FeatureStore

if TYPE_CHECKING:
    import keras

# The compiled network of this process, by what it was made of.
_TRAINERS: dict[str, Trainer] = {}


class NetworkLearner(Learner):
    """A network of this package with its training.

    For `evaluate_loso`, and for `fit_for_deployment`.

    Args:
        model: Name of the network, as `models.build_model` knows it.
        store: The features; their size and views decide the network's inputs.
        model_options: Further arguments of the network (`attention`, `stages` ...). `features`,
            a subset of the store's, picks the views; all of the store's by default.
        recipe: The training; the network's published one by default.

    Raises:
        InputError: Where the store lacks what the network takes.
    """

    needs_keras = True
    store: FeatureStore

    def __init__(
        self,
        model: str,
        store: FeatureStore,
        *,
        model_options: dict[str, Any] | None = None,
        recipe: Recipe | None = None,
    ) -> None:
        entry = TABLE.get(model)
        if entry is None or entry.recipe is None:
            raise InputError(f"model is {model!r}: no network to train has that name.")
        self.model = model
        self.store = store
        self.recipe = recipe or entry.recipe
        self.model_options = dict(model_options or {})
        self.views = self.model_options.get("features") or entry.views_of(store.features)
        missing = sorted(set(self.views) - set(store.features))
        if missing:
            raise InputError(
                f"{store.path} holds the views {store.features}, not {', '.join(missing)}: "
                f"choose features among {store.features}, or prepare a store that has them."
            )
        if len(entry.views) > 1:
            self.model_options["features"] = self.views

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner."""
        return {"name": self.model, "options": self.model_options, "recipe": self.recipe.as_dict()}

    @property
    def trainer(self) -> Trainer:
        """The compiled network of this process for these settings, made on first use."""
        key = json.dumps([self.settings, str(self.store.path), self.store.digest])
        if key not in _TRAINERS:
            _TRAINERS.clear()  # One at a time: a second network would only take memory.
            _TRAINERS[key] = Trainer(
                self.model, self.store, self.views, self.recipe, self.model_options
            )
        return _TRAINERS[key]

    def fit_predict(self, folds: Sequence[Fold], seed: int) -> Answers:
        """Yield (fold, softmax probabilities of its test clips, history) for each fold."""
        if can_train_together():
            yield from fit_together(self.trainer, folds, seed, self.progress)
            return
        for fold in folds:
            history = self.trainer.fit(fold, seed, self.progress)
            if "failure" in history:
                yield fold, None, history
            else:
                yield fold, self.trainer.probabilities(fold.test), history

    def fit_all_subjects(self, *, seed: int, validation: str) -> tuple[keras.Model, dict[str, Any]]:
        """Train one network on all subjects; see `learners.fit_all_subjects`."""
        fold = all_subjects_fold(self.store, validation=validation, seed=seed)
        history = self.trainer.fit(fold, seed, self.progress)
        if "failure" in history:
            raise InputError(
                f"The training on {self.store.path} failed: {history['failure']}; "
                "try a lower --learning-rate."
            )
        deployed = build_network(self.model, self.store, self.model_options, "softmax")
        self.trainer.graph.give_to(deployed)
        return deployed, history
