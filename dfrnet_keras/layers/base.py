"""What the layers have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

import keras

from dfrnet_keras.errors import InputError

Shape = tuple[int | None, ...]


class BaseLayer(keras.layers.Layer):
    """A layer whose output has its input's shape, unless it overrides `compute_output_shape`.

    Attributes:
        arguments: Names of the constructor's arguments, each kept as an attribute, for
            `get_config`.
    """

    arguments: ClassVar[tuple[str, ...]] = ()

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {name: getattr(self, name) for name in self.arguments}

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


def check_counts(**values: int) -> None:
    """Refuse arguments below 1.

    Raises:
        InputError: Names the first such argument.
    """
    for name, value in values.items():
        if value < 1:
            raise InputError(f"{name} must be 1 or more, not {value}.")


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Refuse a value that is not among its choices.

    Raises:
        InputError: Names the choices.
    """
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}, not {value}.")
