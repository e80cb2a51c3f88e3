"""Which folds of STSTNet train side by side (`lockstep.py`), and their training.

All folds go through the clips in one order, from which each leaves out those that it does not train
on. Dropout is drawn for each fold from its own generator. So a fold gives the same whoever trains
beside it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.learners.lockstep import WIDTH, Lockstep
from dfrnet_keras.learners.patches import Patches
from dfrnet_keras.learners.streams import CHANNELS

if TYPE_CHECKING:
    import keras

    from dfrnet_keras.evaluation.folds import Fold
    from dfrnet_keras.learners.network import NetworkLearner
    from dfrnet_keras.models.recipe import Recipe

# Above, the patches of 442 clips take more than 300 MB.
LARGEST_SIZE = 64
# Adam never moves a weight further in a step than so many learning rates.
_FARTHEST = 3.2


def suits(learner: NetworkLearner, fold: Fold) -> bool:
    """Whether a fold can be trained beside others: STSTNet as it was published, on most clips.

    Gamma begins at 1 and must stay positive, which a low learning rate ensures.
    """
    recipe = learner.recipe
    steps = recipe.epochs * math.ceil(len(learner.store) / recipe.batch_size)
    return (
        learner.model == "ststnet"
        and learner.store.size <= LARGEST_SIZE
        and recipe.optimizer == "adam"
        and recipe.decay == 1
        and not (recipe.augment or recipe.class_weights)
        and _FARTHEST * recipe.learning_rate * steps < 1
        and fold.keep_best is None
        # Its share of a batch of all clips is then about a batch.
        and 2 * len(fold.train) >= len(learner.store)
    )


def groups(folds: Sequence[Fold]) -> list[list[Fold]]:
    """Folds that train together: always the same neighbours, whichever are asked for."""
    found: dict[int, list[Fold]] = {}
    for fold in folds:
        found.setdefault(fold.number // WIDTH, []).append(fold)
    return list(found.values())


def train_together(
    network: keras.Model,
    patches: Patches,
    labels: NDArray[np.int64],
    folds: Sequence[Fold],
    seed: int,
    recipe: Recipe,
    tell: Callable[[int, float], None] | None = None,
) -> tuple[Lockstep, list[dict[str, Any]]]:
    """Train the networks of folds of one group.

    Args:
        network: An STSTNet with the weights to start from.
        patches, labels: Of all clips of the store.
        folds: At most `WIDTH`, of one of the `groups`.
        seed: Of order and dropout.
        recipe: Learning rate, batch size and epochs.
        tell: Called after each epoch with its number and the mean loss.

    Returns:
        The networks, that of a fold at the place `fold.number % WIDTH`, and a history of each fold.
    """
    started = time.perf_counter()
    together = Lockstep(network, patches, labels, learning_rate=recipe.learning_rate)
    trained = np.zeros((WIDTH, len(labels)), bool)
    generators = {}
    for fold in folds:
        trained[fold.number % WIDTH, fold.train] = True
        generators[fold.number % WIDTH] = np.random.default_rng([seed, fold.number])
    order = np.random.default_rng(seed)
    losses: list[NDArray[np.float64]] = []
    with np.errstate(all="ignore"):
        for epoch in range(1, recipe.epochs + 1):
            total = np.zeros(WIDTH)
            shuffled = order.permutation(len(labels))
            for begin in range(0, len(labels), recipe.batch_size):
                clips = shuffled[begin : begin + recipe.batch_size]
                kept = draw_dropout(generators, len(clips), patches.side**2, together.dropout)
                total += together.step(clips, trained[:, clips], kept)
            losses.append(total / np.maximum(trained.sum(1), 1))
            if tell is not None:
                tell(epoch, float(np.mean([losses[-1][place] for place in generators])))
    seconds = (time.perf_counter() - started) / len(folds)
    histories = []
    for fold in folds:
        curve = [float(loss[fold.number % WIDTH]) for loss in losses]
        history = {"loss": curve, "epoch": recipe.epochs, "seconds": seconds}
        wrong = next((n for n, loss in enumerate(curve, 1) if not math.isfinite(loss)), None)
        if wrong is not None:
            history["failure"] = f"the loss became {curve[wrong - 1]} in epoch {wrong}"
        histories.append(history)
    return together, histories


def fit_groups(
    learner: NetworkLearner, folds: Sequence[Fold], seed: int, threads: int
) -> Iterator[tuple[Fold, NDArray[np.float64] | None, dict[str, Any]]]:
    """What `NetworkLearner.fit_predict` yields, by groups of which `threads` advance at a time."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    import keras
    from threadpoolctl import threadpool_limits

    from dfrnet_keras.learners.trainer import build, engine_of

    engine = engine_of(learner)
    keras.utils.set_random_seed(seed)
    network = build(learner, None)
    patches = Patches.of(learner.store.arrays["flow"])
    over = threading.Event()

    def train(group: list[Fold]) -> tuple[Lockstep, list[dict[str, Any]]]:
        def tell(epoch: int, loss: float) -> None:
            if over.is_set():
                raise InterruptedError("nobody waits for these folds any more")
            engine.tell(group[0], seed, epoch, loss, beside=len(group) - 1)

        return train_together(
            network, patches, learner.store.labels, group, seed, learner.recipe, tell
        )

    answering = build(learner, None)
    together = groups(folds)
    # Products this small gain nothing by threads of their own.
    with threadpool_limits(1), ThreadPoolExecutor(max(1, threads)) as pool:
        try:
            trained = pool.map(train, together)
            for group, (networks, histories) in zip(together, trained, strict=True):
                for fold, history in zip(group, histories, strict=True):
                    if "failure" in history:
                        yield fold, None, history
                        continue
                    networks.give_to(answering, fold.number % WIDTH)
                    engine.twin.take_from(answering)
                    yield fold, engine.probabilities(fold.test), history
        finally:
            over.set()  # After Ctrl-C the pool waits for its threads: let them end.


def draw_dropout(
    generators: dict[int, np.random.Generator], clips: int, windows: int, rate: float
) -> NDArray[np.uint8]:
    """Which pooled values are kept; a byte decides, so rates are multiples of 1 / 256."""
    kept = np.zeros((clips, windows, WIDTH, CHANNELS), np.uint8)
    below = round(256 * (1 - rate))
    for place, generator in generators.items():
        drawn = np.frombuffer(generator.bytes(clips * windows * CHANNELS), np.uint8)
        kept[:, :, place] = drawn.reshape(clips, windows, CHANNELS) < below
    return kept.reshape(clips, windows, -1)
