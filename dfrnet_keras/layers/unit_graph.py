"""The graph of action units of FGRL-AUF, and how it meets the face."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts

_WIDTHS = (40, 80)  # of the embedding and of what the first graph convolution gives


class UnitGraph(BaseLayer):
    """Score each action unit: features of the brows or of the mouth times those of the unit.

    Features of the units come from a learned embedding by two graph convolutions without bias,
    each followed by a leaky ReLU of 0.2. The graph says which units come together; it is no weight
    to train but one to set (`set_adjacency`), each unit alone until then. No clip's own units are
    seen: after training the units' features are constant.

    Args:
        brow: Units of the brows.
        mouth: Units of the mouth; they follow those of the brows.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: A pair: features of the brows and of the mouth.

    Input shape:
        Twice `(batch, features)`.

    Output shape:
        `(batch, brow + mouth)`.

    Reference:
        Lei et al., "Micro-expression Recognition Based on Facial Graph Representation Learning and
        Facial Action Unit Fusion", CVPR Workshops 2021.
    """

    def __init__(self, brow: int = 3, mouth: int = 6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_counts(brow=brow, mouth=mouth)
        self.brow = brow
        self.mouth = mouth

    def build(self, input_shape: Any) -> None:
        (_, features), (_, others) = input_shape
        if features is None or features != others:
            raise InputError(f"{self.name} takes two inputs of one known number of features.")
        units = self.brow + self.mouth
        widths = (*_WIDTHS, features)
        self.embedding = self.add_weight(
            shape=(units, widths[0]),
            initializer=keras.initializers.RandomNormal(stddev=0.01),
            name="embedding",
        )
        self.graph_kernels = [
            self.add_weight(shape=pair, initializer="glorot_uniform", name=f"graph{number}")
            for number, pair in enumerate(pairwise(widths), start=1)
        ]
        self.adjacency = self.add_weight(
            shape=(units, units), initializer="identity", trainable=False, name="adjacency"
        )

    def set_adjacency(self, together: Any) -> None:
        """Set which units come together.

        The graph is `D^-1/2 A' D^-1/2`, where A is what is given with ones on its diagonal and D
        its sums over each row, as in the authors' code.

        Args:
            together: Real and not negative, `(units, units)`: of the clips that show unit j, the
                share that shows unit i as well. The diagonal is not read.

        Raises:
            InputError: The layer is not built, or the shape or a value is wrong.
        """
        if not self.built:
            raise InputError(f"Build {self.name} (call it once) before setting its graph.")
        graph = np.array(together, "float64")
        if graph.shape != tuple(self.adjacency.shape):
            raise InputError(
                f"{self.name} has {self.brow + self.mouth} units: give a square of as many rows, "
                f"not the shape {graph.shape}."
            )
        if not np.isfinite(graph).all() or (graph < 0).any():
            raise InputError(f"{self.name}: a graph holds finite numbers that are not negative.")
        np.fill_diagonal(graph, 1)
        scale = graph.sum(1) ** -0.5
        self.adjacency.assign(scale[:, None] * graph.T * scale)

    def call(self, inputs: Any) -> Any:
        brow, mouth = inputs
        units = ops.convert_to_tensor(self.embedding)
        for kernel in self.graph_kernels:
            units = ops.leaky_relu(
                ops.matmul(self.adjacency, ops.matmul(units, kernel)), negative_slope=0.2
            )
        units = ops.transpose(units)
        scores = [
            ops.matmul(brow, units[:, : self.brow]),
            ops.matmul(mouth, units[:, self.brow :]),
        ]
        return ops.concatenate(scores, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return (input_shape[0][0], self.brow + self.mouth)
