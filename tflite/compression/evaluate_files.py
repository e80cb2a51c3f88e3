"""Size, zipped size, time and scores of `.tflite` files on the same clips."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
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


@dataclass(frozen=True)
class FileScores:
    """One `.tflite` file on some clips.

    Attributes:
        bytes: Size of the file.
        zipped: Its size when deflated, in bytes.
        milliseconds: Median time of a run on one thread; `None` where none was timed.
        clips: How many clips were scored.
        uf1, uar: Over these clips.
        probabilities: float32 `(clips, classes)`.
    """

    bytes: int
    zipped: int
    milliseconds: float | None
    clips: int
    uf1: float
    uar: float
    probabilities: NDArray[np.float32]

    def as_dict(self) -> dict[str, Any]:
        """The figures, without the probabilities."""
        return {key: value for key, value in vars(self).items() if key != "probabilities"}


def evaluate_files(
    files: Mapping[str, bytes], store: FeatureStore, rows: NDArray, *, runs: int = 50
) -> dict[str, FileScores]:
    """Compare networks on the same clips.

    Args:
        files: Name to content of a `.tflite` file.
        store: A store that fits them.
        rows: The clips to score.
        runs: Timed runs of each, interleaved, on one thread; 0 for none.
    """
    networks = {name: Network(content) for name, content in files.items()}
    answers = {
        name: np.stack([network.run(maps) for maps in store_maps(store, network.inputs, rows)])
        for name, network in networks.items()
    }
    calls = {name: network.invoke for name, network in networks.items()}
    spent = {row.name: row.median for row in take_turns(calls, runs=runs)} if runs else {}
    labels, classes = store.labels[rows], len(store.classes)
    return {
        name: FileScores(
            bytes=len(content),
            zipped=len(zlib.compress(content, 9)),
            milliseconds=spent.get(name),
            clips=len(rows),
            uf1=uf1(labels, answers[name].argmax(-1), classes),
            uar=uar(labels, answers[name].argmax(-1), classes),
            probabilities=answers[name],
        )
        for name, content in files.items()
    }
