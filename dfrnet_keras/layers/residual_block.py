"""The residual block with channel and spatial attention, equation 12 of the DFR-Net paper."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import check_choice
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts
from dfrnet_keras.layers.channel_attention import ChannelAttention
from dfrnet_keras.layers.spatial_attention import SpatialAttention

ATTENTIONS = ("none", "spatial", "channel", "all")


class ResidualBlock(BaseLayer):
    """ResNet's basic block, its residual gated by channel and then by spatial attention.

    `relu(shortcut(x) + SA(CA(f2(relu(f1(x))))))`, where f1 and f2 are 3x3 convolutions without
    bias, each followed by batch normalisation. The shortcut is the input itself, or a 1x1
    convolution with batch normalisation where the shape changes.

    Args:
        filters: Channels of the output.
        strides: Step of the first convolution and of the shortcut.
        attention: `"none"`, `"spatial"`, `"channel"` or `"all"`.
        ratio: See `ChannelAttention`.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Feature maps.
        training: Whether batch normalisation uses the batch's statistics.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        `(batch, ceil(height / strides), ceil(width / strides), filters)`.

    Reference:
        DFR-Net, equation 12; [ResNet](https://arxiv.org/abs/1512.03385).
    """

    def __init__(
        self, filters: int, strides: int = 1, attention: str = "all", ratio: int = 16, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        check_counts(filters=filters, strides=strides)
        check_choice("attention", attention, ATTENTIONS)
        self.filters = filters
        self.strides = strides
        self.attention = attention
        self.ratio = ratio
        self.input_spec = keras.layers.InputSpec(ndim=4)
        self.conv1 = self._conv(3, strides, "conv1")
        self.norm1 = self._normalization("norm1")
        self.conv2 = self._conv(3, 1, "conv2")
        self.norm2 = self._normalization("norm2")
        self.channel_attention: ChannelAttention | None = None
        self.spatial_attention: SpatialAttention | None = None
        if attention in ("channel", "all"):
            self.channel_attention = ChannelAttention(
                ratio, dtype=self.dtype_policy, name="channel_attention"
            )
        if attention in ("spatial", "all"):
            self.spatial_attention = SpatialAttention(
                dtype=self.dtype_policy, name="spatial_attention"
            )
        self.shortcut_conv: keras.layers.Conv2D | None = None
        self.shortcut_norm: keras.layers.BatchNormalization | None = None

    def _conv(self, size: int, strides: int, name: str) -> keras.layers.Conv2D:
        return self._convolution(self.filters, size, name, strides=strides, use_bias=False)

    def build(self, input_shape: Shape) -> None:
        output_shape = self.compute_output_shape(input_shape)
        self.conv1.build(input_shape)
        self.norm1.build(output_shape)
        self.conv2.build(output_shape)
        self.norm2.build(output_shape)
        if self.strides != 1 or input_shape[-1] != self.filters:
            self.shortcut_conv = self._conv(1, self.strides, "shortcut_conv")
            self.shortcut_norm = self._normalization("shortcut_norm")
            self.shortcut_conv.build(input_shape)
            self.shortcut_norm.build(output_shape)
        if self.channel_attention is not None:
            self.channel_attention.build(output_shape)
        if self.spatial_attention is not None:
            self.spatial_attention.build(output_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        shortcut = inputs
        if self.shortcut_conv is not None and self.shortcut_norm is not None:
            shortcut = self.shortcut_norm(self.shortcut_conv(inputs), training=training)
        x = ops.relu(self.norm1(self.conv1(inputs), training=training))
        x = self.norm2(self.conv2(x), training=training)
        if self.channel_attention is not None:
            x = self.channel_attention(x)
        if self.spatial_attention is not None:
            x = self.spatial_attention(x)
        return ops.relu(shortcut + x)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sizes = input_shape[:-1]
        smaller = (None if size is None else -(-size // self.strides) for size in sizes)
        return (batch, *smaller, self.filters)
