"""Folds of a network trained side by side in one vectorised step, on JAX.

An accelerator takes as long for the small step of one fold as for those of seventy. Weights,
statistics, seeds of dropout and optimizer are states that each fold has of its own, and
`jax.vmap` advances them together (benchmarks/accelerator.py has what that is worth; on a processor
it is worth nothing, benchmarks/folds_together.py).

The last batch of an epoch is filled up with clips that count nothing in the loss, so that all
batches have one size; batch normalisation sees them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.evaluation.learner import Answers, Progress
from dfrnet_keras.learners.trainer import Trainer
from dfrnet_keras.learners.validation import loss_and_accuracy, rank
from dfrnet_keras.pipeline import BatchPlan

_STATES = 4  # copies of the weights that a step holds: weights, two moments, gradients
_LAYERS = 3  # copies of what the layers give: forward, backward, and what compilers add
_SHARE = 0.6  # of the accelerator's memory
_MOST = 128  # folds
_EVALUATED = 64  # clips of each fold at a time


def can_train_together() -> bool:
    """Whether Keras runs on JAX and JAX on an accelerator, where it is faster."""
    import keras

    if keras.backend.backend() != "jax":
        return False
    import jax

    return bool(jax.default_backend() != "cpu")


def fit_together(
    trainer: Trainer, folds: Sequence[Fold], seed: int, on_progress: Progress | None = None
) -> Answers:
    """Train folds side by side, as many at a time as memory holds.

    Args:
        trainer: Network, recipe and maps; on JAX.
        folds: What to train on, be stopped by and be tested on.
        seed: See `Trainer.fit`.
        on_progress: Called with an event after each epoch of each fold.

    Yields:
        See `Learner.fit_predict`.
    """
    if trainer.together is None:  # compiled once for all seeds
        trainer.together = _Together(trainer)
    together = trainer.together
    for begin in range(0, len(folds), together.most):
        yield from together.fit(folds[begin : begin + together.most], seed, on_progress)


class _Together:
    def __init__(self, trainer: Trainer) -> None:
        import jax

        self.trainer = trainer
        self.network = trainer.network
        store = trainer.store
        self.maps = {name: jax.device_put(np.asarray(store.arrays[name]))
                     for name in trainer.inputs}  # fmt: skip
        self.labels = jax.device_put(store.labels.astype(np.int32))
        self.rate = [v.path for v in self.network.optimizer.variables].index(
            self.network.optimizer.learning_rate.path
        )
        self.most = self._how_many()
        self._epoch = jax.jit(self._advance, donate_argnums=0)
        self._answer = jax.jit(jax.vmap(self._logits))
        self._keep = jax.jit(_chosen)

    def _how_many(self) -> int:
        import jax

        limit = (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit", 4e9)
        outputs = [t for layer in self.network.layers for t in _tensors(layer.output)]
        values = sum(math.prod(tensor.shape[1:]) for tensor in outputs)
        needed = 4 * (
            _STATES * self.network.count_params()
            + _LAYERS * values * max(self.trainer.recipe.batch_size, _EVALUATED)
        )
        return int(np.clip(_SHARE * limit / needed, 1, _MOST))

    def fit(self, folds: Sequence[Fold], seed: int, on_progress: Progress | None) -> Answers:
        started = time.perf_counter()
        recipe = self.trainer.recipe
        state = self._initial(folds, seed)
        kept: Any = None
        batches = self._batches(folds, seed)
        histories: list[dict[str, Any]] = [{"loss": [], "epoch": 0} for _ in folds]
        best: list[Any] = [None] * len(folds)
        running = np.full(len(folds), True)
        for epoch in range(1, recipe.epochs + 1):
            if recipe.decay != 1:
                rate = np.full(len(folds), recipe.learning_rate_in(epoch), np.float32)
                state[2][self.rate] = rate
            state, losses = self._epoch(state, *next(batches), running)
            validated = self._validated(state, folds)
            improved = np.full(len(folds), False)
            for place, (fold, history) in enumerate(zip(folds, histories, strict=True)):
                if not running[place]:
                    continue
                history["loss"].append(float(losses[place]))
                if not math.isfinite(history["loss"][-1]):
                    history["failure"] = f"the loss became {history['loss'][-1]} in epoch {epoch}"
                    running[place] = False
                    continue
                if fold.keep_best:
                    loss, accuracy = validated[place]
                    history.setdefault("validation_loss", []).append(loss)
                    history.setdefault("validation_accuracy", []).append(accuracy)
                    ranked = rank(loss, accuracy, fold.keep_best)
                    improved[place] = best[place] is None or ranked < best[place]
                    if improved[place]:
                        best[place] = ranked
                if improved[place] or not fold.keep_best:
                    history["epoch"] = epoch
                if on_progress is not None:
                    on_progress(self.trainer.epoch_event(fold, seed, epoch, history["loss"][-1]))
                running[place] = not self.trainer.patience_is_out(fold, epoch, history)
            if improved.any():
                kept = self._keep(state[:2], state[:2] if kept is None else kept, improved)
            if not running.any():
                break
        last = np.array([not fold.keep_best for fold in folds])
        final = state[:2] if kept is None else self._keep(state[:2], kept, last)
        chances = self._probabilities(final, [fold.test for fold in folds])
        seconds = (time.perf_counter() - started) / len(folds)
        for fold, history, answer in zip(folds, histories, chances, strict=True):
            history["seconds"] = seconds
            yield fold, None if "failure" in history else answer, history

    def _initial(self, folds: Sequence[Fold], seed: int) -> list[Any]:
        states = []
        for fold in folds:
            self.trainer.start_anew(fold, seed)
            network = self.network
            groups = (network.trainable_variables, network.non_trainable_variables,
                      network.optimizer.variables)  # fmt: skip
            states.append([[np.array(variable) for variable in group] for group in groups])
        return [
            [np.stack(values) for values in zip(*group, strict=True)]
            for group in zip(*states, strict=True)
        ]

    def _batches(self, folds: Sequence[Fold], seed: int) -> Iterator[tuple[Any, ...]]:
        """Of each epoch: rows, weights, mirrored, moves, of `(steps, folds, batch)`."""
        size = self.trainer.recipe.batch_size
        steps = max(self.trainer.steps_per_epoch(fold) for fold in folds)
        plans, class_weights = [], []
        for fold in folds:
            features = {name: self.trainer.store.arrays[name][fold.train]
                        for name in self.trainer.inputs[:1]}  # fmt: skip
            plans.append(BatchPlan(features, None, **self.trainer.batch_options(fold, seed)))
            counting = self.trainer.class_weights(fold) or {}
            labels = self.trainer.store.labels
            class_weights.append(np.array([counting.get(int(k), 1.0) for k in labels]))
        for epoch in range(self.trainer.recipe.epochs):
            rows = np.zeros((steps, len(folds), size), np.int32)
            weights = np.zeros((steps, len(folds), size), np.float32)
            mirrored = np.zeros((steps, len(folds), size), bool)
            moves = np.zeros((steps, len(folds), size, 2), np.int32)
            for place, (fold, plan) in enumerate(zip(folds, plans, strict=True)):
                for number, chosen in enumerate(plan.rows(epoch)):
                    clips = fold.train[chosen]
                    count = len(clips)
                    rows[number, place] = np.resize(clips, size)
                    if count < size:  # others of the fold, not the same again
                        others = np.setdiff1d(fold.train, clips)
                        filled = np.resize(others if len(others) else clips, size - count)
                        rows[number, place, count:] = filled
                    weights[number, place, :count] = class_weights[place][clips] / count
                    if plan.augment:
                        drawn = plan.draws(epoch, number, count)
                        mirrored[number, place, :count], moves[number, place, :count] = drawn
            yield rows, weights, mirrored, moves

    def _advance(
        self, state: Any, rows: Any, weights: Any, mirrored: Any, moves: Any, running: Any
    ) -> Any:
        import jax
        import jax.numpy as jnp

        def step(state: Any, batch: Any) -> Any:
            changed, loss = jax.vmap(self._step)(state, batch[:-1])
            trained = batch[1].sum(-1) > 0
            return _chosen(changed, state, trained & running), (loss, batch[-1])

        counts = (weights > 0).sum(-1)
        state, (losses, counted) = jax.lax.scan(
            step, state, (rows, weights, mirrored, moves, counts)
        )
        return state, (losses * counted).sum(0) / jnp.maximum(counted.sum(0), 1)

    def _step(self, state: Any, batch: Any) -> Any:
        import jax

        trained, others, moments = state
        rows, weights, mirrored, moves = batch
        maps = self._taken(rows)
        if self.trainer.recipe.augment:
            in_bytes = self.trainer.store.flow_range == "bytes"
            maps = {name: augmented(values, mirrored, moves, name, in_bytes)
                    for name, values in maps.items()}  # fmt: skip

        def objective(trained: Any) -> Any:
            logits, after, further = self.network.stateless_call(
                trained, others, maps, training=True, return_losses=True
            )
            loss = (self.trainer.loss.call(self.labels[rows], logits) * weights).sum()
            return loss + sum(further), after

        (loss, others), gradients = jax.value_and_grad(objective, has_aux=True)(trained)
        trained, moments = self.network.optimizer.stateless_apply(moments, gradients, trained)
        return [trained, others, moments], loss

    def _taken(self, rows: Any) -> dict[str, Any]:
        return {name: values[rows].astype("float32") for name, values in self.maps.items()}

    def _logits(self, state: Any, rows: Any) -> Any:
        logits, _ = self.network.stateless_call(*state, self._taken(rows), training=False)
        return logits[..., : len(self.trainer.store.classes)]

    def _probabilities(self, state: Any, clips: Sequence[NDArray]) -> list[NDArray[np.float64]]:
        from scipy.special import softmax

        longest = max(len(some) for some in clips)
        rows = np.stack([np.resize(some if len(some) else [0], longest) for some in clips])
        logits = np.concatenate(
            [
                np.asarray(self._answer(state, rows[:, begin : begin + _EVALUATED]), np.float64)
                for begin in range(0, longest, _EVALUATED)
            ],
            axis=1,
        )
        return [softmax(logits[k, : len(some)], axis=-1) for k, some in enumerate(clips)]

    def _validated(self, state: Any, folds: Sequence[Fold]) -> list[Any]:
        if not any(fold.keep_best for fold in folds):
            return []
        chances = self._probabilities(state[:2], [fold.validation for fold in folds])
        labels = self.trainer.store.labels
        return [
            loss_and_accuracy(answer, labels[fold.validation]) if fold.keep_best else None
            for answer, fold in zip(chances, folds, strict=True)
        ]


def augmented(maps: Any, mirrored: Any, moves: Any, name: str, in_bytes: bool) -> Any:
    """Mirror and move maps `(batch, H, W, channels)` as `pipeline.make_batches` does."""
    import jax.numpy as jnp

    turned = maps[:, :, ::-1]
    if name == "flow":
        u = turned[..., :1]
        turned = jnp.concatenate([255 - u if in_bytes else -u, turned[..., 1:]], axis=-1)
    maps = jnp.where(mirrored[:, None, None, None], turned, maps)
    for axis in (1, 2):
        length = maps.shape[axis]
        places = jnp.clip(jnp.arange(length) - moves[:, axis - 1, None], 0, length - 1)
        shape = [len(maps), 1, 1, 1]
        shape[axis] = length
        maps = jnp.take_along_axis(maps, places.reshape(shape), axis=axis)
    return maps


def _chosen(new: Any, old: Any, which: Any) -> Any:
    """Of each fold the new state where it is chosen, else the old one."""
    import jax
    import jax.numpy as jnp

    def choose(one: Any, other: Any) -> Any:
        return jnp.where(which.reshape(-1, *[1] * (one.ndim - 1)), one, other)

    return jax.tree.map(choose, new, old)


def _tensors(structure: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(structure))
