"""Shrinking pictures and maps by the mean of what falls together, as OpenCV does."""

from __future__ import annotations

from typing import Any

from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.dense_lucas_kanade import area_matrix
from dfrnet_keras.layers.base import BaseLayer, Shape, check_maps, rounded


class AreaResizing(BaseLayer):
    """Shrink each channel to another size: means of the areas, parts of pixels counted as such.

    The same as `cv2.resize` with `INTER_AREA`, by which the features of a clip are made.

    Args:
        height: Rows of the output, at most those of the input.
        width: Columns of the output, at most those of the input.
        whole: Round to whole numbers, as OpenCV does with uint8 pictures. Rounding has no gradient;
            the one before it is passed on.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Pictures, uint8 or real.

    Input shape:
        `(batch, rows, columns, channels)`, rows and columns known.

    Output shape:
        `(batch, height, width, channels)`, real. The arithmetic is float32 whatever the compute
        type.
    """

    takes_pictures = True

    def __init__(self, height: int, width: int, whole: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if min(height, width) < 1:
            raise InputError(f"The size is {width} x {height}: give 1 x 1 pixel or more.")
        self.height = height
        self.width = width
        self.whole = whole

    def build(self, input_shape: Shape) -> None:
        check_maps(self, input_shape, known=True)
        rows, columns = (length or 0 for length in input_shape[1:3])
        if rows < self.height or columns < self.width:
            raise InputError(
                f"{self.name} shrinks to {self.width} x {self.height}: {columns} x {rows} pixels "
                "are fewer."
            )

    def call(self, inputs: Any) -> Any:
        pictures = ops.cast(inputs, "float32")
        rows, columns = inputs.shape[1:3]
        if (rows, columns) != (self.height, self.width):
            planes = ops.transpose(pictures, (0, 3, 1, 2))
            planes = ops.matmul(planes, area_matrix(columns, self.width).T)
            planes = ops.matmul(area_matrix(rows, self.height), planes)
            pictures = ops.transpose(planes, (0, 2, 3, 1))
        return ops.cast(rounded(pictures) if self.whole else pictures, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.height, self.width, input_shape[-1])
