"""The pictures of a report, each as HTML that needs no other file."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, INK, SOFT = "#2f6299", "#1f2430", "#667085"
_MAPS = {
    "u": ("u, to the right", "RdBu_r"),
    "v": ("v, downwards", "RdBu_r"),
    "strain": ("strain", "magma"),
    "difference": ("difference", "gray"),
}
# On a page a map is no larger than this; more pixels would only make the file large.
_LARGEST = 120


def confusion_picture(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """A confusion matrix as SVG: rows are true classes, shaded by their share of the row.

    Args:
        matrix: Counts, (classes, classes); rows true, columns predicted.
        classes: Names of the classes.
    """
    counts = np.asarray(matrix)
    side, left, top = 74, 40, 44
    size = side * len(classes)
    totals = counts.sum(1)
    words = ", ".join(
        f"{true} as {predicted} {counts[i, j]}"
        for i, true in enumerate(classes)
        for j, predicted in enumerate(classes)
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {left + size + 2} '
        f'{top + size + 2}" font-family="inherit" text-anchor="middle" '
        f'aria-label="{escape(f"Confusion matrix: {words}")}">',
        f'<text x="{left + size / 2}" y="14" font-size="12" fill="{SOFT}">predicted</text>',
        f'<text transform="translate(12 {top + size / 2}) rotate(-90)" font-size="12" '
        f'fill="{SOFT}">true</text>',
    ]
    for j, name in enumerate(classes):
        parts.append(_name(name, left + side * (j + 0.5), top - 9))
    for i, name in enumerate(classes):
        parts.append(_name(name, 31, top + side * (i + 0.5), turned=True))
        for j in range(len(classes)):
            part = counts[i, j] / totals[i] if totals[i] else 0.0
            ink = "#fff" if part > 0.55 else INK
            x, y = left + side * j, top + side * i
            parts.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{side - 2}" height="{side - 2}" rx="4" '
                f'fill="{_shade(part)}"/>'
                f'<text x="{x + side / 2}" y="{y + side / 2 + 2}" font-size="19" '
                f'font-weight="600" fill="{ink}">{counts[i, j]}</text>'
                f'<text x="{x + side / 2}" y="{y + side / 2 + 19}" font-size="11" '
                f'fill="{ink}" fill-opacity=".75">{100 * part:.0f} %</text>'
            )
    return "".join(parts) + "</svg>"


def _name(name: str, x: float, y: float, *, turned: bool = False) -> str:
    shown = name if len(name) <= 11 else f"{name[:10]}…"
    place = f'transform="translate({x:g} {y:g}) rotate(-90)"' if turned else f'x="{x:g}" y="{y:g}"'
    return f'<text {place} font-size="12.5" fill="{INK}">{escape(shown)}</text>'


def _shade(part: float) -> str:
    """From nearly white to blue."""
    mixed = np.array([242, 244, 248]) * (1 - part) + np.array([47, 98, 153]) * part
    return "#" + "".join(f"{round(value):02x}" for value in mixed)


def curves_picture(curves: Sequence[Mapping[str, Sequence[float]]]) -> str:
    """Loss by epoch of every fold as thin lines, and their median; empty without curves.

    Args:
        curves: For each fold, `"loss"` and where there is one `"validation_loss"`, one figure an
            epoch.

    Returns:
        A picture of each of the two losses.
    """
    pictures = []
    for name, title in (("loss", "training loss"), ("validation_loss", "validation loss")):
        lines = [np.asarray(fold[name], float) for fold in curves if fold.get(name)]
        if lines:
            pictures.append(_loss_picture(lines, title))
    return "".join(pictures)


def _loss_picture(lines: Sequence[NDArray], title: str) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.7, 3.1), layout="constrained")
        axes = figure.add_subplot()
        many = len(lines) > 1
        for line in lines:
            axes.plot(
                np.arange(1, len(line) + 1),
                np.where(np.isfinite(line), line, np.nan),
                color=BLUE,
                linewidth=0.7 if many else 1.8,
                alpha=max(0.12, min(0.6, 6 / len(lines))) if many else 1,
                marker="o" if len(line) == 1 else None,
                markersize=2.5,
                # Thousands of points as vectors would be megabytes.
                rasterized=sum(map(len, lines)) > 3000,
            )
        if many:
            median = median_curve(lines)
            label = f"median of {len(lines)} folds"
            axes.plot(np.arange(1, len(median) + 1), median, color=INK, linewidth=1.8, label=label)
            axes.legend(frameon=False, loc="upper right")
        axes.set_title(title, loc="left")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        finite = np.concatenate(lines)
        finite = finite[np.isfinite(finite)]
        if finite.size and finite.min() > 0 and finite.max() / finite.min() > 50:
            axes.set_yscale("log")
        elif finite.size:
            axes.set_ylim(bottom=0)
        return svg(
            figure, f"{title} by epoch: a thin line for each fold, a thick one for the median"
        )


def median_curve(lines: Sequence[NDArray]) -> NDArray:
    """Median by epoch, as far as half of the folds went; not finite figures are left out."""
    padded = np.full((len(lines), max(map(len, lines))), np.nan)
    for row, line in zip(padded, lines, strict=True):
        row[: len(line)] = np.where(np.isfinite(line), line, np.nan)
    enough = np.isfinite(padded).sum(0) * 2 >= len(lines)
    length = len(enough) if enough.all() else int(enough.argmin())
    return np.nanmedian(padded[:, :length], axis=0) if length else np.array([])


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

    def pictures(self, maps: Mapping[str, NDArray], clip: int) -> list[tuple[str, str]]:
        """(name, HTML of the picture) of each map of one clip."""
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

    def key(self) -> str:
        """The colours and what they stand for; empty where no map has colours."""
        return "".join(self._bar(name, low, high) for name, (low, high) in self.limits.items())

    def _bar(self, name: str, low: float, high: float) -> str:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        title, colors = _MAPS[name]
        if name in "uv" and self._in_pixels:
            title += " (pixels)"
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(2.1, 0.75), layout="constrained")
            axes = figure.add_subplot()
            bar = np.linspace(0, 1, 256)[None]
            axes.imshow(bar, cmap=colors, aspect="auto", extent=(low, high, 0, 1))
            axes.set_yticks([])
            ticks = [low, (low + high) / 2, high]
            axes.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
            labels = axes.get_xticklabels()
            labels[0].set_horizontalalignment("left")
            labels[-1].set_horizontalalignment("right")
            axes.set_title(title, loc="left", fontsize=9)
            axes.spines[:].set_visible(False)
            return svg(figure, f"colour key of {name}: from {low:.3g} to {high:.3g}")


def _upper(values: NDArray) -> float:
    highest = float(np.percentile(np.asarray(values, np.float32), 99.5))
    return highest if math.isfinite(highest) and highest > 0 else 1.0


STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.titlesize": 10,
    "axes.edgecolor": "#c9ced8",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "savefig.transparent": True,
    # Letters as text, and the same bytes for the same figure.
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
}


def svg(figure: Figure, words: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", dpi=180, metadata={"Date": None})
    return _image(buffer.getvalue(), "svg+xml", words)


def _png(values: NDArray, words: str, **colors: Any) -> str:
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
    coarse = ' class="coarse"' if values.shape[0] < 64 else ""
    return _image(buffer.getvalue(), "png", words, coarse)


def _image(content: bytes, kind: str, words: str, attributes: str = "") -> str:
    encoded = base64.b64encode(content).decode()
    return f'<img{attributes} alt="{escape(words)}" src="data:image/{kind};base64,{encoded}">'
