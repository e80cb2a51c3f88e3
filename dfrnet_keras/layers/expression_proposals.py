"""The branches of FeatRef: one for each expression."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts


class ExpressionProposals(BaseLayer):
    """Refine shared features for each expression, and say of each whether it is the one.

    A branch weighs the features by an attention of its own, `sigmoid(W x + b) * x`, and gives one
    logit from what it weighed.

    Args:
        expressions: Number of branches.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Shared features.

    Input shape:
        `(batch, features)`.

    Output shape:
        Two tensors: the refined features of all branches joined,
        `(batch, expressions * features)`, and the logits of the branches, `(batch, expressions)`.

    Reference:
        [Feature Refinement](https://arxiv.org/abs/2101.04838), see `models.FeatRef` for what
        departs from it.
    """

    def __init__(self, expressions: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_counts(expressions=expressions)
        self.expressions = expressions
        self.input_spec = keras.layers.InputSpec(ndim=2)
        self.attentions: list[keras.layers.Dense] = []
        self.detectors = [
            keras.layers.Dense(1, dtype=self.dtype_policy, name=f"detector{number}")
            for number in range(1, expressions + 1)
        ]

    def build(self, input_shape: Shape) -> None:
        features = input_shape[-1]
        if features is None:
            raise InputError(f"{self.name} takes a known number of features.")
        self.attentions = [
            keras.layers.Dense(
                features, activation="sigmoid", dtype=self.dtype_policy, name=f"attention{number}"
            )
            for number in range(1, self.expressions + 1)
        ]
        for layer in (*self.attentions, *self.detectors):
            layer.build(input_shape)

    def call(self, inputs: Any) -> tuple[Any, Any]:
        refined = [attention(inputs) * inputs for attention in self.attentions]
        logits = [
            detector(features) for detector, features in zip(self.detectors, refined, strict=True)
        ]
        return ops.concatenate(refined, axis=-1), ops.concatenate(logits, axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> tuple[Shape, Shape]:
        batch, features = input_shape
        joined = None if features is None else self.expressions * features
        return (batch, joined), (batch, self.expressions)
