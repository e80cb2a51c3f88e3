"""Maps in bytes, each channel over its own range, as maps are published as pictures."""

from __future__ import annotations

from typing import Any

from keras import ops

from dfrnet_keras.layers.base import BaseLayer, Shape, check_maps, rounded

_SMALLEST = 1e-12  # keeps the gradient finite on a map of one value


class ByteRange(BaseLayer):
    """Stretch each channel of each map from its smallest to its largest value over 0 to 255.

    Rounded to whole numbers. Rounding has no gradient; the one before it is passed on. A channel
    of one value becomes 0.

    Call arguments:
        inputs: Maps.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        The input's; whole numbers from 0 to 255. The arithmetic is float32 whatever the compute
        type.
    """

    takes_pictures = True

    def build(self, input_shape: Shape) -> None:
        check_maps(self, input_shape)

    def call(self, inputs: Any) -> Any:
        maps = ops.cast(inputs, "float32")
        low, high = (extreme(maps, axis=(1, 2), keepdims=True) for extreme in (ops.min, ops.max))
        stretched = (maps - low) * (255.0 / ops.maximum(high - low, _SMALLEST))
        return ops.cast(rounded(stretched), self.compute_dtype)
