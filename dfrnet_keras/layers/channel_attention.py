"""Channel attention, equation 13 of the DFR-Net paper."""

from __future__ import annotations

from typing import Any

import keras

from dfrnet_keras.errors import InputError


@keras.saving.register_keras_serializable(package="dfrnet_keras")
class ChannelAttention(keras.layers.Layer):
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
        if ratio < 1:
            raise InputError(f"ratio must be 1 or more, not {ratio}.")
        self.ratio = ratio
        self.input_spec = keras.layers.InputSpec(ndim=4)
        self.average_pool = keras.layers.GlobalAveragePooling2D(
            keepdims=True, data_format="channels_last", dtype=self.dtype_policy, name="average_pool"
        )
        self.max_pool = keras.layers.GlobalMaxPooling2D(
            keepdims=True, data_format="channels_last", dtype=self.dtype_policy, name="max_pool"
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = input_shape[-1]
        if channels is None or channels < self.ratio:
            raise InputError(
                f"{self.name}: ratio {self.ratio} leaves no channel of {channels}; "
                "choose a ratio of at most the number of channels."
            )
        self.squeeze = keras.layers.Conv2D(
            channels // self.ratio,
            1,
            activation="relu",
            kernel_initializer="he_normal",
            data_format="channels_last",
            dtype=self.dtype_policy,
            name="squeeze",
        )
        self.excite = keras.layers.Conv2D(
            channels,
            1,
            activation="sigmoid",
            kernel_initializer="he_normal",
            data_format="channels_last",
            dtype=self.dtype_policy,
            name="excite",
        )
        pooled = (input_shape[0], 1, 1, channels)
        self.squeeze.build(pooled)
        self.excite.build((*pooled[:-1], channels // self.ratio))

    def call(self, inputs: Any) -> Any:
        pooled = self.average_pool(inputs) + self.max_pool(inputs)
        return inputs * self.excite(self.squeeze(pooled))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ratio": self.ratio}
