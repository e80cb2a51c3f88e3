"""Pictures in the one style of the page, each with its content inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# An `<img>` with its content inside; empty where there is nothing to draw.
Picture = Markup
BLUE, WARM, INK, SOFT = "#2f6299", "#b3541e", "#1f2430", "#667085"
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.edgecolor": "#c9ced8",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "savefig.transparent": True,
    # Letters as text, and the same bytes for the same figure.
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
}


def image(content: bytes, kind: str, words: str, *, coarse: bool = False) -> Picture:
    """A picture as HTML; `words` describe it to those who cannot see it."""
    return Markup('<img{} alt="{}" src="data:image/{};base64,{}">').format(
        Markup(' class="coarse"') if coarse else "",
        words,
        kind,
        base64.b64encode(content).decode(),
    )


@contextmanager
def figure_of(width: float, height: float) -> Iterator[Figure]:
    """A figure in the style of the page; size in inches."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def svg(figure: Figure, words: str) -> Picture:
    """The figure as a picture; within `figure_of`."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", dpi=180, metadata={"Date": None})
    return image(buffer.getvalue(), "svg+xml", words)


def logarithmic(axes: Axes, *, minor: bool) -> None:
    """Make the axis of x logarithmic, with plain numbers, between the powers of ten as well."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(plain if minor else NullFormatter())


def plain_name(name: str, longest: int = 1000) -> str:
    """A name cut to a length; matplotlib would take what stands between dollars for a formula."""
    shown = name if len(name) <= longest else f"{name[: longest - 1]}…"
    return shown.replace("$", r"\$")
