"""Leave-one-subject-out: the folds, in order or in parallel, resumed where a run was cut off.

Knows no network: a learner is anything with `fit_predict`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dfrnet_keras import __version__
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import run_folder
from dfrnet_keras.evaluation.folds import Fold, describe_protocol, loso_folds
from dfrnet_keras.evaluation.run import FoldRecord, Prediction, Run

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore

Progress = Callable[[dict[str, Any]], None]


class Learner(Protocol):
    """A network, a kernel machine, or anything else that learns from the folds it is given."""

    def fit_predict(
        self, folds: Sequence[Fold], seed: int
    ) -> Iterable[tuple[Fold, np.ndarray | None, dict[str, Any]]]:
        """Yield (fold, probabilities of its test clips, history) for each of the folds.

        Probabilities have shape (test clips, classes). History may hold lists of one figure an
        epoch (`"loss"`, `"validation_loss"`), `"epoch"` (the one kept), `"seconds"`, and
        `"failure"`: the reason why the probabilities are `None`.

        An exception is written down as the failure of its fold, and the others go on; `InputError`
        says that no fold can succeed, and ends the run.
        """


def evaluate_loso(
    learner: Learner,
    store: FeatureStore,
    *,
    run_dir: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    seed: int | Sequence[int] = 0,
    validation: str = "subjects",
    protocol: str = "composite",
    folds: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train and test a learner once a subject, each time on all the other subjects.

    With `protocol="hold-out-database"`, once a dataset, each time on the other datasets.

    Args:
        learner: Anything with `fit_predict`; it knows its own features. Its `settings`, where it
            has them, are written into the run.
        store: Whose rows say which clip belongs to whom and what its label is.
        run_dir: Where settings, folds, rows and metrics are kept. Folds found there are not run
            again, so a run that was cut off goes on. `None` keeps nothing on disk.
        jobs: How many processes train folds at the same time.
        seed: One seed, or several: every fold is run with each.
        validation, protocol: See `loso_folds`.
        folds: Run only the first so many folds, for a quick look; `None` runs all.
        progress: Called with a dictionary at the start and end of a fold (`event` `"fold"`, `"done"`)
            and after each epoch (`"epoch"`).

    Returns:
        The run, of which `metrics()` gives every figure. A fold that failed is in `failed`; the
        others are there all the same.

    Raises:
        InputError: Where the run folder belongs to other settings or to a process that is at work.
    """  # noqa: E501
    seeds = [seed] if isinstance(seed, int) else list(seed)
    every = loso_folds(store, validation=validation, protocol=protocol)
    chosen = every if folds is None else every[:folds]
    settings = {
        "learner": getattr(learner, "settings", {"name": type(learner).__name__}),
        "protocol": describe_protocol(store, protocol),
        "validation": validation,
        "seeds": seeds,
        "folds": len(chosen),
        "subjects": len(every),
        "classes": list(store.classes),
        "store": {"digest": store.digest, "path": str(store.path), "settings": store.settings},
        "versions": versions(),
    }
    if run_dir is None:
        records = list(_run(learner, store, chosen, seeds, jobs, progress, ()))
        return Run(settings, tuple(sorted(records, key=lambda r: (r.seed, r.number))))
    folder = Path(run_dir)
    with run_folder.locked(folder):
        run_folder.claim(folder, settings)
        finished = {(r.seed, r.number) for r in run_folder.open_run(folder).folds if not r.failure}
        for record in _run(learner, store, chosen, seeds, jobs, progress, finished):
            run_folder.write_record(folder, record)
        run = run_folder.open_run(folder)
        run_folder.write_tables(run, folder)
    return run


def _run(
    learner: Learner,
    store: FeatureStore,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    jobs: int,
    progress: Progress | None,
    finished: Iterable[tuple[int, int]],
) -> Iterator[FoldRecord]:
    finished = set(finished)
    todo = [
        (seed, [fold for fold in folds if (seed, fold.number) not in finished]) for seed in seeds
    ]
    report = progress or _ignore
    waiting = sum(len(group) for _, group in todo)
    report({"event": "start", "folds": len(folds) * len(seeds), "waiting": waiting})
    results = _in_turn(learner, todo, progress) if jobs == 1 else _in_parallel(
        learner, todo, jobs, progress
    )  # fmt: skip
    for seed, fold, probabilities, history in results:
        record = _record(store, fold, seed, probabilities, history)
        report({"event": "done", "fold": fold.number, "subject": f"{fold.dataset}/{fold.subject}",
                "seed": seed, "failure": record.failure, "seconds": record.seconds})  # fmt: skip
        yield record


