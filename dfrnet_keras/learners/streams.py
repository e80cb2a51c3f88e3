"""The three streams of STSTNet as one layer of 16 channels, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

STREAMS = (3, 5, 8)
CHANNELS = sum(STREAMS)


def joined_weights(network: keras.Model, kind: str) -> list[NDArray]:
    """The weights of the streams' layers of a kind, `"conv"` or `"norm"`, as those of one layer."""
    streams = [network.get_layer(f"{kind}{filters}").get_weights() for filters in STREAMS]
    return [np.concatenate(parts, axis=-1) for parts in zip(*streams, strict=True)]


def set_joined_weights(network: keras.Model, kind: str, weights: Sequence[NDArray]) -> None:
    """Set the weights of the streams' layers of a kind from those of one layer."""
    ends = np.cumsum(STREAMS)[:-1]
    streams = zip(*[np.split(weight, ends, axis=-1) for weight in weights], strict=True)
    for filters, own in zip(STREAMS, streams, strict=True):
        network.get_layer(f"{kind}{filters}").set_weights(own)
