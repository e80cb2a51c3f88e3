"""Max-pooling whose windows start outside the map, as PyTorch's `MaxPool2d(padding=...)`."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts


class PaddedMaxPooling2D(BaseLayer):
    """Max-pool a map that is bordered, on all four sides, by one row of minus infinity.

    Keras pads the end of a map first, and only when the windows do not fit, so neither of its
    paddings makes the first window start at -1. The border here repeats the outermost row instead
    of holding a very small number: every window that sees the border also sees that row, so the
    maxima and their gradients are the same, and a quantised model keeps its range.

    Args:
        pool_size: Height and width of the window; at least 2.
        strides: Step of the window; its size by default.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Feature maps.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        `(batch, (height + 2 - pool_size) // strides + 1, ..., channels)`, the width likewise.
    """

    def __init__(self, pool_size: int = 3, strides: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pool_size < 2:
            raise InputError(f"pool_size must be 2 or more, not {pool_size}.")
        check_counts(strides=1 if strides is None else strides)
        self.pool_size = pool_size
        self.strides = strides
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        bordered = ops.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="symmetric")
        # Keras 3.15 fails on JAX where strides are left to follow the pool size.
        return ops.max_pool(
            bordered,
            self.pool_size,
            strides=self.strides or self.pool_size,
            data_format="channels_last",
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sizes, channels = input_shape
        step = self.strides or self.pool_size
        pooled = (
            None if size is None else (size + 2 - self.pool_size) // step + 1 for size in sizes
        )
        return (batch, *pooled, channels)
