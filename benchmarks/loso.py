"""Time of a leave-one-subject-out run over the time that its bare training steps take.

    python benchmarks/loso.py --root FOLDER_OF_MAPS --model dfrnet --folds 1

Bare steps are the same number of compiled Keras steps over batches of the same shapes that lie
ready in memory: what is left is data, validation, starting anew, metrics and files. The two take
turns fold by fold, so that both see the same machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import resource
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from dfrnet_keras.evaluation import evaluate_loso, loso_folds
from dfrnet_keras.learners.network import NetworkLearner
from dfrnet_keras.models.table import paper_recipe
from dfrnet_keras.startup import limit_threads
from dfrnet_keras.store import FeatureStore, find_or_build


class _TakingTurns:
    """The learner, with as many bare steps after folds as they took."""

    def __init__(self, learner: NetworkLearner) -> None:
        self.learner = learner
        self.settings = learner.settings
        self.bare = 0.0
        self.steps = 0

    def fit_predict(self, folds, seed):
        for fold in folds:
            results = list(self.learner.fit_predict([fold], seed))
            start = time.perf_counter()
            for fold, _, history in results:
                self.steps += bare_steps(self.learner, fold, len(history["loss"]))
            self.bare += time.perf_counter() - start
            yield from results


def bare_steps(learner: NetworkLearner, fold, epochs: int) -> int:
    """Run the compiled step over one epoch's batches, again and again; return how many steps."""
    trainer = learner.trainer
    batches, waiting = [], trainer.batches(fold, 0)
    for _ in range(trainer.steps_per_epoch(fold)):
        batches.append(next(waiting))
    for _ in range(epochs):
        for maps, labels in batches:
            trainer.network.train_on_batch(maps, labels)
    return epochs * len(batches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="a folder of motion maps; drawn clips if absent")
    parser.add_argument("--model", default="dfrnet")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="the recipe's by default")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    limit_threads(options.threads)

    recipe = paper_recipe(options.model)
    if options.epochs:
        recipe = dataclasses.replace(recipe, epochs=options.epochs)
    store: FeatureStore
    if options.root:
        store = find_or_build("flow-folder", options.root)
    else:
        store = find_or_build("synthetic", size=28, flow_method="dis")
    learner = NetworkLearner(options.model, store, recipe=recipe)
    # The first fold pays for the trace, once a process: it is run before the clock starts.
    folds = loso_folds(store, validation=recipe.validation)
    warm_up = NetworkLearner(options.model, store, recipe=recipe)
    start = time.perf_counter()
    trainer = warm_up.trainer
    for maps, labels in [next(trainer.batches(folds[0], 0)) for _ in range(2)]:
        trainer.network.train_on_batch(maps, labels)
    bare_steps(warm_up, folds[0], 1)
    trainer.probabilities(folds[0].test)
    trace = time.perf_counter() - start

    turns = _TakingTurns(learner)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run = evaluate_loso(
            turns, store, run_dir=folder, validation=recipe.validation, folds=options.folds
        )
        run.metrics()
        whole = time.perf_counter() - start - turns.bare
    result = {
        "model": options.model,
        "folds": options.folds,
        "epochs": recipe.epochs,
        "steps": turns.steps,
        "ratio": whole / turns.bare,
        "seconds_per_fold": whole / options.folds,
        "bare_seconds_per_fold": turns.bare / options.folds,
        "start_and_trace_seconds": trace,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "threads": options.threads,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in ("keras", "tensorflow", "numpy")},
    }
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print(
        f"{options.model}: {options.folds} folds of {recipe.epochs} epochs, "
        f"{result['seconds_per_fold']:.1f} s a fold, bare steps "
        f"{result['bare_seconds_per_fold']:.1f} s: ratio {result['ratio']:.3f}"
    )
    print(
        f"start and trace {trace:.1f} s, peak memory {result['peak_memory_mb']:.0f} MB, "
        f"{options.threads} thread(s), {result['machine']}, {result['versions']}"
    )


if __name__ == "__main__":
    main()
