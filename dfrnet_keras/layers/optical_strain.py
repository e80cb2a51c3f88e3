"""Optical strain, equation 7 of the DFR-Net paper, as a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape


class OpticalStrain(BaseLayer):
    """Magnitude of the deformation of the skin: the size of the derivatives of the flow.

    The same as `features.optical_strain`, which has the equations.

    Args:
        cross_term: Compute the usual norm of the strain tensor rather than equation 7.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Flow maps, u then v in pixels; further channels are ignored.

    Input shape:
        `(batch, height, width, channels)`, channels 2 or 3, height and width known and at least 2.

    Output shape:
        `(batch, height, width, 1)`, at least 0, without unit. The arithmetic is float32 whatever
        the compute type.

    Reference:
        DFR-Net, equation 7.
    """

    def __init__(self, cross_term: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cross_term = cross_term

    def build(self, input_shape: Shape) -> None:
        good = len(input_shape) == 4 and input_shape[-1] in (2, 3)
        if not good or any(length is None or length < 2 for length in input_shape[1:3]):
            raise InputError(
                f"{self.name} takes flow maps (batch, height, width, 2), u then v, of a known size "
                f"of at least 2 x 2 pixels, not the shape {tuple(input_shape)}."
            )

    def call(self, inputs: Any) -> Any:
        flow = ops.transpose(ops.cast(inputs, "float32"), (0, 3, 1, 2))[:, :2]
        height, width = flow.shape[2:]
        along = ops.matmul(flow, _gradient_matrix(width).T)
        down = ops.matmul(_gradient_matrix(height), flow)
        u_x, v_x, u_y, v_y = along[:, 0], along[:, 1], down[:, 0], down[:, 1]
        shear = ops.square(u_y) + ops.square(v_x)
        if self.cross_term:
            shear = ops.square(u_y + v_x)
        squared = ops.square(u_x) + ops.square(v_y) + shear / 2
        # Where nothing is deformed the root has no gradient: there it is left out.
        moved = squared > 0
        strain = ops.where(moved, ops.sqrt(ops.where(moved, squared, 1.0)), 0.0)
        return ops.cast(strain[..., None], self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], 1)


def _gradient_matrix(length: int) -> NDArray[np.float32]:
    """What `numpy.gradient` multiplies by: one-sided differences at the two ends."""
    return np.asarray(np.gradient(np.eye(length), axis=0), np.float32)
