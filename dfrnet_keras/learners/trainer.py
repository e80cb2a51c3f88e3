"""A compiled network that trains one fold after the other, each from the very start.

It is compiled once a process. Each fold starts it anew by assigning what it was born with
(weights, BatchNorm statistics, optimizer, seed generators), so no fold pays for a new trace and
none sees what another left.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.learners.validation import judge, rank

if TYPE_CHECKING:
    import keras

    from dfrnet_keras.learners.network import NetworkLearner

_INPUT_OF_LETTER = {"T": "flow", "S": "apex", "D": "difference"}
_ENGINES: dict[str, Engine] = {}


def engine_of(learner: NetworkLearner) -> Engine:
    """The compiled network of this process for these settings, made on first use."""
    key = json.dumps([learner.settings, str(learner.store.path), learner.store.digest])
    if key not in _ENGINES:
        _ENGINES.clear()  # One at a time: a second network would only take memory.
        _ENGINES[key] = Engine(learner)
    _ENGINES[key].learner = learner
    return _ENGINES[key]


def build(learner: NetworkLearner, activation: str | None) -> keras.Model:
    from dfrnet_keras.models import build_model
    from dfrnet_keras.models.losses import outputs_to_train

    return build_model(
        learner.model,
        input_size=learner.store.size,
        classes=len(learner.store.classes),
        classifier_activation=activation,
        **learner.model_options,
        **(outputs_to_train(learner.model) if activation is None else {}),
    )


class Engine:
    """A compiled network, what it was born with under each seed, and the maps in memory."""

    def __init__(self, learner: NetworkLearner) -> None:
        import keras

        from dfrnet_keras.learners.fast_graph import TrainingTwin
        from dfrnet_keras.models.losses import loss_of

        make_deterministic()
        self.learner = learner
        self.recipe = learner.recipe
        self.store = learner.store
        self.inputs = [_INPUT_OF_LETTER[letter] for letter in learner.views]
        # Logits: a softmax that saturates, as STSTNet's does on maps of 0..255, has no gradient
        # left, while the published networks are trained on the logits.
        self.twin = TrainingTwin(lambda: build(learner, None), learner.model)
        self.network = self.twin.network
        optimizer: keras.Optimizer = keras.optimizers.Adam(self.recipe.learning_rate)
        if self.recipe.optimizer == "sgd":
            optimizer = keras.optimizers.SGD(self.recipe.learning_rate, momentum=0.9)
        self.network.compile(optimizer=optimizer, loss=loss_of(learner.model))
        self.network.optimizer.build(self.network.trainable_variables)
        self._fresh_optimizer = [np.array(v) for v in self.network.optimizer.variables]
        self._born: dict[int, list[np.ndarray]] = {}
        self._moments = {name: _moments(self.store.arrays[name]) for name in self.inputs}

    def fit(self, fold: Fold, seed: int) -> dict[str, Any]:
        """Train from the start on a fold; leave the network with the weights to answer with."""
        start = time.perf_counter()
        self._start_anew(fold, seed)
        steps = self.steps_per_epoch(fold)
        batches = self.batches(fold, seed)
        weights = self._clip_weights(fold)
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
            if fold.keep_best:
                labels = self.store.labels[fold.validation]
                loss, accuracy = judge(self.probabilities(fold.validation), labels)
                history.setdefault("validation_loss", []).append(loss)
                history.setdefault("validation_accuracy", []).append(accuracy)
                place = rank(loss, accuracy, fold.keep_best)
                if best is None or place < best:
                    best, history["epoch"] = place, epoch
                    kept = [np.array(v) for v in self.network.weights]
            self.tell(fold, seed, epoch, history["loss"][-1])
            if self._patience_is_out(fold, epoch, history):
                break
        if kept:
            for variable, value in zip(self.network.weights, kept, strict=True):
                variable.assign(value)
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
        logits = self._logits(clips)[:, : len(self.store.classes)].astype(np.float64)
        return softmax(logits, axis=-1)

    def _logits(self, clips: np.ndarray) -> np.ndarray:
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

    def _start_anew(self, fold: Fold, seed: int) -> None:
        import keras

        from dfrnet_keras.models import normalization_layers

        if seed not in self._born:
            keras.utils.set_random_seed(seed)
            self.twin.take_from(build(self.learner, None))
            self._born[seed] = [np.array(v) for v in self.network.variables]
        for variable, value in zip(self.network.variables, self._born[seed], strict=True):
            variable.assign(value)
        for variable, value in zip(
            self.network.optimizer.variables, self._fresh_optimizer, strict=True
        ):
            variable.assign(value)
        for name, layer in normalization_layers(self.network).items():
            layer.set_statistics(*_mean_and_variance(self._moments[name], fold.train))

    def batches(self, fold: Fold, seed: int) -> Iterator[tuple[Any, Any]]:
        """Endless batches, each epoch in a new order."""
        import keras

        from dfrnet_keras.pipeline import make_batches, make_dataset

        maps = {name: self.store.arrays[name][fold.train] for name in self.inputs}
        options: dict[str, Any] = {
            "batch_size": self.recipe.batch_size,
            "shuffle": True,
            "augment": self.recipe.augment,
            "flow_range": self.store.flow_range,
            # Another order for another fold or seed, the same one for the same.
            "seed": int(np.random.SeedSequence([seed, fold.number]).generate_state(1)[0] >> 1),
        }
        labels = self.store.labels[fold.train]
        # Mirroring and cropping go on beside the training in tf.data. Without them a batch is a
        # mere copy, which takes less time than tf.data's queues do.
        if keras.backend.backend() == "tensorflow" and self.recipe.augment:
            yield from make_dataset(maps, labels, **options).repeat()
        passes = make_batches(maps, labels, **options)
        while True:
            yield from passes

    def _clip_weights(self, fold: Fold) -> dict[int, float] | None:
        if not self.recipe.class_weights:
            return None
        counts = np.bincount(self.store.labels[fold.train], minlength=len(self.store.classes))
        present = np.count_nonzero(counts)
        return {
            number: float(len(fold.train) / (present * count)) if count else 0.0
            for number, count in enumerate(counts)
        }

    def _patience_is_out(self, fold: Fold, epoch: int, history: dict[str, Any]) -> bool:
        # With the test subject as judge every epoch is looked at, as the codes that do so look.
        return (
            self.recipe.patience is not None
            and fold.keep_best == "loss"
            and epoch - history["epoch"] >= self.recipe.patience
        )

    def tell(self, fold: Fold, seed: int, epoch: int, loss: float, beside: int = 0) -> None:
        """Report an epoch of a fold, and of so many others that train beside it."""
        if self.learner.progress is not None:
            others = f" and {beside} more" if beside else ""
            self.learner.progress(
                {
                    "event": "epoch",
                    # Groups of folds advance in threads of one process.
                    "worker": f"{os.getpid()}-{threading.get_ident()}",
                    "fold": fold.number,
                    "subject": f"{fold.dataset}/{fold.subject}{others}",
                    "seed": seed,
                    "epoch": epoch,
                    "epochs": self.recipe.epochs,
                    "loss": loss,
                }
            )


def make_deterministic() -> None:
    """Make equal seeds give equal results, in whatever process the folds are trained."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)


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
