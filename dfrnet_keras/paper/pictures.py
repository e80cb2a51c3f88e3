"""Confusion matrices of Figures 6 and 7 as a PNG."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_INK, _SOFT = "#1f2430", "#667085"


def draw_matrices(figure: Mapping[str, Any]) -> bytes:
    """Draw the panels of a figure side by side.

    Args:
        figure: What `reproduce` gave for `"figure6"` or `"figure7"`.

    Returns:
        Content of a PNG file. A panel without clips is there, empty, with the reason.
    """
    from matplotlib.figure import Figure

    panels = figure["panels"]
    canvas = Figure(figsize=(3.6 * len(panels), 3.9), layout="constrained")
    for axes, panel in zip(np.atleast_1d(canvas.subplots(1, len(panels))), panels, strict=True):
        axes.set_title(panel["name"], color=_INK)
        if panel.get("not_run"):
            axes.set_axis_off()
            axes.text(0.5, 0.5, panel["not_run"], ha="center", color=_SOFT, wrap=True)
            continue
        counts = np.asarray(panel["confusion_matrix"])
        totals = counts.sum(1, keepdims=True)
        shares = counts / np.maximum(totals, 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(shares):
            axes.text(
                column, row, f"{share:.2f}\n{counts[row, column]}", ha="center", va="center",
                color="white" if share > 0.55 else _INK, fontsize=9,
            )  # fmt: skip
        names = [name.capitalize() for name in figure["classes"]]
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names, rotation=90, va="center")
        axes.set_xlabel(f"predicted ({panel['clips']} clips)", color=_SOFT)
        axes.set_ylabel("true", color=_SOFT)
    if figure["notices"]:
        canvas.suptitle("\n".join(figure["notices"]), fontsize=8, color="#b3541e")
    content = io.BytesIO()
    canvas.savefig(content, format="png", dpi=150)
    return content.getvalue()


def write_png(content: bytes, path: Path) -> None:
    """Write a picture whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
