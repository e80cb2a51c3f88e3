"""DFR-Net on motion alone, trained on drawn action units before it sees a real clip.

The network of `--recipe best` (docs/experiments.md). It departs from the paper's in four things: it
takes relative motion (`RelativeMotion`), its classifier knows where on the face a feature lies
(flattened maps in place of their mean), it stops after two stages, and several such networks and
the mirror image of each clip are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import MirroredMotion, RelativeMotion
from dfrnet_keras.layers.base import check_counts
from dfrnet_keras.models.backbones import residual_blocks
from dfrnet_keras.models.dfrnet import REDUCTION, branch_convolution
from dfrnet_keras.models.parts import MaxPooling2D

SIDE = 28  # pixels: height and width of the maps that a member takes
STAGES = 2
_DROPOUT = 0.5  # of the features, while a member is trained on drawn motion


def motion_member(classes: int, number: int = 0) -> keras.Model:
    """One network of the ensemble, as it is trained on drawn motion.

    Args:
        classes: Number of classes.
        number: Of the member, which begins the names of its layers.

    Returns:
        A model from `motion` `(batch, 28, 28, 3)`, what `RelativeMotion` gives, to logits
        `(batch, classes)`.
    """
    inputs = keras.Input((SIDE, SIDE, 3), name="motion")
    x = inputs
    for layer in trunk_layers(f"member{number}_"):
        x = layer(x)
    x = layers.Dropout(_DROPOUT, name=f"member{number}_dropout")(x)
    return keras.Model(inputs, _head(classes, number, "drawn", None)(x), name=f"member{number}")


def trunk_of(member: keras.Model) -> keras.Model:
    """The part of a member that gives the features its classifier takes."""
    (flattened,) = (layer for layer in member.layers if isinstance(layer, layers.Flatten))
    return keras.Model(member.input, flattened.output)


def MotionDFRNet(
    input_size: int = SIDE,
    classes: int = 3,
    members: int = 4,
    drawn_share: float = 0.5,
    name: str = "motion_dfrnet",
) -> keras.Model:
    """Build the ensemble of motion networks.

    Each member has two classifiers on the same features: one trained with it on drawn motion, one
    fitted to real clips. The answer is the mean over members, over both classifiers with their
    shares, and over the clip and its mirror image.

    Args:
        input_size: Height and width of the flow maps in pixels, a multiple of 28; larger maps are
            averaged down to 28.
        classes: Number of classes.
        members: Networks to average.
        drawn_share: Share of the classifiers that were trained on drawn motion, 0 to 1.
        name: Name of the model.

    Returns:
        A functional model from `flow` `(batch, input_size, input_size, 3)`, u, v and strain in
        pixels or bytes, to probabilities `(batch, classes)`.

    Raises:
        InputError: An argument is out of its range.
    """
    refuse_size(input_size)
    check_counts(members=members, classes=classes)
    if not 0 <= drawn_share <= 1:
        raise InputError(f"drawn_share is {drawn_share}: it must be between 0 and 1.")
    inputs = keras.Input((input_size, input_size, 3), name="flow")
    x = inputs
    if input_size > SIDE:
        x = layers.AveragePooling2D(
            input_size // SIDE, data_format="channels_last", name="average_down"
        )(x)
    x = RelativeMotion(name="relative_motion")(x)
    views = [x, MirroredMotion(name="mirrored_motion")(x)]
    shares = {"fitted": 1 - drawn_share, "drawn": drawn_share}
    answers = []
    for number in range(members):
        trunk = trunk_layers(f"member{number}_")
        heads = {kind: _head(classes, number, kind, "softmax") for kind in shares}
        for view, features in enumerate(views):
            for layer in trunk:
                features = layer(features)
            for kind, share in shares.items():
                scale = layers.Rescaling(
                    share / (members * len(views)), name=f"member{number}_{kind}_share{view}"
                )
                answers.append(scale(heads[kind](features)))
    return keras.Model(inputs, layers.Add(name="predictions")(answers), name=name)


def set_members(
    ensemble: keras.Model,
    members: Sequence[keras.Model],
    fitted: Sequence[tuple[np.ndarray, np.ndarray]],
) -> None:
    """Give an ensemble its trained members and the classifiers fitted to their features.

    Args:
        ensemble: What `MotionDFRNet` made.
        members: What `motion_member` made, trained, as many as the ensemble has.
        fitted: Of each member, kernel `(features, classes)` and bias `(classes,)`.
    """
    for member, (kernel, bias) in zip(members, fitted, strict=True):
        for layer in member.layers:
            if layer.weights:
                ensemble.get_layer(layer.name).set_weights(layer.get_weights())
        ensemble.get_layer(f"{member.name}_fitted").set_weights([kernel, bias])


def refuse_size(size: int) -> None:
    """Refuse maps whose size is no multiple of 28: the members could not average them down."""
    if size < SIDE or size % SIDE:
        raise InputError(
            f"Maps of {size} x {size} cannot be averaged down to {SIDE} x {SIDE}: prepare them "
            f"with a --size that is a multiple of {SIDE}, such as {SIDE}, {2 * SIDE} or "
            f"{8 * SIDE}."
        )


def trunk_layers(prefix: str) -> list[Any]:
    """The layers of a member before its classifier, in their order; `prefix` begins their names."""
    return [
        branch_convolution(f"{prefix}flow_conv"),
        MaxPooling2D(REDUCTION, name=f"{prefix}flow_pool"),
        *residual_blocks(STAGES, "all", prefix),
        layers.Flatten(data_format="channels_last", name=f"{prefix}positions"),
    ]


def _head(classes: int, number: int, kind: str, activation: str | None) -> layers.Dense:
    return layers.Dense(
        classes,
        activation=activation,
        kernel_initializer="he_normal",
        name=f"member{number}_{kind}",
    )
