"""What the layers have in common."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import keras
from keras import ops

from dfrnet_keras.errors import InputError

Shape = tuple[int | None, ...]


class BaseLayer(keras.layers.Layer):
    """A layer whose output has its input's shape, unless it overrides `compute_output_shape`.

    It is registered with Keras, and keeps each argument of its constructor as an attribute of the
    same name, from which `get_config` is made.

    Attributes:
        takes_pictures: Whether inputs are left as they come: half precision would round gray
            levels before the layer has them.
    """

    takes_pictures: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("dfrnet_keras."):
            keras.saving.register_keras_serializable(package="dfrnet_keras")(cls)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"autocast": not self.takes_pictures, **kwargs})

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        _, *own, _ = inspect.signature(type(self).__init__).parameters  # without self and kwargs
        return super().get_config() | {name: getattr(self, name) for name in own}

    def _convolution(self, filters: int, size: int, name: str, **options: Any) -> Any:
        return keras.layers.Conv2D(
            filters,
            size,
            padding="same",
            kernel_initializer="he_normal",
            data_format="channels_last",
            dtype=self.dtype_policy,
            name=name,
            **options,
        )

    def _normalization(self, name: str) -> keras.layers.BatchNormalization:
        return keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, dtype=self.dtype_policy, name=name
        )


def torch_uniform() -> keras.initializers.Initializer:
    """PyTorch's default for convolutions and dense layers: uniform within 1 / sqrt(fan-in)."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


def rounded(values: Any) -> Any:
    """Whole numbers. Rounding has no gradient; the one before it is passed on."""
    return ops.stop_gradient(ops.round(values)) + (values - ops.stop_gradient(values))


def check_maps(
    layer: keras.layers.Layer, shape: Any, channels: tuple[int, ...] = (), *, known: bool = False
) -> None:
    """Refuse what are no maps `(batch, height, width, channels)`.

    Args:
        layer: Who is built.
        shape: Of its input.
        channels: How many there may be; any number by default.
        known: Whether height, width and channels must be known.

    Raises:
        InputError: Names what the layer takes.
    """
    fits = len(shape) == 4 and (not channels or shape[-1] in channels)
    if not fits or (known and None in shape[1:]):
        last = " or ".join(map(str, channels)) or "channels"
        raise InputError(
            f"{layer.name} takes maps (batch, height, width, {last}){' of a known size' * known}, "
            f"not the shape {tuple(shape)}."
        )


def check_counts(**values: int) -> None:
    """Refuse arguments below 1; the `InputError` names the first such."""
    for name, value in values.items():
        if value < 1:
            raise InputError(f"{name} must be 1 or more, not {value}.")
