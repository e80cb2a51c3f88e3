"""Plots of figures: confusion matrices, calibration, what accuracy costs, which subjects gain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dfrnet_keras.report.pictures import (
    BLUE,
    INK,
    SOFT,
    WARM,
    Picture,
    figure_of,
    logarithmic,
    plain_name,
    svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_confusion(axes: Axes, matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> None:
    """A confusion matrix: rows are true classes, shaded by their share of the row.

    Args:
        axes: Where it is drawn.
        matrix: Counts, (classes, classes); rows true, columns predicted.
        classes: Names of the classes.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import FancyBboxPatch

    counts = np.asarray(matrix)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    shade = LinearSegmentedColormap.from_list("shade", ["#f2f4f8", BLUE])
    for (row, column), share in np.ndenumerate(shares):
        corner, box = (column - 0.44, row - 0.44), "round,pad=0.03,rounding_size=0.06"
        axes.add_patch(
            FancyBboxPatch(corner, 0.88, 0.88, linewidth=0, boxstyle=box, color=shade(share))
        )
        ink: Any = {"color": "white" if share > 0.55 else INK, "ha": "center", "va": "center"}
        axes.text(column, row - 0.07, str(counts[row, column]), weight="bold", size=17, **ink)
        axes.text(column, row + 0.26, f"{100 * share:.0f} %", size=10.5, alpha=0.8, **ink)
    names = [plain_name(name, 11) for name in classes]
    ends = (-0.5, len(names) - 0.5)
    axes.set(xlim=ends, ylim=ends[::-1], aspect="equal")
    axes.set_xticks(range(len(names)), names, color=INK, size=11.5)
    axes.set_yticks(range(len(names)), names, color=INK, size=11.5, rotation=90, va="center")
    axes.set_xlabel("predicted", size=11, labelpad=7)
    axes.set_ylabel("true", size=11)
    axes.xaxis.set_label_position("top")
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axes.spines[:].set_visible(False)


def confusion_picture(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Picture:
    """A confusion matrix on its own, see `draw_confusion`."""
    words = ", ".join(
        f"{true} as {predicted} {matrix[row][column]}"
        for row, true in enumerate(classes)
        for column, predicted in enumerate(classes)
    )
    side = 0.8 + 0.95 * len(classes)
    with figure_of(side, side) as figure:
        draw_confusion(figure.add_subplot(), matrix, classes)
        return svg(figure, f"Confusion matrix: {words}")


def calibration_picture(bins: Sequence[dict[str, float]]) -> Picture:
    """A reliability curve, of the bins of `evaluation.metrics.calibration`."""
    chances, right, answers = (
        np.array([one[name] for one in bins]) for name in ("probability", "right", "answers")
    )
    with figure_of(3.4, 3.4) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], ":", color=SOFT, linewidth=1)
        axes.plot(chances, right, color=BLUE, alpha=0.5, linewidth=1.5)
        axes.scatter(chances, right, s=12 + 200 * answers / answers.sum(), color=BLUE, zorder=2)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.04), aspect="equal",
                 xlabel="probability of the answer", ylabel="share that is right")  # fmt: skip
        words = "; ".join(
            f"{chance:.2f} right {share:.2f} of {count}"
            for chance, share, count in zip(chances, right, answers, strict=True)
        )
        return svg(figure, f"Share of right answers by their probability: {words}")


class CostPoint(NamedTuple):
    """A run in `cost_picture`; `interval` has the two ends of that of UF1, or `None` twice."""

    name: str
    cost: float
    uf1: float
    interval: Sequence[float | None]
    optimistic: bool


def cost_picture(points: Sequence[CostPoint], cost_name: str) -> Picture:
    """UF1 with its interval against a cost, whose name has its unit, on a logarithmic axis."""
    with figure_of(7.2, 4.2) as figure:
        axes = figure.add_subplot()
        ordered = sorted(points, key=lambda point: point.cost)
        for place, (name, cost, uf1, interval, optimistic) in enumerate(ordered):
            color = WARM if optimistic else BLUE
            low, high = interval
            if low is not None and high is not None:
                axes.plot([cost, cost], [low, high], color=color, alpha=0.35, linewidth=2)
            axes.plot(cost, uf1, "o", color=color, markersize=8)
            axes.annotate(
                plain_name(name, 28) + (" (optimistic)" if optimistic else ""),
                (cost, uf1),
                # Every other one below: neighbours often cost about the same.
                xytext=(8, 5 if place % 2 == 0 else -12),
                textcoords="offset points",
                color=INK,
            )
        costs = [point.cost for point in points]
        # Room for the names, which stand to the right of their points.
        room_for_names = (1.4 * max(costs) / min(costs)) ** 0.45
        axes.set_xlim(min(costs) / 1.4, max(costs) * room_for_names)
        logarithmic(axes, minor=max(costs) / min(costs) <= 10)
        axes.set(xlabel=cost_name, ylabel="UF1")
        ends = [end for point in points for end in (point.uf1, *point.interval) if end is not None]
        room = max(0.02, 0.08 * (max(ends) - min(ends)))
        axes.set_ylim(max(0.0, min(ends) - room), min(1.0, max(ends) + room))
        words = "; ".join(f"{name} {uf1:.4f} at {cost:.4g}" for name, cost, uf1, *_ in ordered)
        return svg(figure, f"UF1 against {cost_name}: {words}")


def subjects_picture(subjects: Sequence[tuple[str, float, int]]) -> Picture:
    """Bars of how many clips more or fewer of each subject are right.

    Args:
        subjects: Name of each, the difference in clips, and its number of clips; the largest
            difference first.
    """
    heights = np.array([difference for _, difference, _ in subjects])
    with figure_of(7.2, 2.4) as figure:
        axes = figure.add_subplot()
        colors = [BLUE if height > 0 else WARM for height in heights]
        axes.bar(np.arange(len(heights)), heights, width=0.8, color=colors)
        axes.axhline(0, color=SOFT, linewidth=0.8)
        limit = 1.1 * max(1.0, float(np.abs(heights).max()))
        axes.set(xlim=(-1, len(heights)), xticks=[], ylim=(-limit, limit),
                 xlabel="subjects, in order of the difference", ylabel="clips right")  # fmt: skip
        ends = " to ".join(f"{subjects[end][0]} {subjects[end][1]:+.4g}" for end in (0, -1))
        return svg(figure, f"difference in clips right by subject, from {ends}")
