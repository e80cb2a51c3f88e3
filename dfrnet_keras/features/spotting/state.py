"""All that a spotter depends on as arrays, so that a long recording can go on after a stop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.spotting.movements import Movement
from dfrnet_keras.features.spotting.tracking import FaceTracker, Sample, TrackerState

Arrays = dict[str, NDArray[Any]]
_NONE = np.zeros(0)  # stands for an array that there is none of


def movements_as_text(movements: list[Movement]) -> str:
    """Movements as JSON; numbers keep every digit."""
    return json.dumps([asdict(replace(one, matrices=one.matrices.tolist())) for one in movements])


def movements_from_text(text: str) -> list[Movement]:
    """What `movements_as_text` wrote."""
    found = []
    for entry in json.loads(text):
        entry["matrices"] = np.array(entry["matrices"], np.float64)
        for name in ("seconds", "parts", "flags"):
            entry[name] = tuple(entry[name])
        found.append(Movement(**entry))
    return found


def tracker_arrays(tracker: FaceTracker) -> Arrays:
    """The state of a tracker."""
    arrays, plain = {}, {}
    for entry in fields(TrackerState):
        value = getattr(tracker.state, entry.name)
        if value is None or isinstance(value, np.ndarray):
            arrays[f"tracker_{entry.name}"] = _NONE if value is None else value
        else:
            plain[entry.name] = value
    return {**arrays, "tracker": np.array(json.dumps(plain))}


def restore_tracker(arrays: Mapping[str, NDArray[Any]]) -> FaceTracker:
    """The tracker that `tracker_arrays` described."""
    values: dict[str, Any] = json.loads(str(arrays["tracker"]))
    values["flags"] = tuple(values["flags"])
    for entry in fields(TrackerState):
        if entry.name not in values:
            value = arrays[f"tracker_{entry.name}"]
            values[entry.name] = value if value.size else None
    return FaceTracker(TrackerState(**values))


def sample_arrays(samples: list[Sample]) -> Arrays:
    """Samples, one after the other in each array."""
    nowhere = np.full((2, 3), np.nan)
    return {
        "moved": np.array([one.moved for one in samples]),
        "head": np.array([one.head for one in samples]),
        "matrix": np.array([nowhere if one.matrix is None else one.matrix for one in samples]),
        "time": np.array([one.time for one in samples]),
        "samples": np.array(json.dumps([(one.index, one.segment, one.flags) for one in samples])),
    }


def restore_samples(arrays: Mapping[str, NDArray[Any]]) -> list[Sample]:
    """The samples that `sample_arrays` described."""
    entries = json.loads(str(arrays["samples"]))
    return [
        Sample(index, float(arrays["time"][k]), arrays["moved"][k], arrays["head"][k],
               None if np.isnan(arrays["matrix"][k]).any() else arrays["matrix"][k], segment,
               tuple(flags))
        for k, (index, segment, flags) in enumerate(entries)
    ]  # fmt: skip
