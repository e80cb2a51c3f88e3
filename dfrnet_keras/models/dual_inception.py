"""Dual-Inception, two streams of Inception blocks over horizontal and vertical flow."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import FeatureNormalization

SMALLEST_SIZE = 4


def DualInception(
    input_size: int = 28,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    name: str = "dual-inception",
) -> keras.Model:
    """Build Dual-Inception.

    One stream sees u, one v. Each has two Inception blocks, of 6 and of 16 filters a path, and
    max-pooling by 2 after each; joined they pass through a dense layer of 1024 with ReLU.
    6,449,867 parameters at the default size and classes.

    Departures from its authors' code: each stream sees its component of the flow as one channel,
    while theirs sees a picture of it with three; the maps are standardised by the training fold,
    theirs are not.

    Args:
        input_size: Height and width of the input in pixels, at least 4.
        classes: Number of classes.
        classifier_activation: Activation of the last layer; None for logits.
        name: Name of the model.

    Returns:
        A functional model. Its input, named `flow`, is `(batch, input_size, input_size, 3)`: u, v
        and strain, which is not used; its output is `(batch, classes)`.

    Raises:
        InputError: input_size or classes is too small.

    Reference:
        Zhou et al., "Dual-Inception Network for Cross-Database Micro-Expression Recognition", FG
        2019; https://github.com/xly135846/MEGC2019
    """
    if input_size < SMALLEST_SIZE:
        raise InputError(
            f"Dual-Inception takes input_size from {SMALLEST_SIZE} up, not {input_size}."
        )
    if classes < 1:
        raise InputError(f"classes must be 1 or more, not {classes}.")
    inputs = keras.Input((input_size, input_size, 3), name="flow")
    x = shared_features(inputs)
    outputs = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return keras.Model({"flow": inputs}, outputs, name=name)


def shared_features(inputs: Any) -> Any:
    """Normalisation, both streams and the dense layer: `(batch, 1024)`."""
    maps = FeatureNormalization(name="flow_normalization")(inputs)
    streams = [_stream(maps[..., :1], "u"), _stream(maps[..., 1:2], "v")]
    x = layers.Concatenate(name="streams")(streams)
    return layers.Dense(1024, activation="relu", name="dense")(x)


def _stream(x: Any, axis: str) -> Any:
    for number, filters in enumerate((6, 16), start=1):
        x = _block(x, filters, f"{axis}_block{number}")
        x = layers.MaxPooling2D(2, data_format="channels_last", name=f"{axis}_pool{number}")(x)
    return layers.Flatten(name=f"{axis}_features")(x)


def _block(x: Any, filters: int, name: str) -> Any:
    def conv(x: Any, size: int, path: str) -> Any:
        return layers.Conv2D(
            filters,
            size,
            padding="same",
            activation="relu",
            data_format="channels_last",
            name=f"{name}_{path}",
        )(x)

    pooled = layers.MaxPooling2D(
        3, strides=1, padding="same", data_format="channels_last", name=f"{name}_pool"
    )(x)
    paths = [
        conv(x, 1, "1x1"),
        conv(conv(x, 1, "3x3_reduced"), 3, "3x3"),
        conv(conv(x, 1, "5x5_reduced"), 5, "5x5"),
        conv(pooled, 1, "pooled_1x1"),
    ]
    return layers.Concatenate(name=name)(paths)
