"""RCN-A, a shallow recurrent convolutional network with attention that has no weights."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from dfrnet_keras.layers import AdaptiveAveragePooling2D, AttendedClassifier, FeatureNormalization
from dfrnet_keras.models.parts import (
    Conv2D,
    MaxPooling2D,
    TorchBatchNormalization,
    check_sizes,
    flow_input,
)

SMALLEST_SIZE = 8
FILTERS = 64
LARGEST_POOL = 7


def RCNA(
    input_size: int = 60,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    name: str = "rcn-a",
) -> keras.Model:
    """Build RCN-A.

    A 5x5 convolution of 64 filters with batch normalisation, ReLU, max-pooling by 2 and a dropout
    of a half; a recurrent layer: a 1x1 convolution, then a 3x3 convolution applied twice with the
    same weights to the sum of what came in and what it gave last, max-pooled by 2, dropout; and a
    classifier that weighs the map by where the early features fit it (`AttendedClassifier`).

    55,747 parameters at 60 x 60 and 53,251 at 28 x 28, for 3 classes.

    Departures from its authors' code: the maps are standardised by the training fold, while theirs
    are pictures of 0 to 1; where a map is smaller than 60 x 60, the classifier weighs as many
    places as are left (6 x 6 at 28) rather than 7 x 7. Weights start as theirs: convolutions
    He-normal by the fan-out, the classifier normal with a deviation of 0.01.

    Args:
        input_size: Height and width of the input in pixels, at least 8.
        classes: Number of classes.
        classifier_activation: Activation of the last layer; None for logits.
        name: Name of the model.

    Returns:
        A functional model. Its input, named `flow`, is `(batch, input_size, input_size, 3)`: u, v
        and strain; its output is `(batch, classes)`.

    Raises:
        InputError: input_size or classes is too small.

    Reference:
        Xia et al., "Revealing the Invisible with Model and Data Shrinking for Composite-database
        Micro-expression Recognition", IEEE Transactions on Image Processing 29, 2020.
        [arXiv:2006.09674](https://arxiv.org/abs/2006.09674);
        https://github.com/xiazhaoqiang/ParameterFreeRCNs-MicroExpressionRec
    """
    check_sizes("RCN-A", input_size, SMALLEST_SIZE, classes)
    inputs = flow_input(input_size)
    x = FeatureNormalization(name="flow_normalization")(inputs)
    x = _Block(5, "valid", "conv")(x)
    early = _shrunk(x, "conv")
    forward = _Block(1, "same", "forward")(early)
    recurrent = _Block(3, "same", "recurrent")
    x = recurrent(layers.Add(name="sum1")([early, forward]))
    x = recurrent(layers.Add(name="sum2")([early, x]))
    late = _shrunk(x, "recurrent")
    places = min(LARGEST_POOL, late.shape[1])
    early = AdaptiveAveragePooling2D(places, name="early_places")(early)
    late = AdaptiveAveragePooling2D(places, name="late_places")(late)
    outputs = AttendedClassifier(classes, classifier_activation, name="predictions")([early, late])
    return keras.Model({"flow": inputs}, outputs, name=name)


class _Block:
    """Convolution, batch normalisation, ReLU; called twice, its weights are shared."""

    def __init__(self, size: int, padding: str, name: str) -> None:
        self._layers = [
            Conv2D(
                FILTERS,
                size,
                padding=padding,
                kernel_initializer=keras.initializers.VarianceScaling(
                    2.0, "fan_out", "untruncated_normal"
                ),
                name=name,
            ),
            TorchBatchNormalization(name=f"{name}_norm"),
            layers.ReLU(name=f"{name}_relu"),
        ]

    def __call__(self, x: Any) -> Any:
        for layer in self._layers:
            x = layer(x)
        return x


def _shrunk(x: Any, name: str) -> Any:
    x = MaxPooling2D(2, name=f"{name}_pool")(x)
    return layers.Dropout(0.5, name=f"{name}_dropout")(x)
