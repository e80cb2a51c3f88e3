"""Class token and positions of a vision transformer."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape


class TokenEmbedding(BaseLayer):
    """Put a learned class token before the patch tokens and add a learned position to each.

    Call arguments:
        inputs: Patch tokens.

    Input shape:
        `(batch, tokens, channels)`.

    Output shape:
        `(batch, tokens + 1, channels)`.

    Reference:
        [ViT](https://arxiv.org/abs/2010.11929), equation 1.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def build(self, input_shape: Shape) -> None:
        _, tokens, channels = input_shape
        if tokens is None or channels is None:
            raise InputError(
                f"{self.name} takes a known number of tokens and channels, "
                f"not {tuple(input_shape)}."
            )
        self.class_token = self.add_weight(
            shape=(1, 1, channels), initializer="zeros", name="class_token"
        )
        self.positions = self.add_weight(
            shape=(1, tokens + 1, channels),
            initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            name="positions",
        )

    def call(self, inputs: Any) -> Any:
        # Zeros of the inputs' own shape carry the batch size without reading it.
        first = ops.zeros_like(inputs[:, :1]) + self.class_token
        return ops.concatenate([first, inputs], axis=1) + self.positions

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, tokens, channels = input_shape
        return (batch, None if tokens is None else tokens + 1, channels)
