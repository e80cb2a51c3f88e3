"""Dual-Inception, two streams of Inception blocks over horizontal and vertical flow."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from dfrnet_keras.models.parts import (
    MaxPooling2D,
    check_sizes,
    flow_input,
    inception_module,
    normalized_components,
)

SMALLEST_SIZE = 4
_PATHS = ("1x1", "3x3_reduced", "3x3", "5x5_reduced", "5x5", "pooled_1x1")


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
    check_sizes("Dual-Inception", input_size, SMALLEST_SIZE, classes)
    inputs = flow_input(input_size)
    x = shared_features(inputs)
    outputs = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return keras.Model({"flow": inputs}, outputs, name=name)


def shared_features(inputs: Any) -> Any:
    """Normalisation, both streams and the dense layer: `(batch, 1024)`."""
    streams = [_stream(x, axis) for axis, x in normalized_components(inputs)]
    x = layers.Concatenate(name="streams")(streams)
    return layers.Dense(1024, activation="relu", name="dense")(x)


def _stream(x: Any, axis: str) -> Any:
    for number, filters in enumerate((6, 16), start=1):
        block = f"{axis}_block{number}"
        x = inception_module(x, (filters,) * 6, block, _PATHS, joined=block)
        x = MaxPooling2D(2, name=f"{axis}_pool{number}")(x)
    return layers.Flatten(name=f"{axis}_features")(x)
