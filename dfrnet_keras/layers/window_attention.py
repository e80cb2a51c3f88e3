"""Self-attention and learned positions inside the windows of a map, as NesT and HTNet have them."""

from __future__ import annotations

import warnings
from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts, torch_uniform


class WindowAttention(BaseLayer):
    """Let the places of each window of a map attend to each other, and to no others.

    Query, key and value have no bias, the projection back to the channels has one. Where a window
    holds one place, its softmax is 1 whatever query and key are: they have no effect and learn
    nothing, and the layer is two dense layers one after the other.

    Args:
        windows: Windows along each side of the map; 1 lets all places see each other.
        heads: Heads of the attention.
        head_width: Channels of a head.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Feature maps.

    Input shape:
        `(batch, side, side, channels)`; the side is known and a multiple of `windows`.

    Output shape:
        The input's.

    Reference:
        [NesT](https://arxiv.org/abs/2105.12723), and HTNet, see `models.HTNet`.
    """

    def __init__(self, windows: int, heads: int, head_width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_counts(windows=windows, heads=heads, head_width=head_width)
        self.windows = windows
        self.heads = heads
        self.head_width = head_width
        self.query, self.key, self.value = (
            self._projection(heads * head_width, name, use_bias=False)
            for name in ("query", "key", "value")
        )

    def _projection(self, units: int, name: str, **options: Any) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            kernel_initializer=torch_uniform(),
            dtype=self.dtype_policy,
            name=name,
            **options,
        )

    def build(self, input_shape: Shape) -> None:
        _check_windows(self.name, input_shape, self.windows)
        self.output_projection = self._projection(int(input_shape[-1] or 0), "output")
        for layer in (self.query, self.key, self.value):
            layer.build(input_shape)
        self.output_projection.build((*input_shape[:-1], self.heads * self.head_width))

    def call(self, inputs: Any) -> Any:
        side, channels = inputs.shape[1], inputs.shape[-1]
        width = side // self.windows
        # No more than four axes at a time: what small devices can transpose.
        x = ops.reshape(inputs, (-1, width, self.windows, width * channels))
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, width * width, channels))
        query, key, value = (self._heads(layer(x)) for layer in (self.query, self.key, self.value))
        fit = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * self.head_width**-0.5
        with warnings.catch_warnings():  # Keras has doubts where a window holds one place
            warnings.filterwarnings("ignore", message="You are using a softmax over axis")
            shares = ops.softmax(fit, axis=-1)
        seen = ops.matmul(shares, value)
        seen = ops.transpose(seen, (0, 2, 1, 3))
        x = ops.reshape(seen, (-1, width * width, self.heads * self.head_width))
        x = ops.reshape(self.output_projection(x), (-1, self.windows, width, width * channels))
        return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, side, side, channels))

    def _heads(self, x: Any) -> Any:
        x = ops.reshape(x, (-1, x.shape[1], self.heads, self.head_width))
        return ops.transpose(x, (0, 2, 1, 3))


class WindowPositions(BaseLayer):
    """Add a learned number to each place of a window, the same for all channels and windows.

    Args:
        windows: Windows along each side of the map.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Feature maps.

    Input shape:
        `(batch, side, side, channels)`; the side is known and a multiple of `windows`.

    Output shape:
        The input's.

    Reference:
        As `WindowAttention`.
    """

    def __init__(self, windows: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_counts(windows=windows)
        self.windows = windows

    def build(self, input_shape: Shape) -> None:
        width = _check_windows(self.name, input_shape, self.windows)
        self.positions = self.add_weight(
            shape=(width, width, 1),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="positions",
        )

    def call(self, inputs: Any) -> Any:
        return inputs + ops.tile(self.positions, (self.windows, self.windows, 1))


def _check_windows(name: str, shape: Shape, windows: int) -> int:
    """Places along a side of a window."""
    if len(shape) != 4 or None in shape[1:] or shape[1] != shape[2] or int(shape[1] or 0) % windows:
        raise InputError(
            f"{name} takes square maps (batch, side, side, channels) whose known side is a "
            f"multiple of {windows}, not the shape {tuple(shape)}."
        )
    return int(shape[1] or 0) // windows
