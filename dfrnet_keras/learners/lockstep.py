"""STSTNets of several folds trained side by side: a step of all of them together.

STSTNet is so small that most of a step of its own is overhead: kernels that are slow on few
channels, and maps that travel through memory between them. Folds have nearly all their clips in
common, so the networks of four folds look at a clip together: their convolutions are one matrix
product, and what follows happens while the result is still in the processor's cache. Three
properties of the network save the rest:

- Maxima come after normalisation in the network, and can be taken before it as long as gamma is
  positive.
- The gradient of the convolution needs no gradient of the maps: normalisation adds to it multiples
  of two sums that are there after the way forward (`_Sums`), and a maximum hands it to one place.
- The sum of squares that the variance needs follows from one of these sums.

A network computes the same whatever the others are, and what Keras computes but for rounding
(`tests/evaluation/test_lockstep.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.learners.patches import POOL, Patches
from dfrnet_keras.learners.streams import (
    CHANNELS,
    STREAMS,
    joined_weights,
    set_joined_weights,
)

if TYPE_CHECKING:
    import keras

# More than four hardly gain speed, and where fewer are asked for the other places stay idle.
WIDTH = 4
_BETA, _BETA_SQUARED, _EPSILON = 0.9, 0.999, 1e-7  # those of keras.optimizers.Adam


class Lockstep:
    """The networks of a group of folds, with their optimizers.

    The channels of the networks stand one after the other: network `n` has `16 n` to `16 n + 15`.
    Arrays have room for `WIDTH` networks however many are trained.

    Args:
        network: An STSTNet; all start with its weights.
        patches: Of all clips of the store.
        labels: Their class numbers.
        learning_rate: Of Adam.
    """

    def __init__(
        self,
        network: keras.Model,
        patches: Patches,
        labels: NDArray[np.int64],
        *,
        learning_rate: float,
    ) -> None:
        self.patches, self.labels = patches, labels
        self.learning_rate = learning_rate
        self.dropout = network.get_layer("dropout").rate
        norm = network.get_layer(f"norm{STREAMS[0]}")
        self.momentum, self.epsilon = norm.momentum, norm.epsilon
        kernel, bias = joined_weights(network, "conv")
        gamma, beta, self.mean, self.variance = (
            np.tile(weight, WIDTH) for weight in joined_weights(network, "norm")
        )
        dense, dense_bias = network.get_layer("predictions").get_weights()
        # What is trained, by name.
        self.weights: dict[str, NDArray[np.float32]] = {
            "kernel": np.tile(np.vstack([kernel.reshape(27, CHANNELS), bias]), WIDTH),
            "gamma": gamma,
            "beta": beta,
            "dense": np.tile(dense, (WIDTH, 1, 1)),
            "dense_bias": np.tile(dense_bias, (WIDTH, 1)),
        }
        self._first = {name: np.zeros_like(weight) for name, weight in self.weights.items()}
        self._second = {name: np.zeros_like(weight) for name, weight in self.weights.items()}
        self._steps = 0
        self._sums: _Sums | None = None

    def step(
        self, clips: NDArray[np.int64], trained: NDArray[np.bool_], kept: NDArray[np.uint8]
    ) -> NDArray[np.float64]:
        """One step of Adam for each network.

        Args:
            clips: Those of the batch `(n,)`.
            trained: Which network trains on which of them, `(WIDTH, n)`.
            kept: 1 where dropout keeps a pooled value, else 0, `(n, windows, 16 * WIDTH)`.

        Returns:
            Each network's cross-entropy, summed over its clips, float64 `(WIDTH,)`.
        """
        sums = self._forward(clips, trained)
        # A network without a clip in the batch must not divide by none; its gradient is zero.
        count = np.repeat(np.maximum(trained.sum(1), 1), CHANNELS) * self.patches.places
        mean = sums.maps[27] / count
        # The sum of squares: a positive value is the product of its patch and the kernel.
        squares = (self.weights["kernel"] * sums.maps).sum(0) / count
        variance = np.maximum(squares - mean**2, 0)
        scale = 1 / np.sqrt(variance + self.epsilon)
        features = self._pooled(sums, kept, mean, scale)
        loss, slopes, gradients = self._classify(features, clips, trained)
        gradients |= self._backward(clips, sums, kept, slopes, mean, scale, count)
        moves = np.repeat(trained.any(1), CHANNELS)
        for name, now in (("mean", mean), ("variance", variance)):
            before = getattr(self, name)
            after = before * self.momentum + now * (1 - self.momentum)
            setattr(self, name, np.where(moves, after, before).astype(np.float32))
        self._adam(gradients)
        return loss

    def give_to(self, network: keras.Model, place: int) -> None:
        """Set the weights of an STSTNet to those of the network at a place of the group."""
        own = _own(place)
        kernel = self.weights["kernel"][:, own]
        conv = [kernel[:27].reshape(3, 3, 3, CHANNELS), kernel[27]]
        set_joined_weights(network, "conv", conv)
        statistics = (self.weights["gamma"], self.weights["beta"], self.mean, self.variance)
        set_joined_weights(network, "norm", [values[own] for values in statistics])
        network.get_layer("predictions").set_weights(
            [self.weights["dense"][place], self.weights["dense_bias"][place]]
        )

    def _forward(self, clips: NDArray[np.int64], trained: NDArray[np.bool_]) -> _Sums:
        side = self.patches.side
        if self._sums is None or len(self._sums.largest) < len(clips):
            self._sums = _Sums.empty(len(clips), side**2)
        sums = self._sums.cleared(len(clips))
        maps = np.empty((self.patches.values.shape[1], WIDTH * CHANNELS), np.float32)
        positive = np.empty_like(maps)
        windows = maps[: POOL**2 * side**2].reshape(POOL**2, side**2, -1)
        left_out = [np.flatnonzero(~trained[:, number]).tolist() for number in range(len(clips))]
        for number, clip in enumerate(clips):
            seen = self.patches.values[clip]
            np.dot(seen, self.weights["kernel"], out=maps)
            np.greater(maps, 0, out=positive)
            np.multiply(maps, positive, out=maps)
            for place in left_out[number]:
                maps[:, _own(place)] = positive[:, _own(place)] = 0
            sums.maps += seen.T @ maps
            sums.positive += seen.T @ positive
            largest = sums.largest[number]
            np.maximum(windows[0], windows[1], out=largest)
            for window in windows[2:]:
                np.maximum(largest, window, out=largest)
            where = np.equal(windows, largest, out=sums.where[number])
            # Of several equal ones the first is the maximum.
            taken = where[0].copy()
            for place in where[1:]:
                np.greater(place, taken, out=place)
                taken |= place
        return sums

    def _pooled(
        self, sums: _Sums, kept: NDArray, mean: NDArray, scale: NDArray
    ) -> NDArray[np.float32]:
        """What the classifier looks at, `(clips, places, 16 * WIDTH)`."""
        side = self.patches.side
        # Dropout's factor, and the mean over four windows.
        factor = 1 / (1 - self.dropout) / 4
        slope = self.weights["gamma"] * scale
        shift = ((self.weights["beta"] - slope * mean) * factor).astype(np.float32)
        slope = (slope * factor).astype(np.float32)
        half = (side // 2) ** 2
        features = np.empty((len(kept), half, len(slope)), np.float32)
        values = np.empty_like(sums.largest[0, : 4 * half])
        quarters = values.reshape(4, half, -1)
        for number, largest in enumerate(sums.largest):
            np.multiply(largest[: 4 * half], slope, out=values)
            values += shift
            values *= kept[number, : 4 * half]
            np.add(quarters[0], quarters[1], out=features[number])
            features[number] += quarters[2]
            features[number] += quarters[3]
        return features

    def _classify(
        self, features: NDArray[np.float32], clips: NDArray[np.int64], trained: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], dict[str, NDArray]]:
        """Losses, their slopes by the features, and the gradients of the classifiers."""
        from scipy.special import log_softmax

        count, places, _ = features.shape
        own = features.reshape(count, places, WIDTH, CHANNELS).transpose(2, 0, 1, 3)
        flat = own.reshape(WIDTH, count, -1)
        logits = flat @ self.weights["dense"] + self.weights["dense_bias"][:, None]
        logarithms = log_softmax(logits, axis=-1)
        labels = self.labels[clips]
        right = logarithms[:, np.arange(count), labels]
        loss = -np.where(trained, right, 0).sum(1, dtype=np.float64)
        errors: NDArray[np.float32] = np.exp(logarithms)
        errors[:, np.arange(count), labels] -= 1
        errors *= (trained / np.maximum(trained.sum(1, keepdims=True), 1))[..., None]
        slopes = errors @ self.weights["dense"].transpose(0, 2, 1)
        slopes = slopes.reshape(WIDTH, count, places, CHANNELS).transpose(1, 2, 0, 3)
        gradients = {"dense": flat.transpose(0, 2, 1) @ errors, "dense_bias": errors.sum(1)}
        return loss, slopes.reshape(features.shape), gradients

    def _backward(
        self,
        clips: NDArray[np.int64],
        sums: _Sums,
        kept: NDArray[np.uint8],
        slopes: NDArray[np.float32],
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
        count: NDArray[np.int64],
    ) -> dict[str, NDArray]:
        """Gradients of convolution and normalisation."""
        half, channels = slopes.shape[1:]
        factor = np.float32(1 / (1 - self.dropout) / 4)
        beta, product = np.zeros(channels), np.zeros(channels)
        handed = np.zeros((28, channels))
        slope: NDArray[np.float32] = np.zeros(sums.largest.shape[1:], np.float32)
        quarters = slope[: 4 * half].reshape(4, half, channels)
        spread: NDArray[np.float32] = np.empty(sums.where.shape[1:], np.float32)
        for number, clip in enumerate(clips):
            np.multiply(slopes[number], factor, out=quarters[0])
            quarters[1:] = quarters[0]
            slope *= kept[number]
            largest = sums.largest[number]
            beta += slope.sum(0)
            product += np.einsum("wc,wc->c", slope, largest)
            slope *= largest > 0
            np.multiply(sums.where[number], slope, out=spread)
            seen = self.patches.values[clip, : spread.shape[0] * spread.shape[1]]
            handed += seen.T @ spread.reshape(-1, channels)
        gamma = (product - mean * beta) * scale
        # What every place gets because mean and variance depend on it.
        level = sums.positive * (beta / count)
        tilt = (sums.maps - mean * sums.positive) * (scale * gamma / count)
        kernel = (handed - level - tilt) * (self.weights["gamma"] * scale)
        return {"kernel": kernel, "gamma": gamma, "beta": beta}

    def _adam(self, gradients: dict[str, NDArray]) -> None:
        self._steps += 1
        rate = self.learning_rate * math.sqrt(1 - _BETA_SQUARED**self._steps)
        rate /= 1 - _BETA**self._steps
        for name, weight in self.weights.items():
            gradient = gradients[name].astype(np.float32)
            first, second = self._first[name], self._second[name]
            first += (gradient - first) * np.float32(1 - _BETA)
            second += (gradient**2 - second) * np.float32(1 - _BETA_SQUARED)
            weight -= np.float32(rate) * first / (np.sqrt(second) + np.float32(_EPSILON))


@dataclass
class _Sums:
    """What the way forward leaves for the way back.

    Attributes:
        maps: Over all places, patch times positive value, `(28, channels)`; the last row are the
            sums of the values.
        positive: The same with 1 for each positive value.
        largest: Maxima of the windows, `(clips, windows, channels)`.
        where: Which place of its window each came from, `(clips, 9, windows, channels)`.
    """

    maps: NDArray[np.float64]
    positive: NDArray[np.float64]
    largest: NDArray[np.float32]
    where: NDArray[np.bool_]

    def cleared(self, clips: int) -> _Sums:
        """The same memory for the next step, of so many clips: new memory takes time to map."""
        self.maps[:] = self.positive[:] = 0
        return _Sums(self.maps, self.positive, self.largest[:clips], self.where[:clips])

    @classmethod
    def empty(cls, clips: int, windows: int) -> _Sums:
        channels = WIDTH * CHANNELS
        return cls(
            np.zeros((28, channels)),
            np.zeros((28, channels)),
            np.empty((clips, windows, channels), np.float32),
            np.empty((clips, POOL**2, windows, channels), bool),
        )


def _own(place: int) -> slice:
    """The channels of the network at a place."""
    return slice(place * CHANNELS, (place + 1) * CHANNELS)
