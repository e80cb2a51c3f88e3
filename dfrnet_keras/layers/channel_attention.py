"""Channel attention, equation 13 of the DFR-Net paper."""

from __future__ import annotations

from typing import Any

import keras

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts


class ChannelAttention(BaseLayer):
    """Gate each channel by a weight learned from its mean and its maximum.

    The global mean and maximum of the map are summed, then passed through two 1x1 convolutions
    (ReLU, sigmoid); the result multiplies the input. CBAM instead passes the two through the
    convolutions one by one and sums after.

    Args:
        ratio: By how much the first convolution narrows the channels; at least 1 and at most the
            number of channels.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Feature maps.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        The input's.

    Reference:
        DFR-Net, equation 13; compare [CBAM](https://arxiv.org/abs/1807.06521).
    """

    def __init__(self, ratio: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_counts(ratio=ratio)
        self.ratio = ratio
        self.input_spec = keras.layers.InputSpec(ndim=4)
        self.average_pool = keras.layers.GlobalAveragePooling2D(
            keepdims=True, data_format="channels_last", dtype=self.dtype_policy, name="average_pool"
        )
        self.max_pool = keras.layers.GlobalMaxPooling2D(
            keepdims=True, data_format="channels_last", dtype=self.dtype_policy, name="max_pool"
        )

    def build(self, input_shape: Shape) -> None:
        channels = input_shape[-1]
        if channels is None or channels < self.ratio:
            raise InputError(
                f"{self.name}: ratio {self.ratio} leaves no channel of {channels}; "
                "choose a ratio of at most the number of channels."
            )
        narrow = channels // self.ratio
        self.squeeze = self._convolution(narrow, 1, "squeeze", activation="relu")
        self.excite = self._convolution(channels, 1, "excite", activation="sigmoid")
        pooled = (input_shape[0], 1, 1, channels)
        self.squeeze.build(pooled)
        self.excite.build((*pooled[:-1], narrow))

    def call(self, inputs: Any) -> Any:
        pooled = self.average_pool(inputs) + self.max_pool(inputs)
        return inputs * self.excite(self.squeeze(pooled))
