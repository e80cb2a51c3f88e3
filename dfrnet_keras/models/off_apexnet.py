"""OFF-ApexNet, two convolution streams over horizontal and vertical flow."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from dfrnet_keras.models.parts import (
    Conv2D,
    MaxPooling2D,
    check_sizes,
    flow_input,
    normalized_components,
)

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
    check_sizes("OFF-ApexNet", input_size, SMALLEST_SIZE, classes)
    inputs = flow_input(input_size)
    streams = [_stream(x, axis) for axis, x in normalized_components(inputs)]
    x = layers.Concatenate(name="streams")(streams)
    for number in (1, 2):
        x = layers.Dense(1024, activation="relu", name=f"dense{number}")(x)
        x = layers.Dropout(0.5, name=f"dropout{number}")(x)
    outputs = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return keras.Model({"flow": inputs}, outputs, name=name)


def _stream(x: Any, axis: str) -> Any:
    for number, filters in enumerate((6, 16), start=1):
        name = f"{axis}_conv{number}"
        x = Conv2D(filters, 5, padding="same", activation="relu", name=name)(x)
        x = MaxPooling2D(2, name=f"{axis}_pool{number}")(x)
    return layers.Flatten(name=f"{axis}_features")(x)
