"""How good answers are to clips that were not trained on, and which are the better ones."""

from __future__ import annotations

import numpy as np


def loss_and_accuracy(chances: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy and share of right answers.

    Args:
        chances: Probabilities `(clips, classes)`.
        labels: Class numbers `(clips,)`.
    """
    right = chances[np.arange(len(labels)), labels]
    # The smallest float keeps an impossible answer's loss large and finite.
    loss = -np.log(np.maximum(right, np.finfo(np.float64).tiny)).mean()
    return float(loss), float((chances.argmax(-1) == labels).mean())


def rank(loss: float, accuracy: float, keep_best: str | None) -> tuple[float, float]:
    """What to sort by, the best first: see `Fold.keep_best`."""
    return (loss, 0.0) if keep_best == "loss" else (-accuracy, loss)
