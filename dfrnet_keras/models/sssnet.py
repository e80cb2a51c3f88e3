"""SSSNet, a shallow single stream of two convolutions."""

from __future__ import annotations

import keras
from keras import layers

from dfrnet_keras.layers import AreaResizing, FeatureNormalization
from dfrnet_keras.layers.base import torch_uniform
from dfrnet_keras.models.parts import (
    Conv2D,
    MaxPooling2D,
    TorchBatchNormalization,
    check_sizes,
    flow_input,
)

SIDE = 64
SMALLEST_SIZE = 8
_DECAY = 1e-3 / 2  # the gradient of this times the square is PyTorch's weight_decay of 1e-3


def SSSNet(
    input_size: int = SIDE,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    name: str = "sssnet",
) -> keras.Model:
    """Build SSSNet.

    A 5x5 convolution of 32 filters, ReLU, max-pooling by 3, batch normalisation and a dropout of
    half the channels; the same with a 3x3 convolution of 64 and pooling by 2; a dense layer of 256
    with ReLU and dropout. 1,349,251 parameters at 3 classes, whatever the input size: maps are
    brought to 64 x 64, the size that it was published with, small ones by linear interpolation and
    an average.

    Its training decays all weights; here the loss has a penalty on the kernels.

    Departures: maps are standardised by the training fold; biases and normalisations do not decay.

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
        Varanka, Peng and Zhao, "Micro-expression recognition with noisy labels", IS&T Electronic
        Imaging 33, 2021, doi:10.2352/ISSN.2470-1173.2021.11.HVEI-157;
        https://github.com/tvaranka/meb
    """
    check_sizes("SSSNet", input_size, SMALLEST_SIZE, classes)
    inputs = flow_input(input_size)
    x = FeatureNormalization(name="flow_normalization")(inputs)
    if input_size < SIDE:
        # Not keras.layers.Resizing: called without a word about training, it sets all layers after
        # it to training (Keras 3.15).
        x = layers.UpSampling2D(
            -(-SIDE // input_size),
            interpolation="bilinear",
            data_format="channels_last",
            name="enlarged",
        )(x)
    x = AreaResizing(SIDE, SIDE, name="map")(x)
    for number, (filters, size, pool) in enumerate(((32, 5, 3), (64, 3, 2)), start=1):
        x = Conv2D(
            filters,
            size,
            activation="relu",
            kernel_initializer=torch_uniform(),
            kernel_regularizer=keras.regularizers.L2(_DECAY),
            name=f"conv{number}",
        )(x)
        x = MaxPooling2D(pool, name=f"pool{number}")(x)
        x = TorchBatchNormalization(name=f"norm{number}")(x)
        x = layers.SpatialDropout2D(0.5, data_format="channels_last", name=f"dropout{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = _dense(256, "relu", "dense")(x)
    x = layers.Dropout(0.5, name="dropout3")(x)
    outputs = _dense(classes, classifier_activation, "predictions")(x)
    return keras.Model({"flow": inputs}, outputs, name=name)


def _dense(units: int, activation: str | None, name: str) -> layers.Dense:
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=torch_uniform(),
        kernel_regularizer=keras.regularizers.L2(_DECAY),
        name=name,
    )
