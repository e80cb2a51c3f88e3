"""Trains the folds in this process, one after the other, or in several of this machine."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.evaluation.learner import Learner, Progress

# Seeds, each with the folds that it is to be run on.
Work = Sequence[tuple[int, list[Fold]]]
# A seed, a fold, the probabilities of its test clips, and the history of its training.
Result = tuple[int, Fold, "np.ndarray | None", dict[str, Any]]


def in_turn(learner: Learner, todo: Work, progress: Progress | None) -> Iterator[Result]:
    learner.progress = progress
    for seed, group in todo:
        waiting = {fold.number: fold for fold in group}
        try:
            for fold, probabilities, history in learner.fit_predict(group, seed) if group else ():
                waiting.pop(fold.number, None)
                yield seed, fold, probabilities, history
        except InputError:
            raise
        except Exception as error:
            if len(waiting) == 1:
                _, fold = waiting.popitem()
                yield seed, fold, None, _failure(error)
        # One by one it is seen whose exception it was: a learner may train several folds together.
        for fold in list(waiting.values()):
            yield seed, *alone(learner, fold, seed)


def alone(
    learner: Learner, fold: Fold, seed: int
) -> tuple[Fold, np.ndarray | None, dict[str, Any]]:
    """The result of one fold, which fails where the learner raises an exception."""
    try:
        results = list(learner.fit_predict([fold], seed))
    except InputError:
        raise
    except Exception as error:
        return fold, None, _failure(error)
    if len(results) != 1:
        return fold, None, {"failure": f"the learner gave {len(results)} answers for one fold"}
    return fold, *results[0][1:]


def _failure(error: Exception) -> dict[str, Any]:
    """The history of a fold whose learner raised an exception: what it was, and where."""
    words = f"{type(error).__name__}: {' '.join(str(error).split())}"
    *_, place = traceback.extract_tb(error.__traceback__)
    words += f" ({Path(place.filename).name}, line {place.lineno})"
    return {"failure": words}


def in_parallel(
    learner: Learner, todo: Work, jobs: int, progress: Progress | None
) -> Iterator[Result]:
    import multiprocessing

    from joblib import Parallel, delayed

    threads = max(1, (os.cpu_count() or 1) // jobs)
    with multiprocessing.Manager() as manager:
        # A manager's queue can be sent to workers that joblib starts; the plain one cannot.
        events = manager.Queue()
        listener = threading.Thread(target=_pass_on, args=(events, progress), daemon=True)
        listener.start()
        try:
            tasks = (
                delayed(_one_fold)(learner, fold, seed, threads, events)
                for seed, group in todo
                for fold in group
            )
            yield from Parallel(
                n_jobs=jobs,
                return_as="generator_unordered",
                pre_dispatch=jobs,
                initializer=start_quietly,
                initargs=("keras" in sys.modules,),
            )(tasks)
        finally:
            events.put(None)
            listener.join()


def _one_fold(learner: Learner, fold: Fold, seed: int, threads: int, events: Any) -> Result:
    learner.prepare_process(threads)
    learner.progress = events.put
    return seed, *alone(learner, fold, seed)


def start_quietly(keras: bool) -> None:
    """Load Keras, where the learner will, without the lines that each worker would print."""
    if keras:
        from dfrnet_keras.startup import start_keras

        start_keras()


def _pass_on(events: Any, progress: Progress | None) -> None:
    while (event := events.get()) is not None:
        if progress is not None:
            progress(event)
