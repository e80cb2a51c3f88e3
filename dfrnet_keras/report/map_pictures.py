"""Maps of clips in colour, as pictures that need no other file."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from dfrnet_keras.report.pictures import Picture, figure_of, image, svg

_MAPS = {
    "u": ("u, to the right", "RdBu_r"),
    "v": ("v, downwards", "RdBu_r"),
    "strain": ("strain", "magma"),
    "difference": ("difference", "gray"),
}
# On a page a map is no larger than this; more pixels would only make the file large.
_LARGEST = 120


class MapColors:
    """One scale of colours for all maps of a page, and its key.

    Args:
        maps: Name to array (clips, height, width, channels) of the clips that are shown: `"flow"`,
            and `"apex"` and `"difference"` where the store has them.
        flow_range: `"pixels"`, or `"bytes"` where each flow map has its own range as 0..255.
    """

    def __init__(self, maps: Mapping[str, NDArray], flow_range: str) -> None:
        self.limits: dict[str, tuple[float, float]] = {}
        self._in_pixels = flow_range == "pixels"
        if "flow" in maps:
            flow = np.asarray(maps["flow"], np.float32)
            # A few pixels far out would leave all the others pale.
            motion = _upper(np.abs(flow[..., :2]))
            for name in "uv":
                self.limits[name] = (-motion, motion) if self._in_pixels else (0.0, 255.0)
            self.limits["strain"] = (0.0, _upper(flow[..., 2]) if self._in_pixels else 255.0)
        if "difference" in maps:
            self.limits["difference"] = (0.0, _upper(maps["difference"]))

    def pictures(self, maps: Mapping[str, NDArray], clip: int) -> list[tuple[str, Picture]]:
        """(name, picture) of each map of one clip."""
        found = []
        layers = {}
        if "flow" in maps:
            layers = {"u": maps["flow"][clip, ..., 0], "v": maps["flow"][clip, ..., 1],
                      "strain": maps["flow"][clip, ..., 2]}  # fmt: skip
        if "difference" in maps:
            layers["difference"] = maps["difference"][clip, ..., 0]
        for name, values in layers.items():
            low, high = self.limits[name]
            found.append((name, _png(values, name, cmap=_MAPS[name][1], vmin=low, vmax=high)))
        if "apex" in maps:
            found.append(("apex", _png(maps["apex"][clip], "apex")))
        return found

    def key(self) -> Picture:
        """The colours and what they stand for; empty where no map has colours."""
        return Markup("").join(
            self._bar(name, low, high) for name, (low, high) in self.limits.items()
        )

    def _bar(self, name: str, low: float, high: float) -> Picture:
        title, colors = _MAPS[name]
        if name in "uv" and self._in_pixels:
            title += " (pixels)"
        with figure_of(2.1, 0.75) as figure:
            axes = figure.add_subplot()
            bar = np.linspace(0, 1, 256)[None]
            axes.imshow(bar, cmap=colors, aspect="auto", extent=(low, high, 0, 1))
            axes.set_yticks([])
            ticks = [low, (low + high) / 2, high]
            axes.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
            labels = axes.get_xticklabels()
            labels[0].set_horizontalalignment("left")
            labels[-1].set_horizontalalignment("right")
            axes.set_title(title, fontsize=9)
            axes.spines[:].set_visible(False)
            return svg(figure, f"colour key of {name}: from {low:.3g} to {high:.3g}")


def _upper(values: NDArray) -> float:
    highest = float(np.percentile(np.asarray(values, np.float32), 99.5))
    return highest if math.isfinite(highest) and highest > 0 else 1.0


def _png(values: NDArray, words: str, **colors: Any) -> Picture:
    from matplotlib.image import imsave

    values = np.asarray(values)
    step = math.ceil(max(values.shape[:2]) / _LARGEST)
    if step > 1:  # the mean of each block of pixels
        height, width = (length // step * step for length in values.shape[:2])
        blocks = values[:height, :width].astype(np.float32)
        blocks = blocks.reshape(height // step, step, width // step, step, *values.shape[2:])
        values = blocks.mean((1, 3)).astype(values.dtype)
    if colors:
        values = np.asarray(values, np.float32)
    buffer = io.BytesIO()
    imsave(buffer, values, format="png", **colors)
    return image(buffer.getvalue(), "png", words, coarse=values.shape[0] < 64)
