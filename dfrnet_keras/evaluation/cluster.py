"""Folds on the workers of a Dask cluster: other machines, or other processes of this one.

The learner with the maps it needs is sent to the workers once. A fold whose worker dies is given to
another one. Results come back to the process that asked, which alone writes the run.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.evaluation.learner import Learner, Progress
from dfrnet_keras.evaluation.run import versions
from dfrnet_keras.evaluation.workers import Result, Work, alone, start_quietly

if TYPE_CHECKING:
    from distributed import Client

_SECONDS_TO_ANSWER = 30
_EVENTS = "dfr-keras"
# A worker process holds one compiled network, which trains one fold at a time.
_AT_WORK = threading.Lock()


def on_cluster(
    learner: Learner, todo: Work, address: str, progress: Progress | None
) -> Iterator[Result]:
    """Yield the result of each fold as workers finish them.

    Args:
        learner: What trains; it and its maps must be picklable.
        todo: Seeds, each with its folds.
        address: Of the scheduler, `tcp://host:8786` for example.
        progress: Called with the events of the workers, from a thread of its own.

    Raises:
        InputError: Dask is not installed, nobody answers at the address, there is no worker, the
            workers have other versions, or all of them are lost.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise InputError(
            "--scheduler needs Dask: pip install 'dfrnet-keras[dask]', here and on each host."
        ) from error
    try:
        client = Client(address, timeout=_SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at {address}: start one with `dask scheduler` and give the "
            "address that it prints."
        ) from error
    with client:
        _check_workers(client, address)
        if progress is not None:
            client.subscribe_topic(_EVENTS, lambda event: progress(event[1]))
        # Every worker gets a copy, so that the death of one loses nothing.
        sent = client.scatter(_portable(learner), broadcast=True, hash=False)
        asked = {
            client.submit(_one_fold, sent, fold, seed, pure=False): (seed, fold)
            for seed, folds in todo
            for fold in folds
        }
        try:
            for future in as_completed(asked, loop=client.loop):
                yield _result(future, *asked[future], address)
        finally:
            client.cancel(list(asked))


def _check_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_SECONDS_TO_ANSWER)
    except TimeoutError as error:
        raise InputError(
            f"The scheduler at {address} has no worker: start `dask worker {address} --nthreads 1` "
            "on each host."
        ) from error
    mine = versions()
    for worker, theirs in client.run(versions).items():
        for name, version in mine.items():
            if theirs.get(name) != version:
                other = theirs.get(name, "not at all")
                raise InputError(
                    f"The worker {worker} has {name} {other} and this process {version}: "
                    "install the same versions on all hosts, or results would differ."
                )


def _portable(learner: Learner) -> Learner:
    """A copy that carries its maps along: a worker need not see the folder of the store."""
    sent = copy.copy(learner)
    sent.progress = None
    if sent.store is not None:
        in_memory = copy.copy(sent.store)
        in_memory.arrays = {name: np.array(maps) for name, maps in sent.store.arrays.items()}
        sent.store = in_memory
    return sent


def _one_fold(learner: Learner, fold: Fold, seed: int) -> Result:
    from distributed import get_worker

    worker: Any = get_worker()
    with _AT_WORK:
        start_quietly(learner.needs_keras)
        learner.prepare_process(max(1, worker.state.nthreads))
        # A copy: what was sent must stay as it is, for another worker may ask this one for it.
        learner = copy.copy(learner)
        learner.progress = lambda event: worker.log_event(_EVENTS, event)
        return seed, *alone(learner, fold, seed)


def _result(future: Any, seed: int, fold: Fold, address: str) -> Result:
    from distributed import CancelledError, KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        reason = f"its workers died, {error.allowed_failures + 1} times over"
        return seed, fold, None, {"failure": reason}
    except CancelledError as error:
        with contextlib.suppress(Exception):
            future.release()
        raise InputError(
            f"The cluster at {address} lost what it was sent: give the command again when it has "
            "workers; the folds that are done are kept."
        ) from error
