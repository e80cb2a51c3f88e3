"""What each of several runs costs: parameters, multiply-accumulates and latency."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import Run
from dfrnet_keras.report.page import count_of

if TYPE_CHECKING:
    from dfrnet_keras.models import Counts

# Milliseconds by place of the run, and what they are, in words.
Latencies = tuple[dict[int, float], str]


def read_latencies(
    path: str | os.PathLike[str], runs: Sequence[Run], names: Sequence[str]
) -> Latencies:
    """Latencies of runs, from a file.

    Args:
        path: A JSON file of one of three kinds, or a folder with a `latencies.json`:
            an object of milliseconds by name or folder of a run;
            what `dfr-keras benchmark --json` printed of .tflite files that lie in the runs'
            folders, of which the median with the fewest threads counts, of a run's first file;
            the `latencies.json` of `dfr-keras reproduce`, of which the sitting counts that timed
            the most of these runs' networks, the latest of several.
        runs, names: The runs, and what the page calls them.

    Returns:
        Milliseconds by place of the run, and what they are, in words.

    Raises:
        InputError: The file cannot be read, holds something else, or names none of the runs.
    """
    path = Path(path)
    if path.is_dir():
        path /= "latencies.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}): give another file.") from error
    if not isinstance(content, dict) or not content:
        raise InputError(_SHAPE.format(path=path))
    if isinstance(content.get("timings"), list):
        return _of_benchmark(path, content, runs)
    if isinstance(content.get("sittings"), list):
        return _of_reproduce(path, content["sittings"], runs)
    return _of_names(path, content, runs, names)


_SHAPE = (
    "{path} holds no latencies: give an object of milliseconds by run, what "
    "`dfr-keras benchmark --json` prints, or the latencies.json of `dfr-keras reproduce`."
)


def _of_names(
    path: Path, content: dict[str, Any], runs: Sequence[Run], names: Sequence[str]
) -> Latencies:
    found: dict[int, float] = {}
    for name, value in content.items():
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not fits or not math.isfinite(value) or value <= 0:
            raise InputError(
                f"{path}: the latency of {name!r} is {value!r}: give a number of milliseconds "
                "above 0."
            )
        places = [i for i, run in enumerate(runs) if name == names[i] or _is_folder(name, run)]
        if not places:
            raise InputError(
                f"{path} gives a latency of {name!r}, which is none of the runs "
                f"({', '.join(names)}): use their names."
            )
        found |= dict.fromkeys(places, float(value))
    return found, f"latency in ms, as given in {path.name}"


def _of_benchmark(path: Path, content: dict[str, Any], runs: Sequence[Run]) -> Latencies:
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
    return found, f"latency in ms, median, {_conditions(threads, content.get('machine'))}"


def _of_reproduce(path: Path, sittings: list[Any], runs: Sequence[Run]) -> Latencies:
    learners = [run.settings["learner"] for run in runs]
    keys = [network_key(one.get("name"), one.get("options") or {}) for one in learners]
    best: tuple[dict[int, float], dict[str, Any]] = ({}, {})
    try:
        for sitting in sittings:
            networks = sitting["networks"]
            found = {
                place: float(networks[key]["tflite_milliseconds"])
                for place, key in enumerate(keys)
                if key in networks
            }
            if found and len(found) >= len(best[0]):
                best = found, sitting
        found, sitting = best
        if found:
            words = _conditions(int(sitting["threads"]), sitting["machine"])
            return found, (
                f"latency in ms, float32 .tflite at the size that each was published with, "
                f"mean of {count_of(int(sitting['runs']), 'run')}, {words}"
            )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(_SHAPE.format(path=path)) from error
    raise InputError(
        f"{path} times the network of none of the runs: run `dfr-keras reproduce` for a table "
        "with theirs, or give an object of milliseconds by run."
    )


def network_key(model: str | None, options: Mapping[str, Any]) -> str:
    """The same text for the same network, in runs, tables and `latencies.json`."""
    from dfrnet_keras.models.table import TABLE

    # A run names the features even where they are the network's own; a table does not.
    own = TABLE[model].views_of("TSD") if model in TABLE else ""
    named = {
        name: value
        for name, value in options.items()
        if name != "features" or sorted(value) != sorted(own)
    }
    return json.dumps([model, named], sort_keys=True)


def _conditions(threads: int, machine: Any) -> str:
    processor = machine.get("processor") if isinstance(machine, dict) else None
    return f"{count_of(threads, 'thread')}, {processor or 'unnamed machine'}"


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

    @property
    def header(self) -> list[str]:
        """Of the table of costs."""
        latency = ["latency, ms"] if self.milliseconds else []
        return ["", "UF1", "UAR", "parameters", "MACs of a clip", *latency, "epoch kept",
                "training, s"]  # fmt: skip
