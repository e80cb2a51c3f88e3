"""Capsules of classes, with routing by agreement."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts


class ClassCapsules(BaseLayer):
    """Capsules whose length says how sure their class is, from capsules of parts.

    Each part, squashed to a length below 1, predicts the capsule of every class by a matrix of its
    own. Routing sends a part to the classes whose capsule its prediction agrees with; only the
    last round passes gradients through the predictions.

    Args:
        classes: Number of classes.
        dimension: Numbers in a capsule of a class.
        routings: Rounds of routing.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Capsules of parts, not squashed.

    Input shape:
        `(batch, parts, numbers)`.

    Output shape:
        `(batch, classes, dimension)`; the length of each of the last axis is between 0 and 1.

    Reference:
        Sabour et al., [Dynamic Routing Between Capsules](https://arxiv.org/abs/1710.09829).
    """

    def __init__(
        self, classes: int = 3, dimension: int = 16, routings: int = 3, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        check_counts(classes=classes, dimension=dimension, routings=routings)
        self.classes = classes
        self.dimension = dimension
        self.routings = routings
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def build(self, input_shape: Shape) -> None:
        _, parts, numbers = input_shape
        if parts is None or numbers is None:
            raise InputError(f"{self.name} takes a known number of capsules.")
        self.kernel = self.add_weight(
            shape=(parts, self.classes, self.dimension, numbers),
            initializer=keras.initializers.RandomNormal(stddev=0.01),
            name="kernel",
        )

    def call(self, inputs: Any) -> Any:
        predictions = ops.einsum("pkdn,bpn->bkpd", self.kernel, _squash(inputs))
        fixed = ops.stop_gradient(predictions)
        agreement = ops.zeros_like(fixed[..., 0])
        for _ in range(self.routings - 1):
            capsules = _routed(agreement, fixed)
            agreement = agreement + ops.einsum("bkd,bkpd->bkp", capsules, fixed)
        return _routed(agreement, predictions)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.classes, self.dimension)


def _routed(agreement: Any, predictions: Any) -> Any:
    """Each part's prediction, shared out among the classes; `(batch, classes, dimension)`."""
    shares = ops.softmax(agreement, axis=1)
    return _squash(ops.einsum("bkp,bkpd->bkd", shares, predictions))


def _squash(capsules: Any) -> Any:
    """The same directions, lengths l become l^2 / (1 + l^2)."""
    square = ops.sum(ops.square(capsules), axis=-1, keepdims=True)
    # Under the root, so that the gradient of a capsule of length 0 is a number.
    return capsules * square / (1 + square) / ops.sqrt(square + 1e-8)
