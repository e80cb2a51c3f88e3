"""Folds on a Dask cluster of this machine whose workers are killed while they train.

    python benchmarks/cluster.py --store STORE --workers 4 --kill 2

Trains STSTNet on a store in one process, then on a cluster of worker processes of which some are
killed (the first ones at work, one a fold that is done), and says whether the rows are the same.
Dask starts another process for each that dies.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from distributed import LocalCluster

from dfrnet_keras.evaluation import evaluate_loso
from dfrnet_keras.learners.make import make_learner
from dfrnet_keras.models.table import paper_recipe
from dfrnet_keras.startup import limit_threads, start_keras
from dfrnet_keras.store import FeatureStore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kill", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    start_keras()
    limit_threads(1)  # as many as a worker has: results round differently with others
    store = FeatureStore.open(options.store)
    recipe = dataclasses.replace(paper_recipe("ststnet"), epochs=options.epochs)

    def fit(**how: Any) -> tuple[Any, float]:
        learner = make_learner("ststnet", store, recipe=recipe)
        started = time.perf_counter()
        return evaluate_loso(
            learner, store, validation="none", **how
        ), time.perf_counter() - started

    alone, seconds = fit()
    print(f"one process: {len(alone.folds)} folds in {seconds:.0f} s")
    with (
        LocalCluster(
            n_workers=options.workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        tempfile.TemporaryDirectory() as folder,
    ):
        killed: list[int] = []

        def progress(event: dict[str, Any]) -> None:
            if event["event"] == "done" and len(killed) < options.kill:
                running = [worker.pid for worker in cluster.workers.values()]
                victim = next((pid for pid in running if pid and pid not in killed), None)
                if victim is not None:
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)

        run, seconds = fit(
            run_dir=Path(folder) / "run", scheduler=cluster.scheduler_address, progress=progress
        )
    print(
        f"{options.workers} workers, {len(killed)} killed: {len(run.folds)} folds in "
        f"{seconds:.0f} s, {len(run.failed)} failed"
    )
    # By clip: rows stand in the order in which folds were done.
    found, expected = ({row.key: row for row in each.predictions} for each in (run, alone))
    same = {key: row.predicted for key, row in found.items()} == {
        key: row.predicted for key, row in expected.items()
    }
    apart = max(
        abs(one - two)
        for key, row in expected.items()
        for one, two in zip(row.probabilities, found[key].probabilities, strict=True)
    )
    print(f"same classes: {same}; largest difference of a probability: {apart:.2g}")


if __name__ == "__main__":
    main()
