"""SAMM Long Videos: 147 recordings at 200 frames a second (Yap, Kendrick and Yap 2020).

As it is distributed: `SAMM_LongVideos_V1_Release.xlsx` (or a later edition), with its header below
nine rows of notes, beside `SAMM_longvideos/006_1/006_1_0001.jpg`. It names no emotions: where
`SAMM_Micro_FACS_Codes_v2.xlsx` of SAMM lies beside it, micro-expressions have the class that this
one gives them. https://doi.org/10.1109/FG47880.2020.00029
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from dfrnet_keras.datasets.folders import SHEETS, choose_edition, enclosing, explore, refuse_other
from dfrnet_keras.datasets.listing import Unusable
from dfrnet_keras.datasets.recording import (
    INTERVAL_LEFT_OUT,
    MICRO,
    Interval,
    Recordings,
    annotated,
    assemble,
)
from dfrnet_keras.datasets.samm import THREE_CLASSES
from dfrnet_keras.datasets.sheets import Row, read_sheet
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import natural_key

FRAME_RATE = 200.0
_TITLE = "SAMM Long Videos"
_COLUMNS = ("Filename", "Onset", "Apex", "Offset", "Type", "Action Units")
_RECORDING = re.compile(r"[0-9]{3}_[0-9]+")


def read_samm_lv(root: str | Path) -> Recordings:
    """Read the folder of SAMM Long Videos as it is distributed.

    Args:
        root: The folder that holds the sheet and the frames, or the one above it.

    Raises:
        InputError: Frames or sheet are not there, or the sheet cannot be read.
    """
    root = Path(root)
    tree = explore(root, lambda path: bool(_RECORDING.fullmatch(path.name)))
    if not tree.frames:
        refuse_other(root, "samm-lv", _TITLE)
    folder, problems = choose_edition(tree, root, None, _TITLE)
    sheet, rows = _read_rows(root, tree.sheets)
    labels, others = _emotions(tree.sheets)
    sources = {
        source.name: (source.name.partition("_")[0], source)
        for source in sorted(folder.iterdir(), key=lambda path: natural_key(path.name))
        if _RECORDING.fullmatch(source.name) and source.is_dir()
    }
    recordings = assemble(
        "samm-lv", sources, [(row.number, row) for row in rows],
        lambda row, numbers: _interval(row, numbers, labels),
        frame_rate=FRAME_RATE, inside=enclosing(folder, root), sheet=sheet, problems=problems,
    )  # fmt: skip
    return Recordings(recordings, tuple(problems), (folder,), (sheet, *others))


def _interval(
    row: Row, numbers: Mapping, labels: dict[str, str]
) -> tuple[str, str, Interval, list[tuple[str, str]]]:
    clip, onset, apex, offset, kind, units = (row.cells[name] for name in _COLUMNS)
    name = "_".join(clip.split("_")[:2])
    if name not in numbers:
        raise Unusable(f"{clip}: there is no recording {name!r}", INTERVAL_LEFT_OUT)
    label = labels.get(clip) if MICRO in kind.casefold() else None
    interval, notes = annotated((onset, apex, offset), numbers[name], kind, label, units)
    return name, clip, interval, notes


def _read_rows(root: Path, sheets: list[Path]) -> tuple[Path, list[Row]]:
    readable = [path for path in sheets if path.suffix.lower() in SHEETS]
    named = [path for path in readable if "longvideos" in path.name.casefold().replace("_", "")]
    if not named:
        raise InputError(
            f"{root} holds recordings of {_TITLE} and no annotation sheet: put the distributed "
            "SAMM_LongVideos_V1_Release.xlsx there"
        )
    latest = max(named, key=lambda path: natural_key(path.stem))
    return latest, read_sheet(latest, _COLUMNS, prefer="FACS_Movement_Only")


def _emotions(sheets: list[Path]) -> tuple[dict[str, str], list[Path]]:
    """Class of each clip in the sheet of SAMM, where that is there, and its path."""
    found = [path for path in sheets if path.name.casefold().startswith("samm_micro_facs_codes")]
    readable = [path for path in found if path.suffix.lower() in SHEETS]
    if not readable:
        return {}, []
    latest = max(readable, key=lambda path: natural_key(path.stem))
    rows = read_sheet(latest, ("Filename", "Estimated Emotion"), prefer="MICRO_ONLY")
    stated = {row.cells["Filename"]: row.cells["Estimated Emotion"].casefold() for row in rows}
    labels = {clip: THREE_CLASSES.get(emotion, "others") for clip, emotion in stated.items()}
    return labels, [latest]
