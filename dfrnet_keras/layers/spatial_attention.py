"""Spatial attention, equation 14 of the DFR-Net paper."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape


class SpatialAttention(BaseLayer):
    """Gate each position by a weight learned from the channels' mean and maximum around it.

    Mean and maximum over the channels, side by side, pass through one convolution without bias
    and a sigmoid; the result multiplies the input.

    Args:
        kernel_size: Height and width of the convolution, odd.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Feature maps.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        The input's.

    Reference:
        DFR-Net, equation 14; [CBAM](https://arxiv.org/abs/1807.06521).
    """

    def __init__(self, kernel_size: int = 7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise InputError(f"kernel_size must be odd and positive, not {kernel_size}.")
        self.kernel_size = kernel_size
        self.input_spec = keras.layers.InputSpec(ndim=4)
        self.conv = self._convolution(1, kernel_size, "conv", use_bias=False, activation="sigmoid")

    def build(self, input_shape: Shape) -> None:
        self.conv.build((*input_shape[:-1], 2))

    def call(self, inputs: Any) -> Any:
        mean = ops.mean(inputs, axis=-1, keepdims=True)
        largest = ops.max(inputs, axis=-1, keepdims=True)
        return inputs * self.conv(ops.concatenate([mean, largest], axis=-1))
