"""Patches of a map around fixed points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_maps


class NodePatches(BaseLayer):
    """Cut a small square around each of some points, and put the squares side by side as channels.

    A square that would reach over the border is moved inwards until it fits.

    Args:
        points: Row and column of each point, as parts of the map's side, 0 to 1.
        size: Height and width of a square in pixels, odd.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Maps.

    Input shape:
        `(batch, height, width, channels)`, height and width known and at least `size`.

    Output shape:
        `(batch, size, size, len(points) * channels)`, the channels of a point next to each other.
    """

    def __init__(self, points: Sequence[Sequence[float]], size: int = 7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.points = [[float(row), float(column)] for row, column in points]
        if not self.points or not all(0 <= part <= 1 for point in self.points for part in point):
            raise InputError("points must be one or more, their rows and columns between 0 and 1.")
        if size < 1 or size % 2 == 0:
            raise InputError(f"size must be odd and 1 or more, not {size}.")
        self.size = size

    def build(self, input_shape: Shape) -> None:
        check_maps(self, input_shape, known=True)
        sides = np.array([int(side or 0) for side in input_shape[1:3]])
        if sides.min() < self.size:
            raise InputError(f"{self.name} cuts {self.size} x {self.size}: the maps are smaller.")
        corners = np.floor(np.array(self.points) * sides).astype(int) - self.size // 2
        corners = np.clip(corners, 0, sides - self.size)
        steps = np.arange(self.size)
        rows = corners[:, 0] + steps[:, None, None]
        columns = corners[:, 1] + steps[None, :, None]
        self._places = (rows * sides[1] + columns).reshape(-1).astype("int32")

    def call(self, inputs: Any) -> Any:
        height, width, channels = inputs.shape[1:]
        flat = ops.reshape(inputs, (-1, height * width, channels))
        cut = ops.take(flat, self._places, axis=1)
        return ops.reshape(cut, (-1, self.size, self.size, len(self.points) * channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        channels = input_shape[-1]
        joined = None if channels is None else len(self.points) * channels
        return (input_shape[0], self.size, self.size, joined)
