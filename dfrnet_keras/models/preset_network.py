"""The network of the presets: classes, whether there is an expression at all, and action units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from dfrnet_keras.errors import check_choice
from dfrnet_keras.layers import MirroredMotion, MotionStrength, RelativeMotion, ResidualBlock
from dfrnet_keras.layers.base import check_counts
from dfrnet_keras.models.dfrnet import REDUCTION, branch_convolution
from dfrnet_keras.models.motion_dfrnet import SIDE, refuse_size, trunk_layers
from dfrnet_keras.models.parts import MaxPooling2D

OUTPUTS = ("probabilities", "movement", "units")
PUBLISHED = "published"  # begins the names of the members that know published maps
_WIDTHS = (64, 80)  # filters of the two stages
_TRUNK = ("flow_conv", "flow_pool", "stage1_block1", "stage1_block2", "stage2_block1",
          "stage2_block2", "positions")  # fmt: skip
_HIDDEN = 16
_DROPOUT = 0.5


def PresetNetwork(
    input_size: int = SIDE,
    classes: int = 3,
    units: int = 16,
    members: int = 4,
    flow_range: str = "pixels",
    temperatures: tuple[float, float] = (1.0, 1.0),
    name: str = "preset_network",
) -> keras.Model:
    """Build the network of a preset.

    Members like those of `MotionDFRNet`, narrower in the second stage, with heads for classes,
    movement, and action units. Logits are averaged over members and over the clip and its mirror
    image. The head for movement also has the strength that relative motion takes out. The classes
    of published maps in bytes, in which faces fill the map, are those of as many members of
    `MotionDFRNet` (docs/presets.md: one network for both kinds knew these less well).

    Args:
        input_size: Height and width of the flow maps in pixels, a multiple of 28.
        classes: Number of classes.
        units: Number of action units.
        members: Networks to average.
        flow_range: `"pixels"`, or `"bytes"` where displacements have no unit.
        temperatures: What the logits of classes and of movement are divided by.
        name: Name of the model.

    Returns:
        A functional model from `flow` `(batch, input_size, input_size, 3)` to a dict:
        `probabilities` `(batch, classes)`; `movement` `(batch, 1)`, the probability that there is
        an expression; `units` `(batch, units, 2)`, of each unit the strength in the left and the
        right half of the map, 0 to 1, the strongest of the clip being 1.

    Raises:
        InputError: An argument is out of its range.
    """
    refuse_size(input_size)
    check_counts(members=members, classes=classes, units=units)
    check_choice("flow_range", flow_range, ("pixels", "bytes"))
    flow = keras.Input((input_size, input_size, 3), name="flow")
    x = flow
    if input_size > SIDE:
        x = layers.AveragePooling2D(
            input_size // SIDE, data_format="channels_last", name="average_down"
        )(x)
    known = flow_range == "pixels"
    strength = MotionStrength(SIDE / input_size, known, name="motion_strength")(x)
    motion = RelativeMotion(name="relative_motion")(x)
    views = [motion, MirroredMotion(name="mirrored_motion")(motion)]
    found: dict[str, list[Any]] = {output: [] for output in OUTPUTS}
    for number in range(members):
        made = {layer.name: layer for layer in _layers(f"member{number}", classes, units)}
        for view, seen in enumerate(views):
            heads = _heads(made.__getitem__, f"member{number}", seen, strength)
            if view:
                heads["units"] = heads["units"][:, :, ::-1]
            for output in OUTPUTS:
                found[output].append(heads[output])
    if not known:
        found["probabilities"] = []
        for number in range(members):
            name = f"{PUBLISHED}{number}"
            head = layers.Dense(classes, name=f"{name}_classes")
            made = {layer.name: layer for layer in (*trunk_layers(f"{name}_"), head)}
            found["probabilities"] += [
                head(_features(made.__getitem__, name, seen)) for seen in views
            ]
    logits = {output: layers.Average(name=f"{output}_logits")(found[output]) for output in OUTPUTS}
    for output, temperature in zip(OUTPUTS, temperatures, strict=False):
        rescale = layers.Rescaling(1 / temperature, name=f"{output}_temperature")
        logits[output] = rescale(logits[output])
    kinds = {"probabilities": "softmax", "movement": "sigmoid", "units": "sigmoid"}
    outputs = {
        output: layers.Activation(kinds[output], name=output)(logits[output]) for output in OUTPUTS
    }
    return keras.Model(flow, outputs, name=name)


def member_of(network: keras.Model, number: int) -> keras.Model:
    """One member of a preset's network, which shares its weights, as it is trained.

    Returns:
        A model from `motion` `(batch, 28, 28, 3)` and `strength` `(batch, 3)`, what
        `RelativeMotion` and `MotionStrength` give, to the logits of `OUTPUTS`.
    """
    motion = keras.Input((SIDE, SIDE, 3), name="motion")
    strength = keras.Input((3,), name="strength")
    heads = _heads(network.get_layer, f"member{number}", motion, strength, _DROPOUT)
    return keras.Model({"motion": motion, "strength": strength}, heads)


def take_published(network: keras.Model, number: int, member: keras.Model) -> None:
    """Give a preset's network for maps in bytes the weights of what `motion_member` made."""
    for layer in member.layers:
        if layer.weights:
            name = layer.name.removeprefix(member.name).replace("_drawn", "_classes")
            network.get_layer(f"{PUBLISHED}{number}{name}").set_weights(layer.get_weights())


