"""Average pooling to a given size, whatever the size of the map."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts


class AdaptiveAveragePooling2D(BaseLayer):
    """Average a map over windows that differ by a pixel where they must, and may overlap.

    Window `i` of `n` reaches from `floor(i * size / n)` to `ceil((i + 1) * size / n)`, as in
    PyTorch's `AdaptiveAvgPool2d`. It is two small matrix products, which every backend and TFLite
    have. (Keras has a layer of this kind from 3.13 on; this package also runs on older ones.)

    Args:
        output_size: Height and width of the result.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Feature maps of a known size.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        `(batch, output_size, output_size, channels)`.
    """

    def __init__(self, output_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_counts(output_size=output_size)
        self.output_size = output_size
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        _, height, width, _ = inputs.shape
        rows = ops.convert_to_tensor(_windows(height, self.output_size), dtype=inputs.dtype)
        columns = ops.convert_to_tensor(_windows(width, self.output_size), dtype=inputs.dtype)
        shrunk = ops.einsum("ih,bhwc->biwc", rows, inputs)
        return ops.einsum("jw,biwc->bijc", columns, shrunk)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.output_size, self.output_size, input_shape[-1])


def _windows(size: int, number: int) -> np.ndarray:
    """The share of each place in each window, `(number, size)`."""
    shares = np.zeros((number, size), np.float32)
    for window in range(number):
        begin, end = window * size // number, -(-(window + 1) * size // number)
        shares[window, begin:end] = 1 / (end - begin)
    return shares
