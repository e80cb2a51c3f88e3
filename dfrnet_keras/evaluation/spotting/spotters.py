"""What a spotter is to the protocol, and the baselines that train no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.recording import Interval, Recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.spotting.finds import Find
from dfrnet_keras.features.score_curves import (
    aligned_faces,
    main_direction_differences,
    region_maps,
)
from dfrnet_keras.frames import iterate_frames

# Lengths in seconds that the MEGC baseline lets through: 7 to 16 frames of CAS(ME)^2 are 47 to 105
# of SAMM Long Videos.
_LENGTHS = {"micro": (0.23, 0.53), "macro": (0.53, 4.0)}


class Span(NamedTuple):
    """An interval in the frames that a spotter looked at."""

    onset: int
    apex: int
    offset: int
    confidence: float


class Spotter:
    """Finds expressions of one kind at a time, after it has seen the recordings of other people.

    Args:
        frame_rate: Frames a second to look at; a faster recording is thinned out to about that.
            `None` looks at all.
        flow: Method of `optical_flow`.

    Attributes:
        name: What it is called.
        threshold: Its published p, the threshold being mean + p (max - mean) of a score over one
            recording; `None` where it has none.
    """

    name = ""
    threshold: float | None = None

    def __init__(self, *, frame_rate: float | None = 30.0, flow: str = "dis") -> None:
        self.frame_rate, self.flow = frame_rate, flow
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
        return aligned_faces(iterate_frames(recording.frames(), indexes, gray=True))


def truth_of(recordings: Sequence[Recording], kind: str) -> list[tuple[Interval, float]]:
    """The expressions of a kind, each with the frame rate of its recording."""
    return [
        (one, recording.frame_rate)
        for recording in recordings
        for one in recording.intervals
        if one.kind == kind
    ]


class Nothing(Spotter):
    """Always nothing."""

    name = "nothing"

    def spot(self, recording: Recording, threshold: float | None) -> list[Find]:
        return []


class Chance(Spotter):
    """As many expressions a minute as the training subjects show, as long as theirs, anywhere."""

    name = "chance"

    def fit(self, recordings: Sequence[Recording], kind: str, seed: int) -> None:
        super().fit(recordings, kind, seed)
        truth = truth_of(recordings, kind)
        seconds = sum(recording.count / recording.frame_rate for recording in recordings)
        self._rate = len(truth) / seconds
        self._lengths = [(one.offset - one.onset) / rate for one, rate in truth]
        self._seed = seed

    def spot(self, recording: Recording, threshold: float | None) -> list[Find]:
        # A generator of its own: the order of the recordings does not matter.
        own = [self._seed, len(self._kind), *recording.name.encode()]
        random = np.random.default_rng(own)
        rate, last = recording.frame_rate, recording.count - 1
        found = []
        for length in random.choice(
            self._lengths, random.poisson(self._rate * recording.count / rate)
        ).tolist():
            onset = int(random.integers(0, max(1, recording.count - round(length * rate))))
            offset = min(onset + round(length * rate), last)
            found.append(Find(recording.name, onset, (onset + offset) // 2, offset, self._kind))
        return found


class MainDirections(Spotter):
    """MDMD, the flow-region baseline of MEGC 2020: runs of frames above a threshold."""

    name = "mdmd"
    threshold = 0.01

    def curve(self, recording: Recording) -> NDArray[np.float64]:
        key = (recording.name, self.half(recording))
        if key not in self._curves:
            self._curves[key] = main_direction_differences(
                self.faces(recording), key[1], flow=self.flow
            )
        return self._curves[key]

    def pick(
        self, curve: NDArray[np.float64], half: int, threshold: float, rate: float
    ) -> list[Span]:
        if not len(curve):
            return []
        shortest, longest = (seconds * rate for seconds in _LENGTHS[self._kind])
        above = curve > curve.mean() + threshold * (curve.max() - curve.mean())
        edges = np.flatnonzero(np.diff(np.r_[0, above.astype(int), 0])).reshape(-1, 2).tolist()
        spans = []
        for start, stop in edges:
            if shortest <= stop - start <= longest:
                apex = start + int(curve[start:stop].argmax())
                spans.append(Span(start, apex, stop - 1, float(curve[apex])))
        return spans


class MapMeans(Spotter):
    """SOFTNet without its network: the mean of its maps."""

    name = "map-means"
    threshold = 0.55

    def curve(self, recording: Recording) -> NDArray[np.float64]:
        key = (recording.name, self.half(recording))
        if key not in self._curves:
            maps = region_maps(self.faces(recording), key[1], flow=self.flow)
            self._curves[key] = np.array([one.mean() for one in maps])
        return self._curves[key]
