"""What finds expressions, as the protocol sees it: it is fitted, then it spots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.recording import Interval, Recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.spotting.finds import Find
from dfrnet_keras.features.score_curves import aligned_faces
from dfrnet_keras.frames import iterate_frames


class Span(NamedTuple):
    """an interval in the frames that a learner looked at."""

    onset: int
    apex: int
    offset: int
    confidence: float


class SpottingLearner:
    """Finds expressions of one kind at a time, after it has seen the recordings of other people.

    Args:
        frame_rate: Frames a second to look at; a faster recording is thinned out to about that.
            `None` looks at all.
        flow: Method of `optical_flow`.
        read: Gives the frames of a recording at indexes, gray; by default from its files.

    Attributes:
        name: What it is called.
        threshold: Its published p, the threshold being mean + p (max - mean) of a score over one
            recording; `None` where it has none.
    """

    name = ""
    threshold: float | None = None

    def __init__(
        self,
        *,
        frame_rate: float | None = 30.0,
        flow: str = "dis",
        read: Callable[[Recording, range], Iterable[NDArray[np.uint8]]] | None = None,
    ) -> None:
        self.frame_rate, self.flow = frame_rate, flow
        self._read = read or _from_files
        self._kind, self._half = "micro", 0.2
        self._curves: dict[tuple[str, int], NDArray[np.float64]] = {}

    def fit(self, recordings: Sequence[Recording], kind: str, seed: int) -> None:
        """See the recordings of the training subjects; half the mean length is theirs."""
        lengths = [(one.offset - one.onset) / rate for one, rate in truth_of(recordings, kind)]
        if not lengths:
            raise InputError(
                f"the training subjects show no {kind}-expression: leave {kind} out, or give more "
                "recordings"
            )
        self._kind, self._half = kind, float(np.mean(lengths)) / 2

    def spot(self, recording: Recording, threshold: float | None) -> list[Find]:
        """The finds in a recording; `threshold` is p."""
        step = self.step(recording)
        curve = self.curve(recording)
        return [
            Find(
                recording.name, step * span.onset, step * span.apex, step * span.offset,
                self._kind, span.confidence,
            )
            for span in self.pick(curve, self.half(recording), threshold or 0.0,
                                  recording.frame_rate / step)
        ]  # fmt: skip

    def curve(self, recording: Recording) -> NDArray[np.float64]:
        """Its score of each frame that is looked at."""
        raise NotImplementedError

    def pick(
        self, curve: NDArray[np.float64], half: int, threshold: float, rate: float
    ) -> list[Span]:
        """Intervals where the score is high: by default its peaks, half a length to each side."""
        from scipy.signal import find_peaks

        if len(curve) <= 2 * half or not np.ptp(curve):
            return []
        smooth = np.convolve(curve, np.full(2 * half + 1, 1 / (2 * half + 1)), "same")
        least = smooth.mean() + threshold * (smooth.max() - smooth.mean())
        peaks, _ = find_peaks(smooth, height=least, distance=max(half, 1))
        last = len(curve) - 1
        return [
            Span(max(peak - half, 0), peak, min(peak + half, last), float(smooth[peak]))
            for peak in peaks.tolist()
        ]

    def step(self, recording: Recording) -> int:
        """Which of the frames are looked at: each, every second ..."""
        rate = self.frame_rate or recording.frame_rate
        return max(1, round(recording.frame_rate / rate))

    def half(self, recording: Recording) -> int:
        """Half the length of the expressions in frames that are looked at.

        In steps of a tenth, so that folds whose means differ little share what was computed.
        """
        rate = recording.frame_rate / self.step(recording)
        exact = max(1, int((self._half * 2 * rate + 1) / 2))
        return round(float(np.exp(round(10 * np.log(exact)) / 10)))

    def faces(self, recording: Recording) -> Iterator[NDArray[np.uint8]]:
        """Faces of the frames that are looked at, one at a time."""
        indexes = range(0, recording.count, self.step(recording))
        return aligned_faces(self._read(recording, indexes))


def _from_files(recording: Recording, indexes: range) -> Iterator[NDArray[np.uint8]]:
    return iterate_frames(recording.frames(), indexes, gray=True)


def truth_of(recordings: Sequence[Recording], kind: str) -> list[tuple[Interval, float]]:
    """The expressions of a kind, each with the frame rate of its recording."""
    return [
        (one, recording.frame_rate)
        for recording in recordings
        for one in recording.intervals
        if one.kind == kind
    ]
