"""HTNet: a hierarchy of transformers over four areas of the face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.layers import (
    AreaResizing,
    PaddedMaxPooling2D,
    WindowAttention,
    WindowPositions,
)
from dfrnet_keras.layers.base import check_counts, torch_uniform
from dfrnet_keras.models.parts import Conv2D, check_sizes, flow_input

SIDE = 28
_AREA = 14
# Where an area begins on the 28 x 28 map: the landmarks (left eye, right eye, left and right corner
# of the mouth) that the authors' code takes where its detector finds no face, 7 pixels before them.
# Their code reads x as the row and y as the column, so that its areas lie across the diagonal.
_CORNERS = ((2, 4), (14, 3), (3, 14), (13, 14))
LAYOUTS = ("authors", "upright")


def HTNet(
    input_size: int = SIDE,
    classes: int = 3,
    dim: int = 256,
    heads: int = 3,
    hierarchies: int = 3,
    repeats: Sequence[int] = (2, 2, 10),
    patch_size: int = 7,
    layout: str = "authors",
    classifier_activation: str | None = "softmax",
    name: str = "htnet",
) -> keras.Model:
    """Build HTNet as published.

    Four areas of 14 x 14 around eyes and corners of the mouth are cut from the map and put
    together to 28 x 28; patches of 7 x 7 become 4 x 4 tokens of 256 channels. Three levels of 2, 2
    and 10 transformer blocks follow, of 256, 512 and 1,024 channels, between which a convolution
    and max-pooling halve the grid. A level attends inside windows: 4 x 4 of them, 2 x 2, one.
    139,582,982 parameters at the default size and classes.

    With these numbers every window holds exactly one token. A softmax over one is 1, so query and
    key have no effect and get no gradient: 22,195,200 parameters that do nothing, and what is left
    is a network of dense layers and two convolutions (`tests/models/test_htnet.py` shows both).
    `HTNetSmall` has windows of many tokens.

    Departures from the authors' code: the areas are the fixed ones that it falls back to, for all
    clips, since maps have no landmarks; maps above 28 pixels are averaged down.

    Args:
        input_size: Height and width of the input in pixels, at least 28.
        classes: Number of classes.
        dim: Channels of the first level; each further level has twice as many.
        heads: Heads of the first level, likewise.
        hierarchies: Levels. The first has `2 ** (hierarchies - 1)` windows a side, the last one.
        repeats: Blocks of each level.
        patch_size: Height and width of a patch in pixels, a divisor of 28 that leaves each window
            a whole number of tokens.
        layout: `"authors"`, areas cut as in their code; `"upright"`, with x as the column.
        classifier_activation: Activation of the last layer; None for logits.
        name: Name of the model.

    Returns:
        A functional model. Its input, named `flow`, is `(batch, input_size, input_size, 3)`: u, v
        and strain, not normalised; its output is `(batch, classes)`.

    Raises:
        InputError: An argument is out of its range.

    Reference:
        Wang et al., "HTNet for micro-expression recognition", Neurocomputing 602, 2024.
        [arXiv:2307.14637](https://arxiv.org/abs/2307.14637);
        https://github.com/wangzhifengharrison/HTNet
    """
    check_sizes("HTNet", input_size, SIDE, classes)
    check_counts(dim=dim, heads=heads, hierarchies=hierarchies, patch_size=patch_size)
    check_choice("layout", layout, LAYOUTS)
    windows = 2 ** (hierarchies - 1)
    if len(repeats) != hierarchies or dim < heads or SIDE % (patch_size * windows):
        raise InputError(
            f"HTNet of {hierarchies} levels takes as many repeats, not {len(repeats)}, at most as "
            f"many heads as channels, and a patch_size of which {SIDE} holds a multiple of "
            f"{windows}, not {patch_size}."
        )
    inputs = flow_input(input_size)
    x = AreaResizing(SIDE, SIDE, name="map")(inputs)
    x = _areas(x, layout)
    x = Conv2D(
        dim, patch_size, strides=patch_size, kernel_initializer=torch_uniform(), name="patches"
    )(x)
    width = dim // heads
    for level, blocks in enumerate(repeats):
        prefix = f"level{level + 1}"
        if level:
            x = Conv2D(
                dim << level,
                3,
                padding="same",
                kernel_initializer=torch_uniform(),
                name=f"{prefix}_conv",
            )(x)
            x = _normalized(x, f"{prefix}_norm")
            x = PaddedMaxPooling2D(3, 2, name=f"{prefix}_pool")(x)
        x = WindowPositions(windows >> level, name=f"{prefix}_positions")(x)
        for block in range(1, blocks + 1):
            x = _block(x, windows >> level, heads << level, width, f"{prefix}_block{block}")
    x = _normalized(x, "norm")
    x = layers.GlobalAveragePooling2D(data_format="channels_last", name="global_pool")(x)
    outputs = layers.Dense(
        classes,
        activation=classifier_activation,
        kernel_initializer=torch_uniform(),
        name="predictions",
    )(x)
    return keras.Model({"flow": inputs}, outputs, name=name)


def HTNetSmall(
    input_size: int = SIDE,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    name: str = "htnet-small",
) -> keras.Model:
    """Build a small HTNet whose attention is real: no paper's.

    Two levels of two blocks, of 64 and 128 channels and 2 and 4 heads, over patches of 2 x 2. The
    first level attends inside each of the four areas, 49 tokens, the second over all of them, 49
    again: what the paper's text describes. Eyes are above the mouth. 571,045 parameters.

    Args:
        input_size, classes, classifier_activation, name: As for `HTNet`.

    Returns:
        As `HTNet`.

    Raises:
        InputError: input_size or classes is too small.
    """
    return HTNet(
        input_size,
        classes,
        dim=64,
        heads=2,
        hierarchies=2,
        repeats=(2, 2),
        patch_size=2,
        layout="upright",
        classifier_activation=classifier_activation,
        name=name,
    )


def _areas(x: Any, layout: str) -> Any:
    """The four areas, two above two."""
    cut = []
    for corner in _CORNERS:
        row, column = corner if layout == "authors" else corner[::-1]
        cut.append(x[:, row : row + _AREA, column : column + _AREA])
    rows = [
        layers.Concatenate(axis=2, name=f"{place}_areas")(pair)
        for place, pair in (("upper", cut[:2]), ("lower", cut[2:]))
    ]
    return layers.Concatenate(axis=1, name="areas")(rows)


def _block(x: Any, windows: int, heads: int, width: int, name: str) -> Any:
    channels = x.shape[-1]
    y = _normalized(x, f"{name}_norm1")
    y = WindowAttention(windows, heads, width, name=f"{name}_attention")(y)
    x = layers.Add(name=f"{name}_add1")([x, y])
    y = _normalized(x, f"{name}_norm2")
    for number, (units, activation) in enumerate(((4 * channels, "gelu"), (channels, None)), 1):
        y = layers.Dense(
            units,
            activation=activation,
            kernel_initializer=torch_uniform(),
            name=f"{name}_dense{number}",
        )(y)
    return layers.Add(name=f"{name}_add2")([x, y])


def _normalized(x: Any, name: str) -> Any:
    return layers.LayerNormalization(epsilon=1e-5, name=name)(x)
