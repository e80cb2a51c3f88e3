"""How long a network takes: interleaved runs, wall and processor time, whole distributions.

Networks take turns run by run, so that a machine that grows hot or busy slows all of them alike.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.tflite.benchmarking.process_cost import ProcessCost, measure_process_cost
from dfrnet_keras.tflite.runtime.interpreter import Network

# The paper, section 4.5: PyTorch on a Core i7-1165G7, batch 1; and what it counts as real time.
PAPER_MS = 65.9
BUDGET_MS = 200.0


@dataclass(frozen=True)
class Timing:
    """What one network took, in milliseconds.

    Attributes:
        name: The file, or what else was timed.
        threads: How many threads it was allowed.
        runs: How many runs the figures are of, after the warm-up.
        mean, median, p10, p90, p99: Of the wall time of a run.
        cpu: Median processor time of a run, over all threads.
        first: Wall time of the first run of all.
        bytes: Size of the file; `None` for what is no file.
        footprint: Memory and start of a process of its own, see `ProcessCost`; `None` where it was
            not measured.
    """

    name: str
    threads: int
    runs: int
    mean: float
    median: float
    p10: float
    p90: float
    p99: float
    cpu: float
    first: float
    bytes: int | None = None
    footprint: ProcessCost | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def benchmark(
    paths: Sequence[str | os.PathLike[str]],
    *,
    threads: Sequence[int] = (1,),
    runs: int = 100,
    warmup: int = 10,
    maps: Mapping[str, NDArray] | None = None,
    others: Mapping[str, Callable[[], object]] | None = None,
    footprint: bool = True,
) -> list[Timing]:
    """Time `.tflite` files on this machine at batch 1.

    Args:
        paths: The files.
        threads: Numbers of threads; all files are timed with each.
        runs: Timed runs of each file and number of threads.
        warmup: Runs before that.
        maps: Name to raw map `(H, W, channels)` to run on; noise of the right shape by default,
            since the time does not depend on the values.
        others: Name to what else takes its turn, such as a Keras network's `predict`; timed with
            the first number of threads alone, which it has to see to itself.
        footprint: Also measure memory and start in a process of its own for each file.

    Returns:
        One row for each number of threads and file, in that order.

    Raises:
        InputError: There is nothing to time, a number is below 1, or a file cannot be run.
    """
    if not paths and not others:
        raise InputError("There is no file to time: give at least one.")
    if runs < 1 or warmup < 0 or not threads or min(threads) < 1:
        raise InputError(
            f"threads is {list(threads)}, runs {runs}, warmup {warmup}: give 1 or more, 1 or more, "
            "and 0 or more."
        )
    for path in paths:
        _set_inputs(Network(path), maps)  # says at once which file is bad
    costs = {str(path): measure_process_cost(path) if footprint else None for path in paths}
    rows = []
    for number in threads:
        calls: dict[str, Callable[[], object]] = {}
        for path in paths:
            network = Network(path, threads=number)
            _set_inputs(network, maps)
            calls[str(path)] = network.invoke
        if number == threads[0]:
            calls |= others or {}
        for row in take_turns(calls, runs=runs, warmup=warmup):
            row = replace(row, threads=number)
            if row.name in costs:
                row = replace(row, bytes=os.path.getsize(row.name), footprint=costs[row.name])
            rows.append(row)
    return rows


def take_turns(
    calls: Mapping[str, Callable[[], object]], *, runs: int = 100, warmup: int = 10
) -> list[Timing]:
    """Time any calls against each other, run by run; arguments as for `benchmark`."""
    spans: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(1 + warmup + runs):
        for name, call in calls.items():
            cpu, wall = time.process_time(), time.perf_counter()
            call()
            ended = time.perf_counter()
            spans[name].append(((ended - wall) * 1e3, (time.process_time() - cpu) * 1e3))
    rows = []
    for name, some in spans.items():
        walls, cpus = np.transpose(some[1 + warmup :])
        p10, median, p90, p99 = np.percentile(walls, (10, 50, 90, 99)).tolist()
        mean, cpu = float(walls.mean()), float(np.median(cpus))
        rows.append(Timing(name, 1, runs, mean, median, p10, p90, p99, cpu, first=some[0][0]))
    return rows


def _set_inputs(network: Network, maps: Mapping[str, NDArray] | None) -> None:
    noise = np.random.default_rng(0)
    network.set_inputs(
        maps
        or {name: noise.random(tensor.shape, np.float32) for name, tensor in network.inputs.items()}
    )


def machine() -> dict[str, Any]:
    """What this machine is, and how many of its processors are free right now.

    Returns:
        `"processor"`, `"system"`, `"cores"` that the process may use, and `"free_cores"`, measured.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    cores = available or os.cpu_count() or 1
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores,
        "free_cores": round(free_cores(cores), 2),
    }


def free_cores(cores: int, *, seconds: float = 0.3) -> float:
    """How many processors' worth of work gets done when as many threads as cores work at once.

    With less than the number of threads free, times for that many threads mean nothing.

    Args:
        cores: How many threads work.
        seconds: For how long.

    Returns:
        Processor time of all threads over wall time.
    """
    block = bytes(1 << 20)

    def work(end: float) -> None:
        while time.perf_counter() < end:
            hashlib.sha256(block)  # lets go of the interpreter lock

    cpu, wall = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(work, [wall + seconds] * cores))
    return (time.process_time() - cpu) / (time.perf_counter() - wall)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
