"""Fusion of the spatial, differential and temporal branches, equations 9 and 10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.layers.base import BaseLayer, Shape, check_counts

BRANCHES = ("apex", "difference", "flow")
FUSIONS = ("dynamic", "add", "multiply", "concat")


class FusionBlock(BaseLayer):
    """Fuse the maps of two or three branches into one.

    With `"dynamic"` fusion the spatial and the differential map are joined by two convolutions
    (equation 9), and the channels of the result are gated by weights that depend on the global
    means of it and of the temporal map (equation 10). A missing branch leaves its step out:
    without flow there are no weights; with flow and one of the others, that one is gated as it
    is. `"add"` and `"multiply"` work element by element, `"concat"` joins the channels and narrows
    them with a 1x1 convolution: all three over the branches that are present. One branch alone
    passes unchanged.

    Args:
        hidden_filters: Channels between the two convolutions of equation 9.
        squeeze_filters: Channels between the two convolutions that make the weights.
        fusion: `"dynamic"`, `"add"`, `"multiply"` or `"concat"`.
        **kwargs: Base layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Dict of feature maps with one or more of the keys `"apex"` (the spatial branch),
            `"difference"` (differential) and `"flow"` (temporal).
        training: Whether batch normalisation uses the batch's statistics.

    Input shape:
        Dict of `(batch, height, width, channels)`, height and width the same for all. The number
        of channels may differ with `"dynamic"` and `"concat"`.

    Output shape:
        `(batch, height, width, channels)`, with the channels of the first branch present, in the
        order apex, difference, flow.

    Reference:
        DFR-Net, equations 9 and 10.
    """

    def __init__(
        self,
        hidden_filters: int = 192,
        squeeze_filters: int = 24,
        fusion: str = "dynamic",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice("fusion", fusion, FUSIONS)
        check_counts(hidden_filters=hidden_filters, squeeze_filters=squeeze_filters)
        self.hidden_filters = hidden_filters
        self.squeeze_filters = squeeze_filters
        self.fusion = fusion
        self.average_pool = keras.layers.GlobalAveragePooling2D(
            keepdims=True, data_format="channels_last", dtype=self.dtype_policy, name="average_pool"
        )

    def build(self, input_shape: Mapping[str, Shape]) -> None:
        shapes = _ordered(input_shape)
        self._check(shapes)
        first = next(iter(shapes.values()))
        channels = first[-1]
        total = sum(shape[-1] for shape in shapes.values())
        place = first[:-1]
        self._joins = self.fusion == "dynamic" and {"apex", "difference"} <= shapes.keys()
        self._gates = self.fusion == "dynamic" and "flow" in shapes and len(shapes) > 1
        self._narrows = self.fusion == "concat" and len(shapes) > 1
        if self._joins:
            self.join = self._convolution(self.hidden_filters, 3, "join")
            self.join_norm = self._normalization("join_norm")
            self.reduce = self._convolution(channels, 1, "reduce")
            self.reduce_norm = self._normalization("reduce_norm")
            self.join.build((*place, channels + shapes["difference"][-1]))
            self.join_norm.build((*place, self.hidden_filters))
            self.reduce.build((*place, self.hidden_filters))
            self.reduce_norm.build((*place, channels))
        if self._gates:
            pooled = (first[0], 1, 1)
            self.squeeze = self._convolution(self.squeeze_filters, 1, "squeeze", activation="relu")
            self.excite = self._convolution(channels, 1, "excite", activation="sigmoid")
            self.squeeze.build((*pooled, channels + shapes["flow"][-1]))
            self.excite.build((*pooled, self.squeeze_filters))
        if self._narrows:
            self.narrow = self._convolution(channels, 1, "narrow")
            self.narrow.build((*place, total))

    def _check(self, shapes: dict[str, Any]) -> None:
        listed = ", ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
        if any(len(shape) != 4 or shape[-1] is None for shape in shapes.values()):
            raise InputError(
                f"{self.name} takes maps (batch, height, width, channels), not {listed}."
            )
        if len({tuple(shape[1:3]) for shape in shapes.values()}) > 1:
            raise InputError(f"{self.name} takes maps of one height and width, not {listed}.")
        alike = self.fusion in ("dynamic", "concat")
        if not alike and len({shape[-1] for shape in shapes.values()}) > 1:
            raise InputError(f"{self.fusion} fusion takes maps of equal channels, not {listed}.")

    def call(self, inputs: Mapping[str, Any], training: bool | None = None) -> Any:
        maps = _ordered(inputs)
        branches = list(maps.values())
        if self._narrows:
            return self.narrow(ops.concatenate(branches, axis=-1))
        x = branches[0]
        if self.fusion != "dynamic":
            for branch in branches[1:]:
                x = x + branch if self.fusion == "add" else x * branch
            return x
        if self._joins:
            x = ops.concatenate([maps["apex"], maps["difference"]], axis=-1)
            x = ops.relu(self.join_norm(self.join(x), training=training))
            x = ops.relu(self.reduce_norm(self.reduce(x), training=training))
        if self._gates:
            means = [self.average_pool(x), self.average_pool(maps["flow"])]
            x = x * self.excite(self.squeeze(ops.concatenate(means, axis=-1)))
        return x

    def compute_output_shape(self, input_shape: Mapping[str, Shape]) -> Shape:
        return tuple(next(iter(_ordered(input_shape).values())))


def _ordered(branches: Mapping[str, Any]) -> dict[str, Any]:
    """Return the branches in their fixed order; a key that names none of them is an error."""
    if not isinstance(branches, Mapping) or not branches or not branches.keys() <= set(BRANCHES):
        raise InputError(f"FusionBlock takes a dict with keys among {', '.join(BRANCHES)}.")
    return {name: branches[name] for name in BRANCHES if name in branches}
