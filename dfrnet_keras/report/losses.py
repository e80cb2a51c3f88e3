"""Losses by epoch: of the folds of a run, and of several runs beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from dfrnet_keras.evaluation.run import FoldRecord
from dfrnet_keras.report.pictures import (
    BLUE,
    INK,
    SOFT,
    Picture,
    figure_of,
    logarithmic,
    plain_name,
    svg,
)

_LOSSES = {"loss": "training loss", "validation_loss": "validation loss"}


def loss_pictures(folds: Sequence[FoldRecord]) -> Picture:
    """Loss by epoch of every fold as thin lines, and their median; empty without curves.

    Args:
        folds: Each with the curves `"loss"` and `"validation_loss"`, or with neither.
    """
    pictures = []
    for key, title in _LOSSES.items():
        lines = [np.asarray(fold.curves[key], float) for fold in folds if fold.curves.get(key)]
        if lines:
            pictures.append(_loss_picture(lines, title))
    return Markup("").join(pictures)


def _loss_picture(lines: Sequence[NDArray], title: str) -> Picture:
    from matplotlib.ticker import MaxNLocator

    many = len(lines) > 1
    with figure_of(4.7, 3.1) as figure:
        axes = figure.add_subplot()
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
            median = _median_curve(lines)
            label = f"median of {len(lines)} folds"
            axes.plot(np.arange(1, len(median) + 1), median, color=INK, linewidth=1.8, label=label)
            axes.legend(loc="upper right")
        axes.set(title=title, xlabel="epoch")
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


def _median_curve(lines: Sequence[NDArray]) -> NDArray:
    """Median by epoch, as far as half of the folds went; not finite figures are left out."""
    padded = np.full((len(lines), max(map(len, lines))), np.nan)
    for row, line in zip(padded, lines, strict=True):
        row[: len(line)] = np.where(np.isfinite(line), line, np.nan)
    enough = np.isfinite(padded).sum(0) * 2 >= len(lines)
    length = len(enough) if enough.all() else int(enough.argmin())
    return np.nanmedian(padded[:, :length], axis=0) if length else np.array([])


def convergence_picture(runs: Mapping[str, Sequence[FoldRecord]]) -> Picture:
    """Training and validation loss of several runs by epoch, in the same axes.

    Args:
        runs: The folds of each run by its name.

    Returns:
        One panel for each of the two losses that any run has: the median over folds as a share of
        the first epoch, and a dot at the epoch that was kept. Empty where no run has a loss, as
        kernel machines have none.
    """
    panels = []
    for key, title in _LOSSES.items():
        lines = {name: _share_of_first(folds, key) for name, folds in runs.items()}
        lines = {name: line for name, line in lines.items() if line.size}
        if lines:
            panels.append((title, lines))
    if not panels:
        return Markup()
    from matplotlib.ticker import MaxNLocator

    trained = [name for name in runs if any(name in lines for _, lines in panels)]
    looks = {
        # After ten, colours begin again with another kind of line.
        name: (f"C{number % 10}", ("-", "--", ":")[number // 10 % 3])
        for number, name in enumerate(trained)
    }
    kept = {name: [fold.epoch for fold in runs[name] if fold.epoch] for name in trained}
    lengths = [len(line) for _, lines in panels for line in lines.values()]
    handles: dict[str, Any] = {}
    with figure_of(9.4, 3.3 + 0.17 * len(trained) / 3) as figure:
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
            axes.set(title=title, xlabel="epoch", ylabel="share of the first epoch's")
            axes.axhline(1, color=SOFT, linewidth=0.6, alpha=0.5)
            if max(lengths) > 8 * min(lengths):
                logarithmic(axes, minor=False)
            else:
                axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        names = [plain_name(name) for name in trained]
        figure.legend([handles[name] for name in trained], names, loc="outside lower center",
                      ncols=3)  # fmt: skip
        last, lines = panels[-1]
        words = "; ".join(
            f"{name} {line[-1]:.3g} after {len(line)}" for name, line in lines.items()
        )
        return svg(figure, f"Loss by epoch of {len(trained)} runs, {last}: {words}")


def _share_of_first(folds: Sequence[FoldRecord], key: str) -> NDArray:
    lines = [np.asarray(fold.curves[key], float) for fold in folds if fold.curves.get(key)]
    shares = [line / line[0] for line in lines if np.isfinite(line[0]) and line[0] > 0]
    return _median_curve(shares) if shares else np.array([])
