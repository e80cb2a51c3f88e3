"""tf_keras layers for the operations of `keras.ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_keras
from tf_keras import layers as stock

_serializable = tf_keras.utils.register_keras_serializable(package="dfrnet_keras")


@_serializable
class Reduce(stock.Layer):
    """Mean or maximum over some axes."""

    def __init__(self, how: str, axis: list[int], keepdims: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.how, self.axis, self.keepdims = how, list(axis), keepdims

    def call(self, inputs: Any) -> Any:
        reduce = tf.reduce_mean if self.how == "mean" else tf.reduce_max
        return reduce(inputs, axis=self.axis, keepdims=self.keepdims)

    def get_config(self) -> dict[str, Any]:
        about = {"how": self.how, "axis": self.axis, "keepdims": self.keepdims}
        return {**super().get_config(), **about}


@_serializable
class Pad(stock.Layer):
    """A border of zeros, or of what it borders on."""

    def __init__(self, widths: list[list[int]], mode: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widths, self.mode = [list(pair) for pair in widths], mode

    def call(self, inputs: Any) -> Any:
        return tf.pad(inputs, self.widths, mode=self.mode)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "widths": self.widths, "mode": self.mode}


def _pad(operation: Any, name: str) -> Any:
    if operation.mode not in ("constant", "symmetric", "reflect"):
        return None
    return Pad(operation.pad_width, operation.mode.upper(), name=name)


def _max_pool(operation: Any, name: str) -> Any:
    window = operation.pool_size, operation.strides, operation.padding
    return stock.MaxPooling2D(*window, data_format=operation.data_format, name=name)


# Name of a class of keras.ops -> function of (operation, name) that makes its layer, or None where
# this use of it has none.
OPERATIONS: dict[str, Callable[[Any, str], Any]] = {
    "Add": lambda operation, name: stock.Add(name=name),
    "Multiply": lambda operation, name: stock.Multiply(name=name),
    "Relu": lambda operation, name: stock.ReLU(name=name),
    "Sigmoid": lambda operation, name: stock.Activation("sigmoid", name=name),
    "Concatenate": lambda operation, name: stock.Concatenate(operation.axis, name=name),
    "Mean": lambda operation, name: Reduce("mean", operation.axis, operation.keepdims, name=name),
    "Max": lambda operation, name: Reduce("max", operation.axis, operation.keepdims, name=name),
    "Pad": _pad,
    "MaxPool": _max_pool,
}
# Those of them that need a second symbolic input; with a constant they have no layer.
BINARY = ("Add", "Multiply")
