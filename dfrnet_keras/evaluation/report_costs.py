"""What each of several runs costs: latencies that were measured, or else multiply-accumulates."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import Run


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


def count_macs(runs: Sequence[Run]) -> tuple[dict[int, float], str]:
    """Millions of multiply-accumulates of a clip, by place of the run; networks alone.

    The network is built anew from the run's settings; Keras is loaded where there is one.
    """
    found: dict[int, float] = {}
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
            found[place] = count(network).macs / 1e6
        except (InputError, TypeError, ValueError):
            continue  # a learner of the user's own, or an option of another version
    return found, "multiply-accumulates of a clip, in millions"
