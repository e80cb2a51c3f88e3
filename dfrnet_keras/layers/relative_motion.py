"""Motion relative to the face's own, and its mirror image."""

from __future__ import annotations

from typing import Any

from keras import ops

from dfrnet_keras.layers.base import BaseLayer, Shape, check_maps

_SMALLEST = 1e-6  # below this a map holds no motion, and is not enlarged
_FAINTEST = 1e-3  # pixels, far below what any flow method measures


class RelativeMotion(BaseLayer):
    """Take the common motion and the strength out of each flow map, and compress what is left.

    The median of u and of v over the map, which most of the face moves by, is subtracted, and both
    are divided by their common root mean square. Strain is centred by its median and divided by
    its standard deviation. Each value then gives way to its signed square root, so that a strong
    movement does not hide a weak one. Units and range of the flow (pixels, or bytes stretched from
    0 to 255) no longer matter.

    Call arguments:
        inputs: Flow maps: horizontal and vertical displacement and strain.

    Input shape:
        `(batch, height, width, 3)`.

    Output shape:
        The input's. The arithmetic is float32 whatever the compute type.
    """

    def build(self, input_shape: Shape) -> None:
        check_maps(self, input_shape, (3,))

    def call(self, inputs: Any) -> Any:
        flow = ops.cast(inputs, "float32")
        places = ops.reshape(flow, (-1, flow.shape[1] * flow.shape[2], 1, 3))
        flow = flow - _median(places)
        motion, strain = flow[..., :2], flow[..., 2:]
        strength = ops.sqrt(ops.mean(ops.square(motion), axis=(1, 2, 3), keepdims=True))
        spread = ops.std(strain, axis=(1, 2, 3), keepdims=True)
        relative = ops.concatenate(
            [motion / ops.maximum(strength, _SMALLEST), strain / ops.maximum(spread, _SMALLEST)],
            axis=-1,
        )
        return ops.cast(ops.sign(relative) * ops.sqrt(ops.abs(relative)), self.compute_dtype)


class MirroredMotion(BaseLayer):
    """The mirror image of motion around zero: left and right change places, and u its sign.

    Call arguments:
        inputs: What `RelativeMotion` gives.

    Input shape:
        `(batch, height, width, 3)`.

    Output shape:
        The input's.
    """

    def call(self, inputs: Any) -> Any:
        turned = ops.flip(inputs, axis=2)
        return ops.concatenate([-turned[..., :1], turned[..., 1:]], axis=-1)


class MotionStrength(BaseLayer):
    """How strongly a face moves: what `RelativeMotion` takes out.

    Args:
        scale: What displacements are multiplied by, to be pixels of a map of 28.
        known: Whether displacements have a unit; all answers are 0 where they have none.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Flow maps: horizontal and vertical displacement and strain.

    Input shape:
        `(batch, height, width, 3)`.

    Output shape:
        `(batch, 3)`: 1; then, of the displacements without their median, the logarithms of root
        mean square and of the largest component, each about -1 to 1.
    """

    def __init__(self, scale: float = 1.0, known: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.known = known

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], 3)

    def call(self, inputs: Any) -> Any:
        flow = ops.cast(inputs, "float32") * self.scale
        places = ops.reshape(flow, (-1, flow.shape[1] * flow.shape[2], 1, 3))
        motion = (flow - _median(places))[..., :2]
        mean = ops.log(ops.sqrt(ops.mean(ops.square(motion), axis=(1, 2, 3))) + _FAINTEST) + 2.5
        largest = ops.log(ops.max(ops.abs(motion), axis=(1, 2, 3)) + _FAINTEST) + 1
        strength = ops.stack([ops.ones_like(mean), mean, largest], axis=-1)
        return ops.cast(strength if self.known else ops.zeros_like(strength), self.compute_dtype)


def _median(places: Any) -> Any:
    """Median over axis 1 of (batch, places, 1, channels), as (batch, 1, 1, channels)."""
    count = places.shape[1]
    # Sorting along the last axis is what every backend and TFLite can do.
    ordered = ops.sort(ops.transpose(places, (0, 2, 3, 1)), axis=-1)
    middle = (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2
    return ops.reshape(middle, (-1, 1, 1, places.shape[3]))
