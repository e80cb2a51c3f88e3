"""Samples of a recording on an even grid: where each part of the face is, and its bumps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.spotting.regions import without_head
from dfrnet_keras.features.spotting.tracking import Sample

STEP = 0.01  # seconds of the grid
SYLLABLES = (0.1, 0.15, 0.2)  # seconds, half-lengths of quick bumps of the mouth
_SMOOTH = 0.03  # seconds over which tracks are averaged


class Tracks:
    """Samples of one segment on the grid.

    Args:
        samples: In order of time, two or more.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples
        times = np.array([sample.time for sample in samples])
        self.times = times
        first = np.ceil(times[0] / STEP) * STEP
        self.grid = np.arange(first, times[-1] + 1e-9, STEP)
        moved = np.stack([sample.moved for sample in samples])
        flat = moved.reshape(len(samples), -1)
        both = np.column_stack([flat, np.stack([sample.head for sample in samples])])
        # Averages by the differences of an integral: right at any rate, even or uneven.
        gaps = np.diff(times)[:, None]
        integral = np.vstack([np.zeros(both.shape[1]),
                              np.cumsum((both[1:] + both[:-1]) / 2 * gaps, axis=0)])  # fmt: skip
        half = max(_SMOOTH, 0.9 * float(np.median(gaps))) / 2
        low = np.clip(self.grid - half, times[0], times[-1])
        high = np.clip(self.grid + half, times[0], times[-1])
        width = np.maximum(high - low, 1e-6)[:, None]
        smooth = (_between(high, times, integral) - _between(low, times, integral)) / width
        self.moved = smooth[:, : flat.shape[1]].reshape(len(self.grid), *moved.shape[1:])
        self.head = smooth[:, flat.shape[1] :]

    def bumps(self, half: float) -> NDArray[np.float64]:
        """How far each part is from where it was and will be, head motion taken out."""
        return without_head(_bump(self.moved, half))

    @cached_property
    def quick(self) -> tuple[NDArray[np.float64], ...]:
        """`bumps` as quick as syllables, of several half-lengths."""
        return tuple(self.bumps(half) for half in SYLLABLES)

    def head_bumps(self, half: float) -> NDArray[np.float64]:
        """The same of the head."""
        return np.hypot(*_bump(self.head, half).T)


def _between(places: NDArray, times: NDArray, values: NDArray) -> NDArray[np.float64]:
    after = np.clip(np.searchsorted(times, places, "right"), 1, len(times) - 1)
    share = (places - times[after - 1]) / (times[after] - times[after - 1])
    return values[after - 1] + share[:, None] * (values[after] - values[after - 1])


def _bump(values: NDArray[np.float64], half: float) -> NDArray[np.float64]:
    k = round(half / STEP)
    # What lies before the first point and after the last is taken to be as they are.
    padded = np.pad(values, ((k, k), *((0, 0),) * (values.ndim - 1)), "edge")
    return values - (padded[: -2 * k] + padded[2 * k :]) / 2
