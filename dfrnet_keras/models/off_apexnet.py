"""OFF-ApexNet, two convolution streams over horizontal and vertical flow."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import FeatureNormalization

SMALLEST_SIZE = 4


def OffApexNet(
    input_size: int = 28,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    name: str = "off-apexnet",
) -> keras.Model:
    """Build OFF-ApexNet.

    One stream sees u, one v: 5x5 convolutions of 6 and of 16 filters, each followed by ReLU and
    max-pooling by 2. Joined they pass through two dense layers of 1024 with ReLU and a dropout of a
    half each. 2,664,475 parameters at the default size and classes: the 2.66 M of the literature.

    Departures: the maps are standardised by the training fold (the paper says nothing that was at
    hand here), so that flow in pixels and in bytes both come in a range that suits the dense
    layers; the text of the paper was not at hand, so ReLU after the convolutions, `same` padding
    and dropout follow the common reading that gives the 1,568 features and 2.66 M parameters it
    names.

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
        Gan et al., "OFF-ApexNet on micro-expression recognition system", Signal Processing: Image
        Communication 74, 2019. [arXiv:1805.08699](https://arxiv.org/abs/1805.08699)
    """
    if input_size < SMALLEST_SIZE:
        raise InputError(f"OFF-ApexNet takes input_size from {SMALLEST_SIZE} up, not {input_size}.")
    if classes < 1:
        raise InputError(f"classes must be 1 or more, not {classes}.")
    inputs = keras.Input((input_size, input_size, 3), name="flow")
    maps = FeatureNormalization(name="flow_normalization")(inputs)
    streams = [_stream(maps[..., :1], "u"), _stream(maps[..., 1:2], "v")]
    x = layers.Concatenate(name="streams")(streams)
    for number in (1, 2):
        x = layers.Dense(1024, activation="relu", name=f"dense{number}")(x)
        x = layers.Dropout(0.5, name=f"dropout{number}")(x)
    outputs = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return keras.Model({"flow": inputs}, outputs, name=name)


def _stream(x: Any, axis: str) -> Any:
    for number, filters in enumerate((6, 16), start=1):
        x = layers.Conv2D(
            filters,
            5,
            padding="same",
            activation="relu",
            data_format="channels_last",
            name=f"{axis}_conv{number}",
        )(x)
        x = layers.MaxPooling2D(2, data_format="channels_last", name=f"{axis}_pool{number}")(x)
    return layers.Flatten(name=f"{axis}_features")(x)
