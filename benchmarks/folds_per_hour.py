"""How many folds of STSTNet an hour, beside a plain PyTorch loop of the same epochs and batch.

    python benchmarks/folds_per_hour.py --root MAPS --torch-python PYTHON --torch-loop LOOP.py

MAPS is a flow-folder of 28 x 28 maps. LOOP.py trains 100 epochs of one STSTNet fold with as many
threads as its argument says and prints `fold of 800: SECONDS s`; PYTHON is an interpreter that has
PyTorch. Ours and theirs take turns, with one process on all cores and with one process a core.
A fold's seconds leave out what a process does once (imports, tracing). Ours trains `--folds` folds.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

EPOCHS = 800  # of the published training


def ours(root: Path, epochs: int, folds: int, threads: int) -> None:
    """Print the mean seconds of a fold; runs in a process of its own."""
    from dfrnet_keras.evaluation import loso_folds
    from dfrnet_keras.learners.network import NetworkLearner
    from dfrnet_keras.models.table import paper_recipe
    from dfrnet_keras.store import find_or_build

    store = find_or_build("flow-folder", root)
    chosen = loso_folds(store, validation="none")[:folds]
    seconds = 0.0
    for number in (1, epochs):  # once to load and trace
        recipe = dataclasses.replace(paper_recipe("ststnet"), epochs=number)
        learner = NetworkLearner("ststnet", store, recipe=recipe)
        learner.prepare_process(threads)
        started = time.perf_counter()
        for fold, chances, history in learner.fit_predict(chosen, 0):
            if chances is None:
                sys.exit(f"fold {fold.number} failed: {history['failure']}")
        seconds = time.perf_counter() - started
    print(f"fold of {EPOCHS}: {seconds / len(chosen) * EPOCHS / epochs:.2f} s")


def seconds_of(command: list[str]) -> float:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(rf"fold of {EPOCHS}: ([0-9.]+) s", run.stdout)
    if found is None:
        sys.exit(f"{' '.join(command)} printed no figure:\n{run.stdout[-500:]}{run.stderr[-1500:]}")
    return float(found[1])


def folds_per_hour(command: list[str], processes: int) -> float:
    with ThreadPoolExecutor(processes) as pool:
        return sum(3600 / seconds for seconds in pool.map(seconds_of, [command] * processes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--torch-python", required=True)
    parser.add_argument("--torch-loop", required=True)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--folds", type=int, default=2, help="of each process")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ours", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours is not None:
        return ours(options.root, options.epochs, options.folds, options.ours)
    cores = os.cpu_count() or 1
    print(f"{cores} cores, {EPOCHS} epochs a fold (from {options.epochs}), load {os.getloadavg()}")
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(options.rounds):
        for processes in sorted({1, cores}):
            threads = str(cores // processes)
            this = [sys.executable, __file__, "--ours", threads, "--root", str(options.root)]
            this += ["--torch-python", "-", "--torch-loop", "-"]
            this += ["--epochs", str(options.epochs), "--folds", str(options.folds)]
            loop = [options.torch_python, options.torch_loop, threads]
            for name, command in (("dfrnet_keras", this), ("PyTorch loop", loop)):
                found.setdefault((name, processes), []).append(folds_per_hour(command, processes))
    for (name, processes), rates in found.items():
        ratio = [
            rate / theirs
            for rate, theirs in zip(rates, found["PyTorch loop", processes], strict=True)
        ]
        print(
            f"{name:13} {processes} process(es): {statistics.mean(rates):6.1f} folds an hour "
            f"({', '.join(f'{rate:.1f}' for rate in rates)}), "
            f"{statistics.mean(ratio):.2f} times the loop; 68 folds in "
            f"{68 * 60 / statistics.mean(rates):.1f} min"
        )
    print(time.strftime("%Y-%m-%d"))
    return None


if __name__ == "__main__":
    main()
