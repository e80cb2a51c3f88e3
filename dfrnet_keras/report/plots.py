"""Plots of several runs: how soon each learned, what accuracy costs, who gains from which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.evaluation.run import FoldRecord
from dfrnet_keras.report.pictures import (
    BLUE,
    INK,
    SOFT,
    STYLE,
    median_curve,
    svg,
)

WARM = "#b3541e"


def cost_picture(
    points: Sequence[tuple[str, float, float, Sequence[float | None], bool]], cost_name: str
) -> str:
    """UF1 with its interval against a cost on a logarithmic axis, as HTML.

    Args:
        points: Name, cost, UF1, the two ends of its interval, and whether it is optimistic.
        cost_name: What the cost is, with its unit.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        ordered = sorted(points, key=lambda point: point[1])
        for place, (name, cost, uf1, (low, high), optimistic) in enumerate(ordered):
            color = WARM if optimistic else BLUE
            if low is not None and high is not None:
                axes.plot([cost, cost], [low, high], color=color, alpha=0.35, linewidth=2)
            axes.plot(cost, uf1, "o", color=color, markersize=8)
            words = name if len(name) <= 28 else f"{name[:27]}…"
            axes.annotate(
                # Names are no mathematics, whatever signs they hold.
                words.replace("$", r"\$") + (" (optimistic)" if optimistic else ""),
                (cost, uf1),
                # Every other one below: neighbours often cost about the same.
                xytext=(8, 5 if place % 2 == 0 else -12),
                textcoords="offset points",
                color=INK,
            )
        costs = [cost for _, cost, *_ in points]
        axes.set_xscale("log")
        # Room for the names, which stand to the right of their points.
        room_for_names = (1.4 * max(costs) / min(costs)) ** 0.45
        axes.set_xlim(min(costs) / 1.4, max(costs) * room_for_names)
        plain = FuncFormatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_major_formatter(plain)
        if max(costs) / min(costs) > 10:
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.xaxis.set_minor_formatter(plain)
        axes.set_xlabel(cost_name)
        axes.set_ylabel("UF1")
        ends = [
            end for *_, uf1, interval, _ in points for end in (uf1, *interval) if end is not None
        ]
        room = max(0.02, 0.08 * (max(ends) - min(ends)))
        axes.set_ylim(max(0.0, min(ends) - room), min(1.0, max(ends) + room))
        words = "; ".join(f"{name} {uf1:.4f} at {cost:.4g}" for name, cost, uf1, *_ in ordered)
        return svg(figure, f"UF1 against {cost_name}: {words}")


def subjects_picture(differences: Sequence[tuple[str, float, int]]) -> str:
    """Bars of how many clips more or fewer of each subject are right, as HTML.

    Args:
        differences: Name of a subject, difference in clips, and its number of clips.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    ordered = sorted(differences, key=lambda one: -one[1])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.4), layout="constrained")
        axes = figure.add_subplot()
        heights = np.array([difference for _, difference, _ in ordered])
        colors = [BLUE if height > 0 else WARM for height in heights]
        axes.bar(np.arange(len(heights)), heights, width=0.8, color=colors)
        axes.axhline(0, color=SOFT, linewidth=0.8)
        axes.set_xticks([])
        axes.set_xlim(-1, len(heights))
        limit = max(1.0, float(np.abs(heights).max(initial=0)))
        axes.set_ylim(-1.1 * limit, 1.1 * limit)
        axes.set_xlabel("subjects, in order of the difference")
        axes.set_ylabel("clips right")
        best = f"{ordered[0][0]} {ordered[0][1]:+.4g}" if ordered else ""
        worst = f"{ordered[-1][0]} {ordered[-1][1]:+.4g}" if ordered else ""
        return svg(figure, f"difference in clips right by subject, from {best} to {worst}")


CONVERGENCE_WORDS = (
    "Loss by epoch beside each other, as a share of that of the first epoch, since networks do not "
    "all minimise the same loss: the median over folds, as far as half of them went. A dot marks "
    "the epoch that was kept, median over folds."
)


def convergence_picture(runs: Mapping[str, Sequence[FoldRecord]]) -> str:
    """Training and validation loss of several runs by epoch, in the same axes, as HTML.

    Args:
        runs: The folds of each run by its name.

    Returns:
        A picture as `CONVERGENCE_WORDS` describes it, with one panel for each of the two losses
        that any run has; empty where none has any, as kernel machines have none.
    """
    panels = []
    for key, title in (("loss", "training loss"), ("validation_loss", "validation loss")):
        lines = {name: _share_of_first(folds, key) for name, folds in runs.items()}
        lines = {name: line for name, line in lines.items() if line.size}
        if lines:
            panels.append((title, lines))
    if not panels:
        return ""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    trained = [name for name in runs if any(name in lines for _, lines in panels)]
    looks = {
        # After ten, colours begin again with another kind of line.
        name: (f"C{number % 10}", ("-", "--", ":")[number // 10 % 3])
        for number, name in enumerate(trained)
    }
    kept = {name: [fold.epoch for fold in runs[name] if fold.epoch] for name in trained}
    lengths = [len(line) for _, lines in panels for line in lines.values()]
    handles: dict[str, Any] = {}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.4, 3.3 + 0.17 * len(trained) / 3), layout="constrained")
        for axes, (title, lines) in zip(
            np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True
        ):
            for name, line in lines.items():
                color, style = looks[name]
                epochs = np.arange(1, len(line) + 1)
                drawn = axes.plot(epochs, line, color=color, linestyle=style, linewidth=1.5)
                handles.setdefault(name, drawn[0])
                if kept[name]:
                    epoch = min(round(float(np.median(kept[name]))), len(line))
                    axes.plot(epoch, line[epoch - 1], "o", color=color, markersize=5)
            axes.set_title(title, loc="left")
            axes.set_xlabel("epoch")
            axes.set_ylabel("share of the first epoch's")
            axes.axhline(1, color=SOFT, linewidth=0.6, alpha=0.5)
            if max(lengths) > 8 * min(lengths):
                axes.set_xscale("log")
                axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
                axes.xaxis.set_minor_formatter(NullFormatter())
            else:
                axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(
            [handles[name] for name in trained],
            [name.replace("$", r"\$") for name in trained],
            loc="outside lower center", ncols=3, frameon=False,
        )  # fmt: skip
        last, lines = panels[-1]
        words = "; ".join(
            f"{name} {line[-1]:.3g} after {len(line)}" for name, line in lines.items()
        )
        return svg(figure, f"Loss by epoch of {len(trained)} runs, {last}: {words}")


def _share_of_first(folds: Sequence[FoldRecord], key: str) -> NDArray:
    lines = [np.asarray(fold.curves[key], float) for fold in folds if fold.curves.get(key)]
    shares = [line / line[0] for line in lines if np.isfinite(line[0]) and line[0] > 0]
    return median_curve(shares) if shares else np.array([])
