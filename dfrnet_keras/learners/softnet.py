"""Trains SOFTNet as published, to be run through the protocol of spotting."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.recording import Recording
from dfrnet_keras.evaluation.spotting.learner import SpottingLearner
from dfrnet_keras.features.score_curves import MAP_SIZE, region_maps

_LEARNING_RATE = 5e-4
_BATCH_SIZE = 12
_NOISE = 5.0  # gray values of 255; how strong the published one is, its paper does not say


class SoftNetLearner(SpottingLearner):
    """SOFTNet: a network that says of each frame how likely an expression begins there.

    One network for each kind: mean squared error against 1 where the interval from a frame on
    shares a frame with an expression, else 0; plain gradient descent; half of the 0-frames left
    out; for micro-expressions each 1-frame also mirrored, blurred and with noise.

    Args:
        frame_rate, flow, read: See `SpottingLearner`.
        epochs: Passes over the training frames, published 10.
        learning_rate: Published 0.0005.
        folder: Where maps are kept between folds; by default a temporary folder.
    """

    name = "softnet"
    threshold = 0.55

    def __init__(
        self,
        *,
        epochs: int = 10,
        learning_rate: float = _LEARNING_RATE,
        folder: str | Path | None = None,
        **looking: Any,
    ) -> None:
        super().__init__(**looking)
        self.epochs, self.learning_rate = epochs, learning_rate
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        self._folder = Path(folder if folder is not None else self._temporary.name)  # type: ignore[union-attr]

    def fit(self, recordings: Sequence[Recording], kind: str, seed: int) -> None:
        import keras

        from dfrnet_keras.models.softnet import SOFTNet

        super().fit(recordings, kind, seed)
        random = np.random.default_rng([seed, len(kind)])
        maps, labels = self._training_maps(recordings, random)
        keras.utils.set_random_seed(int(random.integers(2**31)))
        self._model = SOFTNet(MAP_SIZE)
        optimizer = keras.optimizers.SGD(self.learning_rate)
        self._model.compile(optimizer=optimizer, loss="mse")
        for _ in range(self.epochs):
            order = random.permutation(len(maps))
            for start in range(0, len(order), _BATCH_SIZE):
                batch = order[start : start + _BATCH_SIZE]
                self._model.train_on_batch(_streams(maps[batch]), labels[batch])

    def curve(self, recording: Recording) -> NDArray[np.float64]:
        maps = self._maps(recording)
        answers = [
            self._model.predict_on_batch(_streams(maps[start : start + 512]))[:, 0]
            for start in range(0, len(maps), 512)
        ]
        return np.concatenate(answers).astype(np.float64) if answers else np.zeros(0)

    def _training_maps(
        self, recordings: Sequence[Recording], random: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        chosen, labels = [], []
        for recording in recordings:
            maps = self._maps(recording)
            near = interval_labels(recording, self._kind, len(maps), self.half(recording),
                                   self.step(recording))  # fmt: skip
            kept = np.flatnonzero(near | (random.random(len(maps)) < 0.5))
            chosen.append(np.asarray(maps[kept]))
            labels.append(near[kept])
            if self._kind == "micro" and near.any():
                for changed in _varied(np.asarray(maps[near]), random):
                    chosen.append(changed)
                    labels.append(np.ones(len(changed), bool))
        return np.concatenate(chosen), np.concatenate(labels).astype(np.float32)[:, None]

    def _maps(self, recording: Recording) -> NDArray[np.uint8]:
        """The maps of a recording, computed once and then read from a file."""
        path = self._folder / f"{recording.name}-{self.half(recording)}.npy"
        if not path.exists():
            made = list(region_maps(self.faces(recording), self.half(recording), flow=self.flow))
            empty: NDArray[np.uint8] = np.zeros((0, MAP_SIZE, MAP_SIZE, 3), np.uint8)
            np.save(path, np.stack(made) if made else empty)
        return np.load(path, mmap_mode="r" if path.stat().st_size > 200 else None)


def interval_labels(
    recording: Recording, kind: str, count: int, gap: int, step: int = 1
) -> NDArray[np.bool_]:
    """Whether the frames from i to i + gap - 1 share one with an expression, for each i.

    Args:
        recording: Whose truth.
        kind: `"micro"` or `"macro"`.
        count: How many i.
        gap: Length of the intervals, in frames that are looked at.
        step: Which frames those are: each, every second ...
    """
    near = np.zeros(count, bool)
    for one in recording.intervals:
        if one.kind == kind:
            first, last = -(-one.onset // step), one.offset // step
            near[max(0, first - gap + 1) : last + 1] = True
    return near


def _varied(maps: NDArray[np.uint8], random: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    yield maps[:, :, ::-1]
    yield np.stack([cv2.GaussianBlur(one, (7, 7), 0) for one in maps])
    noisy = maps + random.normal(0, _NOISE, maps.shape)
    yield np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _streams(maps: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    scaled = maps.astype(np.float32) / np.float32(255)
    return {name: scaled[..., [place]] for place, name in enumerate(("u", "v", "strain"))}
