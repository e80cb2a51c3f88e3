"""RCN's attention unit: where the classifier's own weights look, without weights of its own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts


class AttendedClassifier(BaseLayer):
    """Classify a map, weighed at each place by where early features fit the classifier.

    For each class the early map is multiplied by the classifier's weights of that class, averaged
    over the channels and stretched to 0..1 over the places: a class activation map. Their mean is
    the attention, which the late map is multiplied by before it is classified.

    Args:
        classes: Number of classes.
        activation: Of the result; None for logits.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Early and late map, of one shape.

    Input shape:
        Two of `(batch, height, width, channels)`.

    Output shape:
        `(batch, classes)`.

    Reference:
        Xia et al., [Revealing the Invisible with Model and Data Shrinking for Composite-database
        Micro-expression Recognition](https://arxiv.org/abs/2006.09674).
    """

    def __init__(self, classes: int, activation: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_counts(classes=classes)
        self.classes = classes
        self.activation = activation
        self.classifier = keras.layers.Dense(
            classes,
            activation=activation,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            dtype=self.dtype_policy,
            name="classifier",
        )

    def build(self, input_shape: list[Shape]) -> None:
        early, late = (tuple(shape) for shape in input_shape)
        if early != late or len(late) != 4 or None in late[1:]:
            raise InputError(
                f"{self.name} takes two maps (batch, height, width, channels) of one known size, "
                f"not {early} and {late}."
            )
        _, height, width, channels = late
        self.classifier.build((None, height * width * channels))  # type: ignore[operator]

    def call(self, inputs: Any) -> Any:
        early, late = inputs
        _, height, width, channels = late.shape
        weights = ops.cast(self.classifier.kernel, early.dtype)
        weights = ops.reshape(weights, (height, width, channels, self.classes))
        maps = ops.einsum("bhwc,hwck->bhwk", early, weights) / channels
        maps = maps - ops.min(maps, axis=(1, 2), keepdims=True)
        # A map that is the same everywhere prefers no place; the published code divides
        # zero by zero there.
        maps = maps / (ops.max(maps, axis=(1, 2), keepdims=True) + keras.config.epsilon())
        attended = late * ops.mean(maps, axis=-1, keepdims=True)
        return self.classifier(ops.reshape(attended, (-1, height * width * channels)))

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        return (input_shape[0][0], self.classes)
