"""Absolute difference of two pictures, equation 8 of the DFR-Net paper, as a layer."""

from __future__ import annotations

from typing import Any

from keras import ops

from dfrnet_keras.layers.base import BaseLayer, rounded
from dfrnet_keras.layers.gray import check_pair, gray_levels


class FrameDifference(BaseLayer):
    """Absolute difference of the gray values of two pictures, in whole gray levels.

    The same as `features.frame_difference`. Rounding has no gradient; the one before it is passed
    on.

    Call arguments:
        inputs: A list of two batches of gray pictures, onset and apex, uint8 or real, between 0
            and 255.

    Input shape:
        Twice `(batch, height, width, 1)`.

    Output shape:
        `(batch, height, width, 1)`, whole numbers between 0 and 255 in the compute type.

    Reference:
        DFR-Net, equation 8.
    """

    takes_pictures = True

    def build(self, input_shape: Any) -> None:
        check_pair(self, input_shape)

    def call(self, inputs: Any) -> Any:
        onset, apex = (gray_levels(picture) for picture in inputs)
        return ops.cast(rounded(ops.abs(apex - onset)), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return tuple(input_shape[0])
