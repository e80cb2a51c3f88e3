"""A compiled network that trains one fold after the other, each from the very start.

It is compiled once a process. Each fold starts it anew by assigning its initial state (weights,
BatchNorm statistics, optimizer, seed generators), so no fold pays for a new trace and none sees
what another left.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.evaluation.learner import Progress
from dfrnet_keras.features.views import MAP_OF_VIEW
from dfrnet_keras.learners.validation import loss_and_accuracy, rank
from dfrnet_keras.models.recipe import Recipe
from dfrnet_keras.startup import make_deterministic, seeded
from dfrnet_keras.store import FeatureStore


def build_network(
    model: str, store: FeatureStore, options: dict[str, Any], activation: str | None
) -> Any:
    """A network for the maps of a store, with fresh weights.

    Args:
        model: Its name in the table of models.
        store: Whose size and classes it has.
        options: Further arguments of its constructor.
        activation: Of its classifier; `None` builds it to be trained: logits, and the further
            outputs that its loss needs.
    """
    from dfrnet_keras.models import build_model
    from dfrnet_keras.models.losses import outputs_to_train

    return build_model(
        model,
        input_size=store.size,
        classes=len(store.classes),
        classifier_activation=activation,
        **options,
        **(outputs_to_train(model) if activation is None else {}),
    )


class Trainer:
    """A compiled network, its initial state under each seed, and the maps in memory.

    Args:
        model, store, options: See `build_network`.
        views: Letters of the maps that the network takes.
        recipe: The training.

    Attributes:
        side_by_side: Whether `folds_together` may do the same training.
    """

    side_by_side = True

    def __init__(
        self, model: str, store: FeatureStore, views: str, recipe: Recipe, options: dict[str, Any]
    ) -> None:
        import keras

        from dfrnet_keras.learners.fast_graph import FastGraph
        from dfrnet_keras.models.losses import loss_of

        make_deterministic()
        self.recipe = recipe
        self.store = store
        self.inputs = [MAP_OF_VIEW[letter] for letter in views]
        # Logits: a softmax that saturates, as STSTNet's does on maps of 0..255, has no gradient
        # left, while the published networks are trained on the logits.
        self._build = lambda: build_network(model, store, options, None)
        self.graph = FastGraph(self._build, model)
        self.network = self.graph.network
        optimizer: keras.Optimizer = keras.optimizers.Adam(recipe.learning_rate)
        if recipe.optimizer == "sgd":
            optimizer = keras.optimizers.SGD(recipe.learning_rate, momentum=0.9)
        self.loss = loss_of(model)
        self.network.compile(optimizer=optimizer, loss=self.loss)
        self.network.optimizer.build(self.network.trainable_variables)
        self._initial_optimizer = [np.array(v) for v in self.network.optimizer.variables]
        self.together: Any = None  # what `folds_together` compiled
        self._initial_state: dict[int, list[np.ndarray]] = {}
        self._moments = {name: _moments(store.arrays[name]) for name in self.inputs}

    def fit(self, fold: Fold, seed: int, on_progress: Progress | None = None) -> dict[str, Any]:
        """Train from the start on a fold; leave the network with the weights that are kept.

        Args:
            fold: The clips to train on and, where it has some, to choose the epoch by.
            seed: Of weights, order, dropout and augmentation.
            on_progress: Called with an event after each epoch.

        Returns:
            The history: `"loss"` and, with validation clips, `"validation_loss"` and
            `"validation_accuracy"` of each epoch, `"epoch"` (the one kept), `"seconds"`, and
            `"failure"` where the loss is not finite.
        """
        start = time.perf_counter()
        self.start_anew(fold, seed)
        steps = self.steps_per_epoch(fold)
        batches = self.batches(fold, seed)
        weights = self.class_weights(fold)
        history: dict[str, Any] = {"loss": []}
        best: tuple[float, float] | None = None
        kept: list[np.ndarray] = []
        epoch = 0
        for epoch in range(1, self.recipe.epochs + 1):
            self.network.reset_metrics()
            if self.recipe.decay != 1:
                self.network.optimizer.learning_rate = self.recipe.learning_rate_in(epoch)
            logs: dict[str, Any] = {}
            for _ in range(steps):
                maps, labels = next(batches)
                logs = self.network.train_on_batch(
                    maps, labels, class_weight=weights, return_dict=True
                )
            history["loss"].append(float(logs["loss"]))
            if not math.isfinite(history["loss"][-1]):
                history["failure"] = f"the loss became {history['loss'][-1]} in epoch {epoch}"
                break
            self._after_epoch(fold)
            if fold.keep_best:
                labels = self.store.labels[fold.validation]
                loss, accuracy = loss_and_accuracy(self.probabilities(fold.validation), labels)
                history.setdefault("validation_loss", []).append(loss)
                history.setdefault("validation_accuracy", []).append(accuracy)
                place = rank(loss, accuracy, fold.keep_best)
                if best is None or place < best:
                    best, history["epoch"] = place, epoch
                    kept = self.network.get_weights()
            if on_progress is not None:
                on_progress(self.epoch_event(fold, seed, epoch, history["loss"][-1]))
            if self.patience_is_out(fold, epoch, history):
                break
        if kept:
            self.network.set_weights(kept)
        else:
            history["epoch"] = epoch
        history["seconds"] = time.perf_counter() - start
        return history

    def steps_per_epoch(self, fold: Fold) -> int:
        return math.ceil(len(fold.train) / self.recipe.batch_size)

    def probabilities(self, clips: np.ndarray) -> np.ndarray:
        """Softmax probabilities of some clips, float64 of shape (clips, classes)."""
        from scipy.special import softmax

        # Some networks are trained on further outputs, which come after those of the classes.
        logits = self.outputs(clips)[:, : len(self.store.classes)].astype(np.float64)
        return softmax(logits, axis=-1)

    def outputs(self, clips: np.ndarray) -> np.ndarray:
        """All that the network to train answers for some clips: logits first."""
        # Batches of one size, the last one filled up, so that no new shape is traced.
        size = min(self.recipe.batch_size, 64)
        answers = []
        for begin in range(0, len(clips), size):
            some = clips[begin : begin + size]
            filled = np.concatenate([some, np.repeat(some[-1:], size - len(some))])
            maps = {
                name: self.store.arrays[name][filled].astype(np.float32) for name in self.inputs
            }
            answers.append(np.asarray(self.network.predict_on_batch(maps))[: len(some)])
        return np.concatenate(answers)

    def start_anew(self, fold: Fold, seed: int) -> None:
        """Give the network its initial state under a seed, and what a fold normalises by."""
        from dfrnet_keras.models import normalization_layers

        if seed not in self._initial_state:
            self._initialize(seed)
            self._initial_state[seed] = [np.array(v) for v in self.network.variables]
        variables = [*self.network.variables, *self.network.optimizer.variables]
        initial = [*self._initial_state[seed], *self._initial_optimizer]
        for variable, value in zip(variables, initial, strict=True):
            variable.assign(value)
        for name, layer in normalization_layers(self.network).items():
            layer.set_statistics(*_mean_and_variance(self._moments[name], fold.train))

    def _initialize(self, seed: int) -> None:
        """Give the network the weights that every fold of a seed starts from."""
        with seeded(seed):
            self.graph.take_from(self._build())

    def _after_epoch(self, fold: Fold) -> None:
        """Set what is not trained but follows from what was; nothing here."""

    def batch_options(self, fold: Fold, seed: int) -> dict[str, Any]:
        """How batches are made, see `pipeline.make_batches`."""
        return {
            "batch_size": self.recipe.batch_size,
            "shuffle": True,
            "augment": self.recipe.augment,
            "flow_range": self.store.flow_range,
            # Another order for another fold or seed, the same one for the same.
            "seed": int(np.random.SeedSequence([seed, fold.number]).generate_state(1)[0] >> 1),
        }

    def batches(self, fold: Fold, seed: int) -> Iterator[tuple[Any, Any]]:
        """Endless batches, each epoch in a new order."""
        import keras

        from dfrnet_keras.pipeline import make_batches, make_dataset

        maps = {name: self.store.arrays[name][fold.train] for name in self.inputs}
        options = self.batch_options(fold, seed)
        labels = self.store.labels[fold.train]
        # Mirroring and cropping go on beside the training in tf.data. Without them a batch is a
        # mere copy, which takes less time than tf.data's queues do.
        if keras.backend.backend() == "tensorflow" and self.recipe.augment:
            yield from make_dataset(maps, labels, **options).repeat()
        passes = make_batches(maps, labels, **options)
        while True:
            yield from passes

    def class_weights(self, fold: Fold) -> dict[int, float] | None:
        """What a clip of each class counts, where the recipe balances them."""
        if not self.recipe.class_weights:
            return None
        counts = np.bincount(self.store.labels[fold.train], minlength=len(self.store.classes))
        present = np.count_nonzero(counts)
        return {
            number: float(len(fold.train) / (present * count)) if count else 0.0
            for number, count in enumerate(counts)
        }

    def patience_is_out(self, fold: Fold, epoch: int, history: dict[str, Any]) -> bool:
        """Whether a fold stops after this epoch."""
        # Codes that choose by the test subject go through every epoch.
        return (
            self.recipe.patience is not None
            and fold.keep_best == "loss"
            and epoch - history["epoch"] >= self.recipe.patience
        )

    def epoch_event(self, fold: Fold, seed: int, epoch: int, loss: float) -> dict[str, Any]:
        """What progress is told after an epoch."""
        return {
            "event": "epoch",
            "worker": os.getpid(),
            "fold": fold.number,
            "subject": f"{fold.dataset}/{fold.subject}",
            "seed": seed,
            "epoch": epoch,
            "epochs": self.recipe.epochs,
            "loss": loss,
        }


def _moments(maps: np.ndarray) -> np.ndarray:
    """Sum and sum of squares of each clip and channel, float64 of shape (2, clips, channels)."""
    result = np.empty((2, len(maps), maps.shape[-1]))
    for clip, values in enumerate(maps):
        flat = np.asarray(values, np.float64).reshape(-1, maps.shape[-1])
        result[0, clip], result[1, clip] = flat.sum(0), np.square(flat).sum(0)
    return np.concatenate([result, np.full((1, *result.shape[1:]), math.prod(maps.shape[1:-1]))])


def _mean_and_variance(moments: np.ndarray, clips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel over the training clips alone."""
    total, squares, count = moments[:, clips].sum(axis=1)
    mean = total / count
    return mean, np.maximum(squares / count - np.square(mean), 0)
