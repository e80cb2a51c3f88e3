"""Confusion matrices of Figures 6 and 7 as a PNG."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.report.pictures import SOFT, WARM, figure_of
from dfrnet_keras.report.plots import draw_confusion


def write_matrices(figure: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Draw the panels of a figure side by side.

    Args:
        figure: What `reproduce` gave for `"figure6"` or `"figure7"`. A panel without clips stays
            empty but for the reason.
        path: The PNG file; one that is there is replaced.
    """
    panels = figure["panels"]
    with figure_of(3.6 * len(panels), 4.2) as canvas, whole_file(path) as partial:
        for axes, panel in zip(np.atleast_1d(canvas.subplots(1, len(panels))), panels, strict=True):
            if panel.get("not_run"):
                axes.set_axis_off()
                axes.text(0.5, 0.5, panel["not_run"], ha="center", color=SOFT, wrap=True)
            else:
                draw_confusion(axes, panel["confusion_matrix"], figure["classes"])
            axes.set_title(f"{panel['name']}, {panel.get('clips', 0)} clips", loc="center")
        if figure["notices"]:
            canvas.suptitle("\n".join(figure["notices"]), fontsize=8, color=WARM)
        canvas.savefig(partial, format="png", dpi=150, transparent=False)
    return Path(path)
