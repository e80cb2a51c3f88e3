"""What each of several runs costs: parameters, multiply-accumulates, latency, epochs."""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import Run
from dfrnet_keras.report.page import table

if TYPE_CHECKING:
    from dfrnet_keras.models import Counts


def read_latencies(
    path: str | os.PathLike[str], runs: Sequence[Run], names: Sequence[str]
) -> tuple[dict[int, float], str]:
    """Latencies of runs, from a file.

    Args:
        path: A JSON file: either an object of milliseconds by name or folder of a run, or what
            `dfr-keras benchmark --json` printed of .tflite files that lie in the runs' folders.
            Of that the median with the fewest threads counts, of a run's first file.
        runs, names: The runs, and what the page calls them.

    Returns:
        Milliseconds by place of the run, and what they are, in words.

    Raises:
        InputError: The file cannot be read, holds something else, or names none of the runs.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}): give another file.") from error
    if isinstance(content, dict) and isinstance(content.get("timings"), list):
        return _of_benchmark(path, content, runs)
    if not isinstance(content, dict) or not content:
        raise InputError(_SHAPE.format(path=path))
    found: dict[int, float] = {}
    for name, value in content.items():
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not fits or not math.isfinite(value) or value <= 0:
            raise InputError(f"{path}: the latency of {name!r} is {value!r}: " + _NUMBER)
        places = [i for i, run in enumerate(runs) if name == names[i] or _is_folder(name, run)]
        if not places:
            raise InputError(
                f"{path} gives a latency of {name!r}, which is none of the runs "
                f"({', '.join(names)}): use their names."
            )
        found |= dict.fromkeys(places, float(value))
    return found, f"latency in ms, as given in {path.name}"


_NUMBER = "give a number of milliseconds above 0."
_SHAPE = (
    "{path} holds no latencies: give an object of milliseconds by run, or what "
    "`dfr-keras benchmark --json` prints."
)


def _of_benchmark(
    path: Path, content: dict[str, Any], runs: Sequence[Run]
) -> tuple[dict[int, float], str]:
    try:
        timings = [
            (Path(row["name"]), int(row["threads"]), float(row["median"]))
            for row in content["timings"]
        ]
        threads = min(number for _, number, _ in timings)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(_SHAPE.format(path=path)) from error
    found: dict[int, float] = {}
    for file, number, median in timings:
        for place, run in enumerate(runs):
            if number == threads and place not in found and _is_folder(file.parent, run):
                found[place] = median
    if not found:
        raise InputError(
            f"{path} times {timings[0][0]}, which lies in the folder of none of "
            "the runs: time files of their folders, or give an object of milliseconds by run."
        )
    about = content.get("machine")
    machine = about.get("processor") if isinstance(about, dict) else None
    words = f"{threads} thread{'s' * (threads > 1)}, {machine or 'unnamed machine'}"
    return found, f"latency in ms, median, {words}"


def _is_folder(name: str | os.PathLike[str], run: Run) -> bool:
    return run.path is not None and Path(name).resolve() == run.path.resolve()


def count_networks(runs: Sequence[Run]) -> dict[int, Counts]:
    """What a clip costs the network of each run, by place of the run; networks alone.

    The network is built anew from the run's settings; Keras is loaded where there is one.
    """
    found: dict[int, Counts] = {}
    for place, run in enumerate(runs):
        learner = run.settings["learner"]
        size = (run.settings["store"].get("settings") or {}).get("size")
        # Only networks are trained by a recipe.
        if not learner.get("recipe") or not isinstance(size, int):
            continue
        from dfrnet_keras.models import build_model, count

        try:
            network = build_model(
                str(learner.get("name")),
                input_size=size,
                classes=len(run.classes),
                **learner.get("options", {}),
            )
            found[place] = count(network)
        except (InputError, TypeError, ValueError):
            continue  # a learner of the user's own, or an option of another version
    return found


@dataclass(frozen=True)
class Costs:
    """What is known of the costs of several runs, each by place of the run.

    Attributes:
        counts: Of the networks, see `count_networks`.
        milliseconds: Latencies, see `read_latencies`; empty where none were given.
        words: What the latencies are.
    """

    counts: Mapping[int, Counts] = field(default_factory=dict)
    milliseconds: Mapping[int, float] = field(default_factory=dict)
    words: str = ""

    @property
    def drawn(self) -> tuple[dict[int, float], str]:
        """What accuracy is drawn against, and its name: latencies, or else multiply-accumulates."""
        if self.milliseconds:
            return dict(self.milliseconds), self.words
        millions = {place: counts.macs / 1e6 for place, counts in self.counts.items()}
        return millions, "multiply-accumulates of a clip, in millions"


def costs_table(
    runs: Sequence[Run], names: Sequence[str], figures: Sequence[dict[str, Any]], costs: Costs
) -> str:
    """Scores of several runs beside parameters, multiply-accumulates, latency, epochs and time.

    Args:
        runs, names, figures: The runs, what the page calls them, and their metrics.
        costs: What is known of their costs.

    Returns:
        HTML.
    """
    rows = []
    for place, (run, name, metrics) in enumerate(zip(runs, names, figures, strict=True)):
        counts = costs.counts.get(place)
        latency = costs.milliseconds.get(place)
        epochs = [record.epoch for record in run.folds if record.epoch and not record.failure]
        kept = ""
        if epochs:
            low, high = min(epochs), max(epochs)
            kept = f"{statistics.median(epochs):g}" + (f" ({low} to {high})" if low < high else "")
        rows.append([
            name,
            *["" if metrics[key] is None else f"{metrics[key]:.4f}" for key in ("uf1", "uar")],
            f"{counts.parameters:,}" if counts else "",
            f"{counts.macs / 1e6:,.2f} M" if counts else "",
            *([f"{latency:.4g}" if latency is not None else ""] if costs.milliseconds else []),
            kept,
            _seconds(sum(record.seconds for record in run.folds)),
        ])  # fmt: skip
    header = ["", "UF1", "UAR", "parameters", "MACs of a clip"]
    header += ["latency, ms"] if costs.milliseconds else []
    header += ["epoch kept", "training, s"]
    words = "Counted at the size of the maps that each run has."
    words += f" Time: {costs.words}." if costs.milliseconds else " --latency adds times."
    words += (
        " Epoch kept: median over folds, and range; training: of all folds, as long as they took "
        "on the machine of the run. Kernel machines have neither parameters to count nor epochs."
    )
    shown = table(header, rows, numbers=range(1, len(header)))
    return f'{shown}<p class="soft">{escape(words)}</p>'


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
