"""Leave-one-subject-out: the folds, in order or in parallel, resumed where a run was cut off.

Knows no network: a learner is anything with `fit_predict`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dfrnet_keras.evaluation import run_folder
from dfrnet_keras.evaluation.folds import Fold, describe_protocol, loso_folds
from dfrnet_keras.evaluation.learner import Learner, Progress, as_learner
from dfrnet_keras.evaluation.run import FoldRecord, Prediction, Run, versions
from dfrnet_keras.evaluation.workers import in_parallel, in_turn
from dfrnet_keras.store import FeatureStore


def evaluate_loso(
    learner: Learner | Any,
    store: FeatureStore,
    *,
    run_dir: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    seed: int | Sequence[int] = 0,
    validation: str = "subjects",
    protocol: str = "composite",
    folds: int | None = None,
    progress: Progress | None = None,
    scheduler: str | None = None,
) -> Run:
    """Train a learner once a subject, each time on all the others, and test it on that subject.

    With `protocol="hold-out-database"`, once a dataset, each time on the other datasets.

    Args:
        learner: A `Learner`, or any object with its `fit_predict`; it has its own features. Its
            `settings` are written into the run.
        store: Its rows hold dataset, subject and label of each clip.
        run_dir: Where settings, folds, rows and metrics are kept. Folds found there are not run
            again, so a run that was cut off goes on. `None` keeps nothing on disk.
        jobs: How many processes train folds at the same time.
        seed: One seed, or several: every fold is run with each.
        validation, protocol: See `loso_folds`.
        folds: Run only the first so many folds, for a quick look; `None` runs all.
        progress: Called with a dictionary at the start and end of a fold (`event` `"fold"`,
            `"done"`) and after each epoch (`"epoch"`).
        scheduler: Address of a Dask scheduler whose workers train the folds instead of processes
            of this machine; needs `pip install dfrnet-keras[dask]`.

    Returns:
        The run, of which `metrics()` gives every figure. A fold that failed is in `failed`; the
        others are there all the same.

    Raises:
        InputError: The learner was made with another store, the run folder belongs to other
            settings or to a process that is at work, or the cluster cannot be used.

    Example:

    ```python
    store = FeatureStore.open("stores/casme2")
    run = evaluate_loso(NetworkLearner("ststnet", store), store, run_dir="runs/ststnet", jobs=2)
    print(run.metrics()["uf1"], run.metrics()["interval"]["uf1"])
    ```
    """
    learner = as_learner(learner, store)
    seeds = [seed] if isinstance(seed, int) else list(seed)
    every = loso_folds(store, validation=validation, protocol=protocol)
    chosen = every if folds is None else every[:folds]
    settings = {
        "learner": learner.settings,
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
        records = list(_run(learner, store, chosen, seeds, jobs, scheduler, progress, ()))
        return Run(settings, tuple(sorted(records, key=lambda r: (r.seed, r.number))))
    folder = Path(run_dir)
    with run_folder.locked(folder):
        run_folder.claim(folder, settings)
        finished = {(r.seed, r.number) for r in run_folder.open_run(folder).folds if not r.failure}
        for record in _run(learner, store, chosen, seeds, jobs, scheduler, progress, finished):
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
    scheduler: str | None,
    progress: Progress | None,
    finished: Iterable[tuple[int, int]],
) -> Iterator[FoldRecord]:
    finished = set(finished)
    todo = [
        (seed, [fold for fold in folds if (seed, fold.number) not in finished]) for seed in seeds
    ]
    report = progress or (lambda event: None)
    waiting = sum(len(group) for _, group in todo)
    report({"event": "start", "folds": len(folds) * len(seeds), "waiting": waiting})
    if scheduler is not None and waiting:
        from dfrnet_keras.evaluation.cluster import on_cluster

        results = on_cluster(learner, todo, scheduler, progress)
    elif jobs == 1:
        results = in_turn(learner, todo, progress)
    else:
        results = in_parallel(learner, todo, jobs, progress)
    for seed, fold, probabilities, history in results:
        record = _record(store, fold, seed, probabilities, history)
        report({"event": "done", "fold": fold.number, "subject": f"{fold.dataset}/{fold.subject}",
                "seed": seed, "failure": record.failure, "seconds": record.seconds})  # fmt: skip
        yield record


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
        units = history.get("units") or [None] * len(fold.test)
        for clip, chances, strengths in zip(fold.test, probabilities, units, strict=True):
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
                    action_units=row.action_units,
                    units=strengths,
                )
            )
    curves = {name: [float(v) for v in values] for name, values in history.items()
              if isinstance(values, list) and name != "units"}  # fmt: skip
    stopping = [store.rows[int(clip)] for clip in fold.validation]
    return FoldRecord(
        number=fold.number,
        seed=seed,
        dataset=fold.dataset,
        subject=fold.subject,
        predictions=tuple(predictions),
        failure=failure,
        epoch=int(history.get("epoch", 0)),
        curves=curves,
        seconds=float(history.get("seconds", 0.0)),
        validation_subjects=tuple(sorted({f"{row.dataset}/{row.subject}" for row in stopping})),
    )
