"""Networks as learners: fold by fold, or one trained on all subjects, to deploy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
        units: Of clips by their key, the action units that were coded, for `"fgrl-auf"` alone;
            clips without any are left out. Without any of them its graph is that of drawn clips.

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
        units: Mapping[str, tuple[int, ...]] | None = None,
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
        self.units = dict(units or {})
        if model == "fgrl-auf" and store.flow_range == "bytes":
            self.model_options["layout"] = "megc2019"

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner."""
        graph = {"unit_graph": "coded" if self.units else "drawn"}
        return {
            "name": self.model,
            "options": self.model_options,
            "recipe": self.recipe.as_dict(),
            **(graph if self.model == "fgrl-auf" else {}),
        }

    @property
    def trainer(self) -> Trainer:
        """The compiled network of this process for these settings, made on first use."""
        key = json.dumps([self.settings, str(self.store.path), self.store.digest])
        if key not in _TRAINERS:
            _TRAINERS.clear()  # One at a time: a second network would only take memory.
            _TRAINERS[key] = self._make_trainer()
        return _TRAINERS[key]

    def _trainer_class(self) -> type[Trainer]:
        if self.model == "me-plan":
            from dfrnet_keras.learners.episodes import EpisodeTrainer

            return EpisodeTrainer
        return Trainer

    def _make_trainer(self) -> Trainer:
        made = self.model, self.store, self.views, self.recipe, self.model_options
        if self.model == "fgrl-auf":
            from dfrnet_keras.learners.unit_graph import UnitGraphTrainer

            return UnitGraphTrainer(*made, units=self.units)
        return self._trainer_class()(*made)

    def fit_predict(self, folds: Sequence[Fold], seed: int) -> Answers:
        """Yield (fold, softmax probabilities of its test clips, history) for each fold."""
        if self._trainer_class().side_by_side and can_train_together():
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
