"""Spotting without a trained network: baselines, and the package's own spotter beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.recording import Recording
from dfrnet_keras.evaluation.spotting.finds import Find
from dfrnet_keras.evaluation.spotting.learner import Span, SpottingLearner, truth_of
from dfrnet_keras.features.score_curves import main_direction_differences, region_maps
from dfrnet_keras.features.spotting import Movement, Spotter

# Lengths in seconds that the MEGC baseline lets through: 7 to 16 frames of CAS(ME)^2 are 47 to 105
# of SAMM Long Videos.
_LENGTHS = {"micro": (0.23, 0.53), "macro": (0.53, 4.0)}


class Nothing(SpottingLearner):
    """Always nothing."""

    name = "nothing"

    def spot(self, recording: Recording, threshold: float | None) -> list[Find]:
        return []


class Chance(SpottingLearner):
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


class PackageSpotter(SpottingLearner):
    """What `dfr-keras spot` does, at the full frame rate; its thresholds are fixed."""

    name = "spot"

    def __init__(self, **looking: Any) -> None:
        super().__init__(**looking)
        self._found: dict[str, list[Movement]] = {}

    def fit(self, recordings: Sequence[Recording], kind: str, seed: int) -> None:
        self._kind = kind

    def spot(self, recording: Recording, threshold: float | None) -> list[Find]:
        if recording.name not in self._found:
            spotter, found = Spotter(), []
            for index, frame in enumerate(self._read(recording, range(recording.count))):
                found += spotter.push(frame, index / recording.frame_rate)
            self._found[recording.name] = found + spotter.finish()
        return [
            Find(recording.name, one.onset, one.apex, one.offset, one.kind, one.confidence)
            for one in self._found[recording.name]
            if one.kind == self._kind
        ]


class MainDirections(SpottingLearner):
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


class MapMeans(SpottingLearner):
    """SOFTNet without its network: the mean of its maps."""

    name = "map-means"
    threshold = 0.55

    def curve(self, recording: Recording) -> NDArray[np.float64]:
        key = (recording.name, self.half(recording))
        if key not in self._curves:
            maps = region_maps(self.faces(recording), key[1], flow=self.flow)
            self._curves[key] = np.array([one.mean() for one in maps])
        return self._curves[key]
