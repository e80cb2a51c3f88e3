"""Standardisation of an input map by statistics of the training fold."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape


class FeatureNormalization(BaseLayer):
    """Subtract a mean and divide by a standard deviation, channel by channel.

    The statistics are non-trainable weights, the identity until `set_statistics` is called. Being
    weights, new values reach a model that is already compiled, and they travel in its file: what
    is exported takes raw features. (`keras.layers.Normalization` keeps them as constants, which a
    compiled graph goes on using after a second `adapt`.)

    Call arguments:
        inputs: Maps of any real range.

    Input shape:
        `(batch, ..., channels)`, any rank from 2.

    Output shape:
        The input's. The arithmetic is float32 whatever the compute type.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise InputError(
                f"{self.name} takes (batch, ..., channels) with a known number of channels, "
                f"not the shape {tuple(input_shape)}."
            )
        shape = (input_shape[-1],)
        # float32 under mixed precision too: a variance of gray levels nears float16's largest.
        for name, start in (("mean", "zeros"), ("variance", "ones")):
            weight = self.add_weight(
                shape=shape,
                initializer=start,
                dtype="float32",
                trainable=False,
                autocast=False,
                name=name,
            )
            setattr(self, name, weight)

    def set_statistics(self, mean: Any, variance: Any) -> None:
        """Assign the statistics of a training fold.

        A channel of zero variance is constant over the fold; it is centred and not divided.

        Args:
            mean: Real, `(channels,)`, or one number for all channels.
            variance: Real and not negative, `(channels,)` or one number.

        Raises:
            InputError: The layer is not built, a shape is wrong, or a value is not finite or (for
                the variance) negative.
        """
        if not self.built:
            raise InputError(f"Build {self.name} (call it once) before setting its statistics.")
        values = []
        for name, given in (("mean", mean), ("variance", variance)):
            array = np.asarray(given, dtype="float32")
            if array.shape not in ((), tuple(self.mean.shape)):
                raise InputError(
                    f"{self.name}: {name} has shape {array.shape}; give one value for each of its "
                    f"{self.mean.shape[0]} channels."
                )
            if not np.isfinite(array).all() or (name == "variance" and (array < 0).any()):
                raise InputError(f"{self.name}: {name} holds a value that cannot be one: {given}.")
            values.append(np.broadcast_to(array, self.mean.shape))
        self.mean.assign(values[0])
        self.variance.assign(np.where(values[1] == 0, np.float32(1), values[1]))

    def call(self, inputs: Any) -> Any:
        mean, variance = self.mean, self.variance
        if len(inputs.shape) > 3 and inputs.shape[-2] is not None:
            # Runtimes repeat three numbers over a row slowly, and subtract a row from rows fast.
            mean, variance = (ops.broadcast_to(v, inputs.shape[-2:]) for v in (mean, variance))
        outputs = (ops.cast(inputs, "float32") - mean) / ops.sqrt(variance)
        return ops.cast(outputs, self.compute_dtype)
