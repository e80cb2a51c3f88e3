"""Gray values of colour pictures."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_maps

_SHARES = np.array([[0.299], [0.587], [0.114]], np.float32)  # ITU-R BT.601, as OpenCV has it
_LARGEST = 1e3


class Gray(BaseLayer):
    """Turn RGB pictures into gray ones, as `features.optical_flow` does.

    Values that are no gray level of a picture (not finite, or beyond 1,000) become black: a graph
    cannot refuse them, and one of them would spoil every pixel of the flow.

    Call arguments:
        inputs: Pictures, uint8 or real, between 0 and 255.

    Input shape:
        `(batch, height, width, 3)`, or 1 channel that is gray already.

    Output shape:
        `(batch, height, width, 1)`, real, not rounded. The arithmetic is float32 whatever the
        compute type.
    """

    takes_pictures = True

    def build(self, input_shape: Shape) -> None:
        check_maps(self, input_shape, (3, 1))

    def call(self, inputs: Any) -> Any:
        pictures = gray_levels(inputs)
        if inputs.shape[-1] == 3:
            pictures = ops.matmul(pictures, _SHARES)
        return ops.cast(pictures, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], 1)


def gray_levels(pictures: Any) -> Any:
    """The pictures in float32, black where a value is no gray level."""
    pictures = ops.cast(pictures, "float32")
    return ops.where(ops.abs(pictures) <= _LARGEST, pictures, 0.0)


def check_pair(layer: keras.layers.Layer, input_shape: Any) -> tuple[int, int]:
    """Height and width of two batches of gray pictures, which a layer was built for.

    Raises:
        InputError: These are not two shapes `(batch, height, width, 1)` of known and equal size.
    """
    shapes = list(input_shape) if isinstance(input_shape, (list, tuple)) else []
    good = len(shapes) == 2 and all(isinstance(shape, (list, tuple)) for shape in shapes)
    if not good or any(len(shape) != 4 or shape[-1] != 1 for shape in shapes):
        raise InputError(
            f"{layer.name} takes a list of two gray pictures, onset and apex, each (batch, height, "
            f"width, 1), not the shape {input_shape}."
        )
    onset, apex = (tuple(shape[1:3]) for shape in shapes)
    if None in (*onset, *apex):
        raise InputError(f"{layer.name} needs a known height and width, not {input_shape}.")
    if onset != apex:
        raise InputError(
            f"{layer.name}: onset is {onset[1]} x {onset[0]} pixels and apex {apex[1]} x "
            f"{apex[0]}: give two frames of one size."
        )
    return onset
