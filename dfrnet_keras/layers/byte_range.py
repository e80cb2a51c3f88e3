"""Maps in bytes, each channel over its own range, as maps are published as pictures."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape

_SMALLEST = 1e-12  # keeps the gradient finite on a map of one value


@keras.saving.register_keras_serializable(package="dfrnet_keras")
class ByteRange(BaseLayer):
    """Stretch each channel of each map from its smallest to its largest value over 0 to 255.

    Rounded to whole numbers. Rounding has no gradient; the one before it is passed on. A channel
    of one value becomes 0.

    Args:
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Maps.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        The input's; whole numbers from 0 to 255. The arithmetic is float32 whatever the compute
        type.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 4:
            raise InputError(
                f"{self.name} takes maps (batch, height, width, channels), not the shape "
                f"{tuple(input_shape)}."
            )

    def call(self, inputs: Any) -> Any:
        maps = ops.cast(inputs, "float32")
        low, high = (extreme(maps, axis=(1, 2), keepdims=True) for extreme in (ops.min, ops.max))
        stretched = (maps - low) * (255.0 / ops.maximum(high - low, _SMALLEST))
        passed_on = stretched - ops.stop_gradient(stretched)
        return ops.cast(ops.stop_gradient(ops.round(stretched)) + passed_on, self.compute_dtype)
