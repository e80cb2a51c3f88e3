"""STSTNet, the shallow three-stream baseline."""

from __future__ import annotations

import keras
from keras import layers

from dfrnet_keras.layers import PaddedMaxPooling2D
from dfrnet_keras.models.parts import Conv2D, TorchBatchNormalization, check_sizes, flow_input

SMALLEST_SIZE = 5


def STSTNet(
    input_size: int = 28,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    name: str = "ststnet",
) -> keras.Model:
    """Build STSTNet: three shallow convolution streams over an optical-flow picture.

    Each stream is a 3x3 convolution of 3, 5 or 8 filters (zero padding of 2), ReLU, batch
    normalisation, max-pooling 3/3 bordered by minus infinity and dropout of a half; the streams
    are joined, average-pooled by 2 and classified. Pooling and dropout treat channels one by one,
    so they run once, over the joined streams. Weights start as in PyTorch, where the published
    results were obtained: uniform within 1 / sqrt(fan-in), biases included.

    1,683 parameters at the default size and classes.

    Args:
        input_size: Height and width of the input in pixels, at least 5.
        classes: Number of classes.
        classifier_activation: Activation of the last layer; None for logits.
        name: Name of the model.

    Returns:
        A functional model. Its input, named `flow`, is `(batch, input_size, input_size, 3)`,
        values 0 to 255 (horizontal flow, vertical flow, strain), not normalised; its output is
        `(batch, classes)`.

    Raises:
        InputError: input_size or classes is too small.

    Reference:
        Liong et al., "Shallow Triple Stream Three-dimensional CNN (STSTNet) for Micro-expression
        Recognition", FG 2019. [arXiv:1902.03634](https://arxiv.org/abs/1902.03634)
    """
    check_sizes("STSTNet", input_size, SMALLEST_SIZE, classes)
    inputs = flow_input(input_size)
    padded = layers.ZeroPadding2D(2, name="padding", data_format="channels_last")(inputs)
    streams = []
    for filters in (3, 5, 8):
        x = Conv2D(
            filters,
            3,
            activation="relu",
            kernel_initializer=_uniform(27),
            bias_initializer=_uniform(27),
            name=f"conv{filters}",
        )(padded)
        streams.append(TorchBatchNormalization(name=f"norm{filters}")(x))
    x = layers.Concatenate(name="streams")(streams)
    x = PaddedMaxPooling2D(3, name="max_pool")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.AveragePooling2D(2, name="average_pool", data_format="channels_last")(x)
    x = layers.Flatten(name="flatten")(x)
    outputs = layers.Dense(
        classes,
        activation=classifier_activation,
        kernel_initializer=_uniform(x.shape[-1]),
        bias_initializer=_uniform(x.shape[-1]),
        name="predictions",
    )(x)
    return keras.Model({"flow": inputs}, outputs, name=name)


def _uniform(fan_in: int) -> keras.initializers.Initializer:
    """Return PyTorch's default: uniform within 1 / sqrt(fan_in)."""
    bound = fan_in**-0.5
    return keras.initializers.RandomUniform(-bound, bound)
