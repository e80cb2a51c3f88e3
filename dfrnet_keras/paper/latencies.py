"""How long the networks of a table take, timed in a process of their own, and kept on disk.

What was timed against each other in one go is a sitting. A table takes all its times from one, so
that its rows can be compared on a machine that others use as well.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from pathlib import Path
from typing import Any

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.errors import InputError
from dfrnet_keras.paper.costs import is_network, network_key
from dfrnet_keras.paper.experiments import Effort, Row
from dfrnet_keras.startup import limit_threads, start_keras

FILE = "latencies.json"
# Keys: see `time_networks`.
Sitting = dict[str, Any]


def time_networks(
    rows: Iterable[Row],
    run_dir: str | os.PathLike[str],
    effort: Effort,
    log: Callable[[str], None] = lambda words: None,
) -> Sitting | None:
    """Time the networks of rows against each other, Keras and .tflite, or find their times.

    A process of its own is started for it, since TensorFlow keeps the number of threads that it
    started with. The networks take turns run by run, at batch 1; their weights are not trained,
    and their inputs are noise: neither changes the time.

    Args:
        rows: Rows; those that are no network are left out.
        run_dir: Folder whose `latencies.json` holds the sittings of before. The latest one that
            timed all of these networks on this kind of processor, with the same versions and
            threads and no fewer runs, is taken instead of a new one; a new one is added.
        effort: How many threads and timed runs of each, after a few that are not, and whether
            to time them even so.
        log: Called with a line before they are timed.

    Returns:
        `None` where no row is a network, else `machine` (see `timing.machine`, at the start of the
        sitting), `versions`, `threads`, `runs`, `started`, and by `network_key` under `networks`
        the means `keras_milliseconds` (a compiled call) and `tflite_milliseconds` (float32), their
        `keras_median` and `tflite_median`, and `tflite_bytes`.

    Raises:
        InputError: `latencies.json` cannot be read, or the process was killed.
    """
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        network_key(row): (row.model, dict(row.options))
        for row in rows
        if row.model is not None and is_network(row) and row.timed
    }
    if not wanted:
        return None
    from dfrnet_keras.tflite.benchmarking import timing

    path = Path(run_dir) / FILE
    sittings = _read(path)
    machine = timing.machine()
    versions = _versions()
    threads, runs = effort.threads, effort.timed_runs
    for sitting in () if effort.time_again else reversed(sittings):
        if (
            set(wanted) <= set(sitting["networks"])
            and sitting.get("versions") == versions
            and sitting.get("threads") == threads
            and sitting.get("runs", 0) >= runs
            and all(sitting["machine"].get(key) == machine[key] for key in ("processor", "system"))
        ):
            return sitting
    log(f"timing {len(wanted)} networks, {runs} runs each")
    sitting = {
        "machine": machine,
        "versions": versions,
        "threads": threads,
        "runs": runs,
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "networks": _in_a_process(wanted, threads, runs),
    }
    with whole_file(path) as partial:
        partial.write_text(json.dumps({"sittings": [*sittings, sitting]}, indent=1), "utf-8")
    return sitting


def _in_a_process(
    networks: Mapping[str, tuple[str, dict[str, Any]]], threads: int, runs: int
) -> dict[str, dict[str, Any]]:
    # Not a fork: the parent may have started TensorFlow.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_measure, networks, threads, runs).result()
        except BrokenProcessPool as error:
            raise InputError(
                "The process that times the networks was killed, for want of memory perhaps: "
                "give --no-latency, or a machine with more."
            ) from error


def _read(path: Path) -> list[Sitting]:
    if not path.exists():
        return []
    try:
        sittings = json.loads(path.read_text(encoding="utf-8"))["sittings"]
        if not all({"machine", "networks"} <= set(sitting) for sitting in sittings):
            raise ValueError("a sitting without machine or networks")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} holds no times of networks ({error}): delete it, and they are timed again."
        ) from error
    return sittings


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    from dfrnet_keras import __version__

    names = ("keras", "tensorflow", "ai-edge-litert")
    return {"dfrnet_keras": __version__, **{name: version(name) for name in names}}


def _measure(
    networks: Mapping[str, tuple[str, dict[str, Any]]], threads: int, runs: int
) -> dict[str, dict[str, Any]]:
    start_keras()
    # A call is compiled for each network, which TensorFlow takes for a mistake.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    from dfrnet_keras.models import build_model
    from dfrnet_keras.tflite import benchmark, convert
    from dfrnet_keras.tflite.benchmarking.keras_baseline import compiled_call

    limit_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, Path] = {}
        calls: dict[str, Callable[[], object]] = {}
        for number, (key, (model, options)) in enumerate(networks.items()):
            network = build_model(model, **options)
            calls[key] = compiled_call(network)
            files[key] = Path(folder) / f"{number}.tflite"
            files[key].write_bytes(convert(network))
        timings = {
            row.name: row
            for row in benchmark(
                list(files.values()), threads=(threads,), runs=runs, warmup=min(runs, 10),
                others=calls, footprint=False,
            )
        }  # fmt: skip
        return {
            key: {
                "keras_milliseconds": timings[key].mean,
                "keras_median": timings[key].median,
                "tflite_milliseconds": timings[str(file)].mean,
                "tflite_median": timings[str(file)].median,
                "tflite_bytes": timings[str(file)].bytes,
            }
            for key, file in files.items()
        }