def trunk_of(
    network: keras.Model, number: int, flow_range: str
) -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """What a member makes of a clip before its classifier, and that classifier.

    Args:
        network: What `PresetNetwork` made.
        number: The member.
        flow_range: That of the network.

    Returns:
        A model from `motion` `(batch, 28, 28, 3)` to features `(batch, features)`, and the
        classifier's kernel `(features, classes)` and bias `(classes,)`.
    """
    name = f"{'member' if flow_range == 'pixels' else PUBLISHED}{number}"
    motion = keras.Input((SIDE, SIDE, 3), name="motion")
    trunk = keras.Model(motion, _features(network.get_layer, name, motion))
    return trunk, *network.get_layer(f"{name}_classes").get_weights()


def take_weights(network: keras.Model, source: keras.Model) -> None:
    """Give a network those weights of another one whose layers bear the same names."""
    there = {layer.name for layer in source.layers}
    for layer in network.layers:
        if layer.weights and layer.name in there:
            layer.set_weights(source.get_layer(layer.name).get_weights())


def _layers(member: str, classes: int, units: int) -> list[Any]:
    dense = {"kernel_initializer": "he_normal"}
    blocks = (
        ResidualBlock(width, 2 if stage and block == 1 else 1,
                      name=f"{member}_stage{stage + 1}_block{block}")
        for stage, width in enumerate(_WIDTHS)
        for block in (1, 2)
    )  # fmt: skip
    return [
        branch_convolution(f"{member}_flow_conv"),
        MaxPooling2D(REDUCTION, name=f"{member}_flow_pool"),
        *blocks,
        layers.Flatten(data_format="channels_last", name=f"{member}_positions"),
        layers.Dense(classes, name=f"{member}_classes", **dense),
        layers.Dense(2 * units, name=f"{member}_units"),
        layers.Dense(_HIDDEN, activation="relu", name=f"{member}_pattern", **dense),
        layers.Dense(_HIDDEN, activation="relu", name=f"{member}_strength", **dense),
        layers.Dense(1, name=f"{member}_movement"),
    ]


def _features(find: Callable[[str], Any], member: str, motion: Any) -> Any:
    for name in _TRUNK:
        motion = find(f"{member}_{name}")(motion)
    return motion


def _heads(
    find: Callable[[str], Any], member: str, motion: Any, strength: Any, dropout: float = 0.0
) -> dict[str, Any]:
    def named(name: str) -> Any:
        return find(f"{member}_{name}")

    x = _features(find, member, motion)
    if dropout:
        x = layers.Dropout(dropout)(x)
    pattern = named("pattern")(x)
    # Strength decides together with the pattern, not beside it.
    together = named("strength")(layers.Concatenate()([pattern, strength]))
    units = named("units")(x)
    return {
        "probabilities": named("classes")(x),
        "movement": named("movement")(together),
        "units": layers.Reshape((units.shape[-1] // 2, 2))(units),
    }
