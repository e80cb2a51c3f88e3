"""CAS(ME)^2: long recordings of 22 people at 30 frames a second (Qu et al. 2018).

As it is distributed: `CAS(ME)^2code_final.xlsx` beside
`rawpic/s15/15_0101disgustingteeth/img001.jpg`; where there are no pictures, the videos of
`rawvideo/s15/15_0101disgustingteeth.avi` are read. The
sheet has no header: subject, video and count (`anger1_1`), onset, apex, offset (0 where it was
not seen), action units, emotion, type. Two further worksheets say which folder is a subject
(`naming rule1`) and which code a video (`naming rule2`). https://doi.org/10.1109/TAFFC.2017.2654440
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dfrnet_keras.datasets.folders import SHEETS, choose_edition, enclosing, explore, refuse_other
from dfrnet_keras.datasets.listing import Unusable
from dfrnet_keras.datasets.recording import (
    INTERVAL_LEFT_OUT,
    Interval,
    Recordings,
    annotated,
    assemble,
)
from dfrnet_keras.datasets.sheets import read_worksheets
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import is_leftover, is_video, natural_key

FRAME_RATE = 30.0
_TITLE = "CAS(ME)^2"
_WORKSHEETS = ("CASFEcode_final", "naming rule1", "naming rule2")
_EMOTIONS = ("negative", "positive", "surprise", "others")
_RECORDING = re.compile(r"([0-9]+)_([0-9]{4})")

_Key = tuple[str, str]  # folder of the subject, code of the video


def read_casme_squared(root: str | Path) -> Recordings:
    """Read the folder of CAS(ME)^2 as it is distributed.

    Args:
        root: The folder that holds the sheet and the frames, or the one above it.

    Raises:
        InputError: Frames or sheet are not there, or the sheet cannot be read.
    """
    root = Path(root)
    tree = explore(root, _is_subject)
    if not tree.frames:
        refuse_other(root, "casme-squared", _TITLE)
    pictures = [folder for folder in tree.frames if "video" not in folder.name.casefold()]
    folder, problems = choose_edition(
        tree._replace(frames=pictures or tree.frames), root, None, _TITLE
    )
    sheet, codes, people, videos = _read_sheet(root, tree.sheets)
    sources = {
        (subject.name.casefold(), _RECORDING.match(source.name)[2]):  # type: ignore[index]
            (subject.name.casefold(), source)
        for subject in sorted(filter(_is_subject, folder.iterdir()), key=_by_name)
        for source in sorted(filter(_is_recording, subject.iterdir()), key=lambda p: p.name)
    }  # fmt: skip
    recordings = assemble(
        "casme-squared", sources, [(n, row) for n, row in enumerate(codes, 1) if any(row)],
        lambda row, numbers: _interval(row, people, videos, numbers),
        frame_rate=FRAME_RATE, inside=enclosing(folder, root), sheet=sheet, problems=problems,
    )  # fmt: skip
    return Recordings(recordings, tuple(problems), (folder,), (sheet,))


def _by_name(path: Path) -> Any:
    return natural_key(path.name)


def _interval(
    cells: list[str], people: dict[str, str], videos: dict[str, str], numbers: Mapping
) -> tuple[_Key, str, Interval, list[tuple[str, str]]]:
    subject, name, onset, apex, offset, units, emotion, kind = (*cells, *[""] * 8)[:8]
    if subject not in people:
        raise Unusable(f"no row of 'naming rule1' names subject {subject!r}", INTERVAL_LEFT_OUT)
    video = name.rpartition("_")[0] or name
    if video.casefold() not in videos:
        raise Unusable(f"no row of 'naming rule2' names the video {video!r}", INTERVAL_LEFT_OUT)
    key = (people[subject], videos[video.casefold()])
    if key not in numbers:
        number = key[0].lstrip("s")
        what = f"{name}: there is no recording {number}_{key[1]} in the folder {key[0]}"
        raise Unusable(what, INTERVAL_LEFT_OUT)
    label = emotion.casefold() if emotion.casefold() in _EMOTIONS else None
    interval, notes = annotated((onset, apex, offset), numbers[key], kind, label, units)
    if label is None:
        notes.append((f"the emotion {emotion!r} is unknown", "the expression has no class"))
    return key, name, interval, notes


def _read_sheet(
    root: Path, sheets: list[Path]
) -> tuple[Path, list[list[str]], dict[str, str], dict[str, str]]:
    """The sheet, its rows, folders of subjects by number, and codes of videos by name."""
    readable = [path for path in sheets if path.suffix.lower() in SHEETS[:2]]
    named = [path for path in readable if "code_final" in path.name.casefold()]
    for path in named or readable:
        tables = read_worksheets(path)
        lacking = [name for name in _WORKSHEETS if name not in tables]
        if lacking:
            raise InputError(f"{path} lacks the worksheet {lacking[0]!r}: use the sheet as it was "
                             "distributed")  # fmt: skip
        codes, subjects, videos = (tables[name] for name in _WORKSHEETS)
        people = {row[2]: row[1].casefold() for row in subjects if len(row) > 2 and row[1]}
        names = {row[1].casefold(): row[0].zfill(4) for row in videos if len(row) > 1 and row[0]}
        return path, codes, people, names
    raise InputError(
        f"{root} holds recordings of {_TITLE} and no annotation sheet: put the distributed "
        "CAS(ME)^2code_final.xlsx there"
    )


def _is_recording(path: Path) -> bool:
    named = _RECORDING.match(path.name) and not is_leftover(path.name)
    return bool(named) and (path.is_dir() or is_video(path))


def _is_subject(path: Path) -> bool:
    if not re.fullmatch(r"s[0-9]+", path.name, re.IGNORECASE) or not path.is_dir():
        return False
    try:
        return any(map(_is_recording, path.iterdir()))
    except OSError:
        return False
