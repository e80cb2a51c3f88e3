"""Dense optical flow between two pictures, as a layer."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.dense_lucas_kanade import blur_matrix, dense_lucas_kanade
from dfrnet_keras.layers.gray import check_pair, gray_levels

_FLAT = 1e-3  # gray levels: below, a picture has neither contrast nor range


@keras.saving.register_keras_serializable(package="dfrnet_keras")
class OpticalFlow(keras.layers.Layer):
    """Movement of each point of the onset picture on its way to the apex picture.

    The same as `features.optical_flow(method="ilk")`: dense iterative Lucas-Kanade, from coarse to
    fine. It has no weights, can be differentiated, and converts to built-in TFLite operations.

    Args:
        prepare: Match the mean and contrast of the apex to the onset, blur both by one pixel and
            stretch them to the whole range of gray.
        smoothing: Standard deviation in pixels of a Gaussian blur of the flow; 0 for none.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: A list of two batches of gray pictures, onset and apex, uint8 or real, between 0
            and 255. Values that are not finite, or beyond 1,000, count as black.

    Input shape:
        Twice `(batch, height, width, 1)`, height and width known.

    Output shape:
        `(batch, height, width, 2)`: u, positive to the right, then v, positive downwards, in
        pixels. What is at `x` in the onset is at `x + flow[x]` in the apex. The arithmetic is
        float32 whatever the compute type.

    Reference:
        See `dfrnet_keras.features.dense_lucas_kanade`.
    """

    def __init__(self, prepare: bool = True, smoothing: float = 1.5, **kwargs: Any) -> None:
        # Half precision would round gray levels before the layer has them.
        super().__init__(autocast=False, **kwargs)
        if not smoothing >= 0:
            raise InputError(f"smoothing is {smoothing}: give pixels, 0 for none.")
        self.prepare = prepare
        self.smoothing = smoothing

    def build(self, input_shape: Any) -> None:
        check_pair(self, input_shape)

    def call(self, inputs: Any) -> Any:
        onset, apex = (
            ops.reshape(gray_levels(picture), (-1, *picture.shape[1:3])) for picture in inputs
        )
        if self.prepare:
            onset, apex = _prepare(onset, apex)
        flow = dense_lucas_kanade(onset, apex, ops, smoothing=self.smoothing)
        return ops.cast(ops.transpose(flow, (0, 2, 3, 1)), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (*input_shape[0][:-1], 2)


def _prepare(onset: Any, apex: Any) -> tuple[Any, Any]:
    """Both pictures under the same light, blurred by one pixel, stretched to 0..255."""
    # The maximum keeps the gradient of the root finite on a picture of one gray level.
    (onset_mean, onset_spread), (apex_mean, apex_spread) = (
        (
            ops.mean(picture, axis=(1, 2), keepdims=True),
            ops.sqrt(ops.maximum(ops.var(picture, axis=(1, 2), keepdims=True), 1e-12)),
        )
        for picture in (onset, apex)
    )
    gain = ops.where(apex_spread > _FLAT, onset_spread / ops.maximum(apex_spread, _FLAT), 1.0)
    apex = (apex - apex_mean) * gain + onset_mean
    rows, columns = (blur_matrix(length, 1.0) for length in onset.shape[1:])
    onset, apex = (ops.matmul(rows, ops.matmul(picture, columns.T)) for picture in (onset, apex))
    low, high = (
        extreme(stack, axis=(1, 2), keepdims=True)
        for extreme, stack in (
            (ops.min, ops.minimum(onset, apex)),
            (ops.max, ops.maximum(onset, apex)),
        )
    )
    stretch = ops.where(high - low > _FLAT, 255.0 / ops.maximum(high - low, _FLAT), 1.0)
    return (onset - low) * stretch, (apex - low) * stretch
