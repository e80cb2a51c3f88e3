"""What the networks of a table cost: counted, and timed in a process of their own."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.experiments import Row
from dfrnet_keras.startup import start_keras_quietly

# model -> figures of one network, by `network_key`.
Latencies = dict[str, dict[str, Any]]


def network_key(row: Row) -> str:
    """The same for rows of the same network."""
    return json.dumps([row.model, row.options], sort_keys=True)


def is_network(row: Row) -> bool:
    """Whether a row's model is a network of `models.build_model`, not a kernel machine."""
    from dfrnet_keras.models import MODELS

    return row.model in MODELS


def counts_of(row: Row) -> dict[str, Any]:
    """Parameters and multiply-accumulates of a row's network at its published input size.

    Args:
        row: A row whose `model` is a network.

    Returns:
        `parameters`, `keras_parameters`, `macs` and `thop_macs` (see `models.count`) with the
        head and the attention that the printed figures fit, where there are any: these under
        `counted_with`, and where that is another network than the one trained, the figures of
        that one under `as_trained`.
    """
    trained = _count(row, {})
    if not row.counted:
        return dict(trained)
    counted = _count(row, row.counted)
    figures: dict[str, Any] = {**counted, "counted_with": dict(row.counted)}
    if counted != trained:
        figures["as_trained"] = trained
    return figures


def _count(row: Row, changes: Mapping[str, Any]) -> dict[str, int]:
    from dfrnet_keras.models import build_model, count

    assert row.model is not None
    return dataclasses.asdict(count(build_model(row.model, **{**row.options, **changes})))


def latencies_of(
    rows: Iterable[Row], *, threads: int = 1, runs: int = 100, known: Latencies | None = None
) -> Latencies:
    """Time the networks of rows against each other, Keras and .tflite, at batch 1.

    A process of its own is started for it, since TensorFlow keeps the number of threads that it
    started with. The networks take turns run by run; their weights are not trained, and their
    inputs are noise: neither changes the time.

    Args:
        rows: Rows; those that are no network are left out.
        threads: For Keras and for LiteRT.
        runs: Timed runs of each, after a few that are not.
        known: Networks in here are not timed again.

    Returns:
        By `network_key`: `keras_milliseconds` (a compiled call), `tflite_milliseconds` (float32),
        both means, `keras_median`, `tflite_median`, `tflite_bytes`, `threads`, `runs`.
    """
    found = dict(known or {})
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        network_key(row): (row.model, dict(row.options))
        for row in rows
        if row.model is not None and is_network(row)
    }
    todo = {key: network for key, network in wanted.items() if key not in found}
    if todo:
        # Not a fork: the parent may have started TensorFlow.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            try:
                found |= pool.submit(_measure, todo, threads, runs).result()
            except BrokenProcessPool as error:
                raise InputError(
                    "The process that times the networks was killed, for want of memory perhaps: "
                    "give --no-latency, or a machine with more."
                ) from error
    return found


def _measure(networks: Mapping[str, tuple[str, dict[str, Any]]], threads: int, runs: int) -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    start_keras_quietly()
    from dfrnet_keras.evaluation.training import limit_threads
    from dfrnet_keras.models import build_model
    from dfrnet_keras.tflite import benchmark, convert

    limit_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, Path] = {}
        calls: dict[str, Callable[[], object]] = {}
        for number, (key, (model, options)) in enumerate(networks.items()):
            network = build_model(model, **options)
            calls[key] = _compiled_call(network)
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
                "threads": threads,
                "runs": runs,
            }
            for key, file in files.items()
        }


def _compiled_call(network: Any) -> Callable[[], object]:
    import numpy as np
    import tensorflow as tf

    noise = np.random.default_rng(0)
    maps = {
        tensor.name: tf.constant(noise.random((1, *tensor.shape[1:]), np.float32))
        for tensor in network.inputs
    }
    compiled = tf.function(lambda inputs: network(inputs, training=False))
    return lambda: np.asarray(compiled(maps))
