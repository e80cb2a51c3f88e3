"""The network of the presets: classes, whether there is an expression at all, and action units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from dfrnet_keras.layers import MirroredMotion, MotionStrength, RelativeMotion, ResidualBlock
from dfrnet_keras.layers.base import check_choice, check_counts
from dfrnet_keras.models.dfrnet import REDUCTION, branch_convolution
from dfrnet_keras.models.motion_dfrnet import SIDE, refuse_size
from dfrnet_keras.models.parts import MaxPooling2D
from dfrnet_keras.models.preset import CLASS_HEADS

OUTPUTS = ("probabilities", "movement", "units")
_WIDTHS = (64, 80)  # filters of the two stages
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

    Members like those of `MotionDFRNet`, narrower in the second stage, with heads for classes (one
    for faces as `features.face` cuts them, one for those of published maps in bytes, which fill
    their map), movement, and action units. Logits are averaged over members and over the clip and
    its mirror image. The head for movement also has the strength that relative motion takes out.

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
        made = {layer.name: layer for layer in _layers(number, classes, units)}
        for view, seen in enumerate(views):
            heads = _heads(made.__getitem__, number, seen, strength)
            heads["probabilities"] = heads[CLASS_HEADS[flow_range]]
            if view:
                heads["units"] = heads["units"][:, :, ::-1]
            for output in OUTPUTS:
                found[output].append(heads[output])
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
        `RelativeMotion` and `MotionStrength` give, to the logits of `OUTPUTS` and of the second
        of `CLASS_HEADS`.
    """
    motion = keras.Input((SIDE, SIDE, 3), name="motion")
    strength = keras.Input((3,), name="strength")
    heads = _heads(network.get_layer, number, motion, strength, dropout=_DROPOUT)
    return keras.Model({"motion": motion, "strength": strength}, heads)


def trunk_of(
    network: keras.Model, number: int, flow_range: str
) -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """What a member makes of a clip before its classifier, and that classifier.

    Args:
        network: What `PresetNetwork` made.
        number: The member.
        flow_range: Whose classifier: that of maps in `"pixels"` or in `"bytes"`.

    Returns:
        A model from `motion` `(batch, 28, 28, 3)` to features `(batch, features)`, and the
        classifier's kernel `(features, classes)` and bias `(classes,)`.
    """
    motion = keras.Input((SIDE, SIDE, 3), name="motion")
    kernel, bias = network.get_layer(f"member{number}_classes").get_weights()
    place = list(CLASS_HEADS).index(flow_range)
    trunk = keras.Model(motion, _features(network.get_layer, number, motion))
    halves = (np.split(values, len(CLASS_HEADS), axis=-1)[place] for values in (kernel, bias))
    return trunk, *halves


def _layers(number: int, classes: int, units: int) -> list[Any]:
    prefix = f"member{number}_"
    dense = {"kernel_initializer": "he_normal"}
    return [
        branch_convolution(f"{prefix}flow_conv"),
        MaxPooling2D(REDUCTION, name=f"{prefix}flow_pool"),
        *(
            ResidualBlock(
                width, 2 if stage and not block else 1, name=f"{prefix}stage{stage}_block{block}"
            )
            for stage, width in enumerate(_WIDTHS)
            for block in range(2)
        ),
        layers.Flatten(data_format="channels_last", name=f"{prefix}positions"),
        layers.Dense(2 * classes, name=f"{prefix}classes", **dense),
        layers.Dense(2 * units, name=f"{prefix}units"),
        layers.Dense(_HIDDEN, activation="relu", name=f"{prefix}pattern", **dense),
        layers.Dense(_HIDDEN, activation="relu", name=f"{prefix}strength", **dense),
        layers.Dense(1, name=f"{prefix}movement"),
    ]


def _features(find: Callable[[str], Any], number: int, motion: Any) -> Any:
    blocks = (f"stage{stage}_block{block}" for stage in range(len(_WIDTHS)) for block in range(2))
    for name in ("flow_conv", "flow_pool", *blocks, "positions"):
        motion = find(f"member{number}_{name}")(motion)
    return motion


def _heads(
    find: Callable[[str], Any], number: int, motion: Any, strength: Any, dropout: float = 0.0
) -> dict[str, Any]:
    def named(name: str) -> Any:
        return find(f"member{number}_{name}")

    x = _features(find, number, motion)
    if dropout:
        x = layers.Dropout(dropout)(x)
    pattern = named("pattern")(x)
    # Strength decides together with the pattern, not beside it.
    together = named("strength")(layers.Concatenate()([pattern, strength]))
    units, classes = named("units")(x), named("classes")(x)
    count = classes.shape[-1] // 2
    return {
        CLASS_HEADS["pixels"]: classes[:, :count],
        CLASS_HEADS["bytes"]: classes[:, count:],
        "movement": named("movement")(together),
        "units": layers.Reshape((units.shape[-1] // 2, 2))(units),
    }
