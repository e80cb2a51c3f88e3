"""CapsuleNet: the first stages of a ResNet, and capsules of the classes."""

from __future__ import annotations

import keras
from keras import layers, ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.views import MAP_OF_VIEW
from dfrnet_keras.layers import ClassCapsules, FeatureNormalization
from dfrnet_keras.models.backbones import residual_blocks
from dfrnet_keras.models.parts import Conv2D, TorchBatchNormalization, check_sizes

SMALLEST_SIZE = 16
_KERNEL = 9
_CHANNELS = 256
_PART = 8


def CapsuleNet(
    features: str = "S",
    input_size: int = 224,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    name: str = "capsulenet",
) -> keras.Model:
    """Build CapsuleNet.

    ResNet-18 as far as its third stage, without its max-pooling; a 9x9 convolution of 256 filters
    with ReLU; another of step 2 whose 256 channels are 32 capsules of 8 at each place; a capsule of
    16 for each class, by 3 rounds of routing. 13,842,496 parameters at the default size and
    classes. Its loss is `models.losses.MarginLoss`.

    Departures: the published network starts from a ResNet trained on ImageNet and goes on with
    faces of FER-2013; here all weights start at random, since nothing is downloaded. Inputs are
    standardised by the training fold. Where the map of the trunk is too small for two 9x9
    convolutions (below 17 x 17: inputs below 65), the kernels are the largest odd ones that fit,
    and inputs below 128 meet a first convolution of step 1: the network that runs on 28 x 28 maps
    is a small relative of the published one. It also takes flow where there is no apex frame.

    Args:
        features: `"S"`, the apex frame as in the paper, or `"T"`, flow.
        input_size: Height and width of the input in pixels, at least 16.
        classes: Number of classes.
        classifier_activation: `"softmax"` gives the lengths of the class capsules divided by their
            sum; None their logarithms, which the loss takes. Softmax of those is the former.
        name: Name of the model.

    Returns:
        A functional model. Its input, named `apex` or `flow`, is
        `(batch, input_size, input_size, 3)`; its output is `(batch, classes)`.

    Raises:
        InputError: An argument is too small or not among its choices.

    Reference:
        Van Quang et al., "CapsuleNet for Micro-Expression Recognition", FG 2019;
        https://github.com/davidnvq/me_recognition
    """
    if features not in ("S", "T"):
        raise InputError(f"CapsuleNet takes one view, features S or T, not {features}.")
    check_sizes("CapsuleNet", input_size, SMALLEST_SIZE, classes)
    view = MAP_OF_VIEW[features]
    inputs = keras.Input((input_size, input_size, 3), name=view)
    x = FeatureNormalization(name=f"{view}_normalization")(inputs)
    x = Conv2D(
        64,
        7,
        strides=2 if input_size >= 128 else 1,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name="conv",
    )(x)
    x = TorchBatchNormalization(name="norm")(x)
    x = layers.ReLU(name="relu")(x)
    for block in residual_blocks(stages=3, attention="none"):
        x = block(x)
    # The largest odd kernel that fits twice into the trunk's map.
    kernel = min(_KERNEL, ((x.shape[1] + 1) // 2 - 1) // 2 * 2 + 1)
    x = Conv2D(_CHANNELS, kernel, activation="relu", name="capsule_conv")(x)
    x = Conv2D(_CHANNELS, kernel, strides=2, name="primary_capsules")(x)
    x = layers.Reshape((-1, _PART), name="parts")(x)
    x = ClassCapsules(classes, name="class_capsules")(x)
    # A little under the root, so that a capsule of length 0 has a logarithm.
    lengths = ops.log(ops.sum(ops.square(x), axis=-1) + 1e-12) / 2
    outputs = layers.Activation(classifier_activation or "linear", name="predictions")(lengths)
    return keras.Model({view: inputs}, outputs, name=name)
