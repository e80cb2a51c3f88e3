"""Finds of recordings as rows: printed, and written as CSV and JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.features.spotting import Movement
from dfrnet_keras.prediction.naming import Name
from dfrnet_keras.prediction.recording import Recording

NOT_SURE = "not sure"
# What a reader should know, by the names of `Recording.remarks`.
REMARKS = {
    "no_face": "no face",
    "cut": "a cut between scenes: nothing is compared across it",
    "light": "the light jumps: no find there",
    "several_faces": "more than one face: the surest one is followed",
    "eyes_not_found": "the eyes were placed by the proportions of the face",
    "low_rate": "fewer than 15 frames a second: quick movements fall between frames",
    "uneven_rate": "frames at uneven steps: times are those that the file says",
}
_COLUMNS = ("video", "subject", "frame", "second", "kind", "class", "units", "confidence",
            "onset", "apex", "offset", "onset_second", "offset_second", "strength", "parts",
            "flags")  # fmt: skip


def find_row(recording: Recording, subject: str, movement: Movement, name: Name) -> dict[str, Any]:
    """A find as a row.

    Returns:
        What `finds.csv` has columns for, and `probabilities`; `class` is `None` where the network
        is not sure, `strength` is in eye distances.
    """
    onset, apex, offset = movement.seconds
    return {
        "video": recording.path,
        "subject": subject,
        "frame": movement.apex,
        "second": round(apex, 4),
        "kind": movement.kind,
        "class": name.label,
        "units": list(name.units),
        "confidence": round(movement.confidence, 3),
        "onset": movement.onset,
        "apex": movement.apex,
        "offset": movement.offset,
        "onset_second": round(onset, 4),
        "offset_second": round(offset, 4),
        "strength": round(movement.strength, 5),
        "parts": list(movement.parts),
        "flags": list(movement.flags),
        "probabilities": {label: round(value, 4) for label, value in name.probabilities.items()},
    }


def about(recording: Recording, subject: str) -> dict[str, Any]:
    """A recording as an entry of `finds.json`."""
    return {
        "video": recording.path,
        "subject": subject,
        "frames": recording.frames,
        "seconds": round(recording.seconds, 4),
        "frames_a_second": round(recording.rate, 3),
        "remarks": [
            {"flag": flag, "from": round(first, 3), "to": round(last, 3), "says": REMARKS[flag]}
            for flag, first, last in recording.remarks
        ],
        "problem": recording.problem or None,
    }


def as_json(
    model: str, recordings: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]
) -> str:
    """All of it as JSON."""
    return json.dumps({"model": model, "recordings": recordings, "finds": rows}, indent=1)


def write_table(path: str | Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows as CSV, whole or not at all."""
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8",
                                                   errors="surrogateescape") as text:  # fmt: skip
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        for row in rows:
            writer.writerow([_cell(row[name]) for name in _COLUMNS])


def _cell(value: Any) -> Any:
    if value is None:
        return NOT_SURE
    return "+".join(value) if isinstance(value, list) else value


def remark_lines(recording: Recording) -> list[str]:
    """What a reader should know about a recording, a line each."""
    lines = []
    for flag in REMARKS:
        spans = [(first, last) for name, first, last in recording.remarks if name == flag]
        if not spans:
            continue
        shown = ", ".join(f"{first:.1f} to {last:.1f}" if last > first else f"{first:.1f}"
                          for first, last in spans[:6])  # fmt: skip
        more = f" and {len(spans) - 6} times more" if len(spans) > 6 else ""
        lines.append(f"{REMARKS[flag]} (second {shown}{more})")
    return lines