_Result = tuple[int, Fold, "np.ndarray | None", dict[str, Any]]


def _in_turn(
    learner: Learner, todo: Sequence[tuple[int, list[Fold]]], progress: Progress | None
) -> Iterator[_Result]:
    _listen(learner, progress)
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
            yield seed, *_alone(learner, fold, seed)


def _alone(
    learner: Learner, fold: Fold, seed: int
) -> tuple[Fold, np.ndarray | None, dict[str, Any]]:
    """What a learner says of one fold, which fails where the learner raises an exception."""
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
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is not None:
        code = frame.tb_frame.f_code
        words += f" ({Path(code.co_filename).name}, line {frame.tb_lineno})"
    return {"failure": words}


def _in_parallel(
    learner: Learner,
    todo: Sequence[tuple[int, list[Fold]]],
    jobs: int,
    progress: Progress | None,
) -> Iterator[_Result]:
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
                initializer=_start_quietly,
                initargs=("keras" in sys.modules,),
            )(tasks)
        finally:
            events.put(None)
            listener.join()


def _one_fold(learner: Learner, fold: Fold, seed: int, threads: int, events: Any) -> _Result:
    prepare = getattr(learner, "prepare_process", None)
    if prepare is not None:
        prepare(threads)
    _listen(learner, events.put)
    return seed, *_alone(learner, fold, seed)


def _start_quietly(keras: bool) -> None:
    """Load Keras, where the learner will, without the lines that each worker would print."""
    if keras and os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
        from dfrnet_keras.startup import start_keras_quietly

        start_keras_quietly()


def _listen(learner: Learner, progress: Progress | None) -> None:
    if hasattr(learner, "progress"):
        learner.progress = progress


def _pass_on(events: Any, progress: Progress | None) -> None:
    while (event := events.get()) is not None:
        if progress is not None:
            progress(event)


def _ignore(event: dict[str, Any]) -> None:
    pass


def _record(
    store: FeatureStore,
    fold: Fold,
    seed: int,
    probabilities: np.ndarray | None,
    history: dict[str, Any],
) -> FoldRecord:
    failure = history.get("failure")
    shape = (len(fold.test), len(store.classes))
    if failure is None:
        probabilities = np.asarray(probabilities)
        if probabilities.shape != shape:
            failure = f"the learner gave probabilities of shape {probabilities.shape}, not {shape}"
        elif not np.isfinite(probabilities).all():
            failure = "the learner gave probabilities that are not finite"
    predictions = []
    if failure is None and probabilities is not None:
        for clip, chances in zip(fold.test, probabilities, strict=True):
            row = store.rows[int(clip)]
            predictions.append(
                Prediction(
                    dataset=row.dataset,
                    subject=row.subject,
                    clip=row.name,
                    label=store.classes[int(row.label)],
                    predicted=store.classes[int(np.argmax(chances))],
                    probabilities=tuple(float(chance) for chance in chances),
                    fold=fold.number,
                    seed=seed,
                    epoch=int(history.get("epoch", 0)),
                )
            )
    validation = sorted({f"{store.rows[int(i)].dataset}/{store.rows[int(i)].subject}"
                         for i in fold.validation})  # fmt: skip
    return FoldRecord(
        number=fold.number,
        seed=seed,
        dataset=fold.dataset,
        subject=fold.subject,
        predictions=tuple(predictions),
        failure=failure,
        epoch=int(history.get("epoch", 0)),
        curves={
            name: [float(value) for value in values]
            for name, values in history.items()
            if isinstance(values, list)
        },
        seconds=float(history.get("seconds", 0.0)),
        validation_subjects=tuple(validation),
    )


def versions() -> dict[str, str]:
    """What a result depends on besides its settings."""
    from importlib.metadata import version

    return {
        "dfrnet_keras": __version__,
        "keras": version("keras"),
        "tensorflow": version("tensorflow"),
        "numpy": version("numpy"),
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
    }
