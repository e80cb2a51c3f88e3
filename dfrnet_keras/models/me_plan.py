"""ME-PLAN on one map: a prototypical network with attention to places of the face."""

from __future__ import annotations

import keras
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import (
    AdaptiveAveragePooling2D,
    AreaResizing,
    RelativeMotion,
    ResidualBlock,
)
from dfrnet_keras.models.parts import Conv2D, TorchBatchNormalization, check_sizes, flow_input

SIDE = 28
EMBEDDING = 64
PLACES = 4  # along each side of the map
_FILTERS = (16, 32, 64, 128)


def MEPLAN(
    input_size: int = SIDE,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    embeddings: bool = False,
    name: str = "me-plan",
) -> keras.Model:
    """Build ME-PLAN on one map.

    A convolution and four residual blocks of 16, 32, 64 and 128 filters; attention to 4 x 4 places
    of the face, each weighed by what it shows itself; an embedding of 64. A clip belongs to the
    class whose prototype, the mean embedding of its training clips, is nearest. The last layer is
    that comparison written as a dense layer, so its weights are set and not trained
    (`learners.episodes`); what is trained is the embedding, by episodes (`models.losses`).

    Departures: the text of the paper was not at hand and its code is not public. It says: a 3-D
    residual network, trained in episodes, prototypes, local attention, pre-training on
    macro-expressions. Widths, places and the form of the attention are this package's. It takes
    whole sequences; here one onset-to-apex map stands for them, so the network is the 2-D one that
    a sequence of one map leaves. Motion is taken relative to the face's own (`RelativeMotion`), by
    which drawn maps and real ones come in one range.

    Args:
        input_size: Height and width of the input in pixels, at least 28; larger maps are averaged
            down to 28.
        classes: Number of classes.
        classifier_activation: Activation of the last layer; None for logits.
        embeddings: Answer with the embedding too, after the logits of the classes: what the loss
            takes. Goes with `classifier_activation=None` alone. The weights are the same.
        name: Name of the model.

    Returns:
        A functional model. Its input, named `flow`, is `(batch, input_size, input_size, 3)`: u, v
        and strain, in pixels or bytes; its output is `(batch, classes)`, or `(batch, classes + 64)`
        with `embeddings`.

    Raises:
        InputError: input_size or classes is too small, or embeddings are requested beside an
            activation.

    Reference:
        Zhao et al., "ME-PLAN: A deep prototypical learning with local attention network for
        dynamic micro-expression recognition", Neural Networks 153, 2022,
        doi:10.1016/j.neunet.2022.06.024
    """
    check_sizes("ME-PLAN", input_size, SIDE, classes)
    if embeddings and classifier_activation is not None:
        raise InputError("embeddings go with logits: give classifier_activation=None with them.")
    inputs = flow_input(input_size)
    x = AreaResizing(SIDE, SIDE, name="map")(inputs)
    x = RelativeMotion(name="relative_motion")(x)
    x = Conv2D(
        _FILTERS[0],
        3,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name="conv",
    )(x)
    x = TorchBatchNormalization(name="norm")(x)
    x = layers.ReLU(name="relu")(x)
    for number, filters in enumerate(_FILTERS, start=1):
        strides = 2 if number in (2, 3) else 1
        x = ResidualBlock(filters, strides, attention="none", name=f"block{number}")(x)
    x = AdaptiveAveragePooling2D(PLACES, name="places")(x)
    weights = layers.Dense(_FILTERS[-1] // 8, activation="relu", name="attention1")(x)
    weights = layers.Dense(1, activation="sigmoid", name="attention2")(weights)
    x = layers.Multiply(name="attended_places")([x, weights])
    x = layers.Flatten(data_format="channels_last", name="flatten")(x)
    embedding = layers.Dense(EMBEDDING, name="embedding")(x)
    outputs = layers.Dense(
        classes, activation=classifier_activation, trainable=False, name="predictions"
    )(embedding)
    if embeddings:
        outputs = layers.Concatenate(name="classes_and_embedding")([outputs, embedding])
    return keras.Model({"flow": inputs}, outputs, name=name)
