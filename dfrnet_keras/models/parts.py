"""What the networks have in common: checks of arguments, the flow input, channels-last layers."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import FeatureNormalization
from dfrnet_keras.layers.base import check_counts

Conv2D = partial(layers.Conv2D, data_format="channels_last")
MaxPooling2D = partial(layers.MaxPooling2D, data_format="channels_last")
# Batch normalisation as the published PyTorch codes have it.
TorchBatchNormalization = partial(layers.BatchNormalization, momentum=0.9, epsilon=1e-5)


def check_sizes(network: str, input_size: int, smallest: int, classes: int) -> None:
    """Refuse maps that are too small for a network, and less than one class."""
    if input_size < smallest:
        raise InputError(f"{network} takes input_size from {smallest} up, not {input_size}.")
    check_counts(classes=classes)


def flow_input(size: int) -> keras.KerasTensor:
    """The input of flow maps."""
    return keras.Input((size, size, 3), name="flow")


def normalized_components(inputs: Any) -> list[tuple[str, Any]]:
    """Horizontal and vertical flow, standardised, each as a map of one channel with its name."""
    maps = FeatureNormalization(name="flow_normalization")(inputs)
    return [("u", maps[..., :1]), ("v", maps[..., 1:2])]


def inception_module(
    x: Any, widths: tuple[int, ...], name: str, paths: tuple[str, ...], joined: str, **options: Any
) -> Any:
    """Convolutions of 1, 3 and 5 and a pooling side by side, joined.

    Args:
        x: Maps `(batch, height, width, channels)`.
        widths: Filters of the six convolutions, in the order of `paths`.
        name: Begins the names of the layers.
        paths: Names of the convolutions: 1x1, the two of 3x3, the two of 5x5, that of the pooling.
        joined: Name of the layer that joins the four paths.
        **options: Further arguments of the convolutions.
    """

    def convolved(y: Any, place: int, size: int) -> Any:
        layer = Conv2D(
            widths[place],
            size,
            padding="same",
            activation="relu",
            name=f"{name}_{paths[place]}",
            **options,
        )
        return layer(y)

    straight = convolved(x, 0, 1)
    three = convolved(convolved(x, 1, 1), 2, 3)
    five = convolved(convolved(x, 3, 1), 4, 5)
    pooled = MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    branches = [straight, three, five, convolved(pooled, 5, 1)]
    return layers.Concatenate(name=joined)(branches)
