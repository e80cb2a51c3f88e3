"""What is evaluated: anything that learns from the folds it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.startup import limit_threads
from dfrnet_keras.store import FeatureStore

Progress = Callable[[dict[str, Any]], None]
# Of each fold: itself, the probabilities of its test clips, and the history of its training.
Answers = Iterable[tuple[Fold, np.ndarray | None, dict[str, Any]]]


class Learner(ABC):
    """A network, a kernel machine, or anything else that learns from folds.

    A class of its own needs `fit_predict` alone, and need not even inherit from this one.

    Attributes:
        store: The features that it learns from; `None` where it is not known. `evaluate_loso`
            refuses a learner whose store is not the one that it is evaluated on.
        progress: Called with a dictionary after each epoch (`event` `"epoch"`), where it is set.
        needs_keras: Whether its processes load Keras, which is then started quietly and held to
            its share of the threads.

    Example:

    ```python
    class AlwaysFirst(Learner):
        def fit_predict(self, folds, seed):
            for fold in folds:
                yield fold, np.tile([1.0, 0.0, 0.0], (len(fold.test), 1)), {}

    evaluate_loso(AlwaysFirst(), store, validation="none").metrics()["uf1"]
    ```
    """

    store: FeatureStore | None = None
    progress: Progress | None = None
    needs_keras: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner, in what JSON can hold."""
        return {"name": type(self).__name__}

    def prepare_process(self, threads: int) -> None:
        """Called in each process of several before a fold, with the threads that it may use."""
        if self.needs_keras:
            limit_threads(threads)

    @abstractmethod
    def fit_predict(self, folds: Sequence[Fold], seed: int) -> Answers:
        """Yield (fold, probabilities of its test clips, history) for each of the folds.

        Probabilities have shape (test clips, classes). History may hold lists of one figure an
        epoch (`"loss"`, `"validation_loss"`), `"epoch"` (the one kept), `"seconds"`, `"units"` (of
        each test clip the number of each action unit as text to its strength, 0 to 1), and
        `"failure"`: the reason why the probabilities are `None`.

        An exception is written down as the failure of its fold, and the others go on; `InputError`
        means that no fold can succeed, and ends the run.
        """


class _Adapted(Learner):
    """A learner that does not inherit from `Learner`."""

    def __init__(self, other: Any) -> None:
        self.other = other
        self.store = getattr(other, "store", None)

    @property
    def settings(self) -> dict[str, Any]:
        return getattr(self.other, "settings", {"name": type(self.other).__name__})

    def fit_predict(self, folds: Sequence[Fold], seed: int) -> Answers:
        return self.other.fit_predict(folds, seed)


def as_learner(learner: Any, store: FeatureStore) -> Learner:
    """A learner, checked against the store that it is to be evaluated on.

    Args:
        learner: A `Learner`, or any object with a `fit_predict` like that of `Learner`.
        store: The store whose clips its folds index.

    Raises:
        InputError: It has no `fit_predict`, or learns from another store.
    """
    if not isinstance(learner, Learner):
        if not callable(getattr(learner, "fit_predict", None)):
            raise InputError(
                f"{type(learner).__name__} cannot be evaluated: give it a method "
                "fit_predict(folds, seed)."
            )
        learner = _Adapted(learner)
    own = learner.store
    if isinstance(own, FeatureStore) and own.digest != store.digest:
        raise InputError(
            f"The learner was made with the store {own.path}, but is evaluated on {store.path}: "
            "make it with the store that evaluate_loso is given."
        )
    return learner
