"""What a `.tflite` file is worth: its size, its size in a zip, its time, its UF1."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.evaluation.metrics import uar, uf1
from dfrnet_keras.tflite.benchmarking.timing import take_turns
from dfrnet_keras.tflite.conversion.training_store import store_maps
from dfrnet_keras.tflite.runtime.interpreter import Network

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfrnet_keras.store import FeatureStore


def evaluate_files(
    files: Mapping[str, bytes], store: FeatureStore, rows: NDArray, *, runs: int = 50
) -> dict[str, dict[str, Any]]:
    """Compare networks on the same clips.

    Args:
        files: Name to content of a `.tflite` file.
        store: A store that fits them.
        rows: The clips to score.
        runs: Timed runs of each, interleaved, on one thread; 0 for none.

    Returns:
        Name to `"bytes"`, `"zipped"` (bytes when deflated), `"milliseconds"` (median, one thread),
        `"clips"`, `"uf1"`, `"uar"` and `"probabilities"` `(clips, classes)`.
    """
    networks = {name: Network(content) for name, content in files.items()}
    found: dict[str, dict[str, Any]] = {}
    labels = store.labels[rows]
    for name, network in networks.items():
        answers = np.stack([network.run(maps) for maps in store_maps(store, network.inputs, rows)])
        predicted = answers.argmax(-1)
        found[name] = {
            "bytes": len(files[name]),
            "zipped": len(zlib.compress(files[name], 9)),
            "clips": len(rows),
            "uf1": uf1(labels, predicted, len(store.classes)),
            "uar": uar(labels, predicted, len(store.classes)),
            "probabilities": answers,
        }
    if runs:
        timings = take_turns({k: v.invoke for k, v in networks.items()}, runs=runs)
        for row in timings:
            found[row.name]["milliseconds"] = row.median
    return found
