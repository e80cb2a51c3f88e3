"""FGRL-AUF: landmarks of brows and mouth as a graph, fused with a graph of action units."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.layers import AreaResizing, FeatureNormalization, NodePatches, UnitGraph
from dfrnet_keras.models.parts import TorchBatchNormalization, check_sizes, flow_input

SMALLEST_SIZE = 14
LARGEST_MAP = 56
UNITS = (1, 2, 4, 10, 12, 14, 15, 17, 25)
BROW_UNITS = 3
_PATCH = 7
_ENCODERS = 6
_FEATURES = 160
# Heights of eyes and mouth and distance of an eye from the midline, as parts of the map: of what
# `features.face` cuts, and of the maps that STSTNet's authors published (`datasets.synthetic.flow`
# has the same).
LAYOUTS = {"cut": (0.36, 0.73, 0.175), "megc2019": (0.27, 0.72, 0.27)}
# Points of the right half of a mean face: height from the eyes (0) to the mouth (1), distance from
# the midline in distances of an eye. Brows from the outer end inwards; then, on the outer and on
# the inner edge of the lips, from the corner to the middle.
_BROW = ((-0.25, 1.65), (-0.35, 1.35), (-0.38, 1.0), (-0.34, 0.65), (-0.26, 0.35))
_UPPER_LIP = ((1.0, 0.75), (0.88, 0.5), (0.82, 0.2), (0.84, 0.0))
_LOWER_LIP = ((1.14, 0.5), (1.22, 0.2), (1.23, 0.0))
_INNER_LIPS = ((1.0, 0.62), (0.94, 0.2), (0.95, 0.0), (1.04, 0.2), (1.05, 0.0))


def FGRLAUF(
    input_size: int = LARGEST_MAP,
    classes: int = 3,
    components: str = "uvs",
    in_series: bool = False,
    layout: str = "cut",
    classifier_activation: str | None = "softmax",
    name: str = "fgrl-auf",
) -> keras.Model:
    """Build FGRL-AUF.

    Patches of 7 x 7 around 10 points of the brows and 20 of the mouth; a depthwise 3x3 convolution,
    batch normalisation and ReLU on each (node learning); transformer encoders over the points of
    the brows and over those of the mouth, 8 heads of 16 (edge learning); two dense layers each, to
    160 features; their products with the features of action units (`UnitGraph`), 3 of the brows
    and 6 of the mouth; layer normalisation and a dense layer.

    The authors' code applies each of its six encoders to the first input and keeps the last
    result, so that five do nothing. That is one encoder, the default here; `in_series=True` is
    what the text describes. With one component and encoders in series it has the 1,046,669
    parameters of their code; by default 1,759,647.

    Departures: the authors take features of a motion-magnifying network around detected landmarks;
    here patches are of u, v and strain, around the landmarks of a mean face laid on the aligned
    one. Maps above 56 pixels are averaged down to 56; below that, patches overlap strongly. Inputs
    are standardised by the training fold. The action units (1, 2, 4; 10, 12, 14, 15, 17, 25) are
    not named in the code and are the likely ones. `learners.unit_graph` sets the graph of a fold.

    Args:
        input_size: Height and width of the input in pixels, at least 14.
        classes: Number of classes.
        components: Letters of the flow's components to use: u, v, s (strain).
        in_series: Whether six encoders follow each other.
        layout: Where the face lies: `"cut"`, as `crop_face` cuts it, or `"megc2019"`, the published
            maps.
        classifier_activation: Activation of the last layer; None for logits.
        name: Name of the model.

    Returns:
        A functional model. Its input, named `flow`, is `(batch, input_size, input_size, 3)`: u, v
        and strain; its output is `(batch, classes)`.

    Raises:
        InputError: An argument is too small or not among its choices.

    Reference:
        Lei et al., "Micro-expression Recognition Based on Facial Graph Representation Learning and
        Facial Action Unit Fusion", CVPR Workshops 2021; https://github.com/raying777/FGRMER
    """
    check_sizes("FGRL-AUF", input_size, SMALLEST_SIZE, classes)
    check_choice("layout", layout, LAYOUTS)
    if not components or set(components) - set("uvs") or len(set(components)) < len(components):
        raise InputError(f"components are letters among u, v and s, not {components!r}.")
    brow, mouth = face_points(layout)
    inputs = flow_input(input_size)
    x = FeatureNormalization(name="flow_normalization")(inputs)
    if input_size > LARGEST_MAP:
        x = AreaResizing(LARGEST_MAP, LARGEST_MAP, name="map")(x)
    if components != "uvs":
        chosen = [x[..., place : place + 1] for place in map("uvs".index, components)]
        x = layers.Concatenate(name="components")(chosen) if len(chosen) > 1 else chosen[0]
    x = NodePatches(brow + mouth, _PATCH, name="patches")(x)
    x = layers.DepthwiseConv2D(3, padding="same", data_format="channels_last", name="nodes")(x)
    x = TorchBatchNormalization(name="nodes_norm")(x)
    x = layers.ReLU(name="nodes_relu")(x)
    points, width = len(brow) + len(mouth), len(components)
    x = ops.reshape(x, (-1, _PATCH**2, points, width))
    x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, points, _PATCH**2 * width))
    parts = {"brow": x[:, : len(brow)], "mouth": x[:, len(brow) :]}
    features = [_edges(part, in_series, name) for name, part in parts.items()]
    x = UnitGraph(BROW_UNITS, len(UNITS) - BROW_UNITS, name="units")(features)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    outputs = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return keras.Model({"flow": inputs}, outputs, name=name)


def face_points(layout: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Row and column, as parts of the map, of 10 points of the brows and 20 of the mouth."""
    eyes, mouth, apart = LAYOUTS[layout]

    def placed(points: Any) -> list[tuple[float, float]]:
        sides = [
            (eyes + height * (mouth - eyes), 0.5 + side * distance * apart)
            for side in (-1, 1)
            for height, distance in points
            if side > 0 or distance
        ]
        return [(min(max(row, 0.0), 1.0), min(max(column, 0.0), 1.0)) for row, column in sides]

    return placed(_BROW), placed(_UPPER_LIP + _LOWER_LIP + _INNER_LIPS)


def _edges(x: Any, in_series: bool, name: str) -> Any:
    """Encoders over the points of a part, and its two dense layers."""
    for number in range(_ENCODERS - 1 if not in_series else 0, _ENCODERS):
        x = _encoder(x, f"{name}_encoder{number + 1}")
    x = layers.Flatten(data_format="channels_last", name=f"{name}_points")(x)
    x = layers.Dense(2 * _FEATURES, activation="relu", name=f"{name}_dense1")(x)
    x = layers.Dropout(0.5, name=f"{name}_dropout")(x)
    return layers.Dense(_FEATURES, activation="relu", name=f"{name}_dense2")(x)


def _encoder(x: Any, name: str) -> Any:
    width = x.shape[-1]
    y = layers.MultiHeadAttention(8, 16, use_bias=False, dropout=0.5, name=f"{name}_attention")(
        x, x
    )
    y = layers.Dropout(0.5, name=f"{name}_dropout1")(y)
    x = layers.Add(name=f"{name}_add1")([x, y])
    x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm1")(x)
    y = layers.Dense(128, activation="relu", name=f"{name}_dense1")(x)
    y = layers.Dense(width, name=f"{name}_dense2")(y)
    y = layers.Dropout(0.5, name=f"{name}_dropout2")(y)
    x = layers.Add(name=f"{name}_add2")([x, y])
    return layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm2")(x)
