"""Writes the annotation sheets of CASME II and SAMM for synthetic clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class WrittenClip(NamedTuple):
    """What a sheet says about a clip.

    Attributes:
        subject: Number of the person.
        name: Name of the clip.
        label: Class: negative, positive or surprise.
        place: Which clip of the person it is, from 1.
        onset, apex, offset: Numbers of frames as in the names of their files.
        units: Action units that were seen.
    """

    subject: int
    name: str
    label: str
    place: int
    onset: int
    apex: int
    offset: int
    units: tuple[int, ...]


_CASME2_EMOTIONS = {
    "negative": ("disgust", "repression"),
    "positive": ("happiness",),
    "surprise": ("surprise",),
}
_SAMM_EMOTIONS = {
    "negative": ("Anger", "Contempt", "Disgust", "Fear", "Sadness"),
    "positive": ("Happiness",),
    "surprise": ("Surprise",),
}
_SAMM_NOTES = 13  # rows above the header


def write_casme2_sheet(path: Path, clips: Sequence[WrittenClip]) -> None:
    """Write a sheet like `CASME2-coding-20140508.xlsx`: subjects as text, the header in row 1."""
    header = ("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None,
              "Action Units", "Estimated Emotion")  # fmt: skip
    rows: list[Sequence[object]] = [header]
    for clip in clips:
        emotion = _emotion(_CASME2_EMOTIONS, clip)
        # A single unit stands there as a number, several as a text.
        units = clip.units[0] if len(clip.units) == 1 else "+".join(map(str, clip.units))
        rows.append((f"{clip.subject:02d}", clip.name, None, clip.onset, clip.apex, clip.offset,
                     None, units, emotion))  # fmt: skip
    _save(path, "Sheet1", rows)


def write_samm_sheet(path: Path, clips: Sequence[WrittenClip]) -> None:
    """Write a sheet like `SAMM_Micro_FACS_Codes_v2.xlsx`: notes first, the header in row 14."""
    notes: list[Sequence[object]] = [("Synthetic clips in the layout of SAMM: invented people",)]
    notes += [(None,)] * (_SAMM_NOTES - len(notes))
    header = ("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame",
              "Duration", "Micro", "Action Units", "Estimated Emotion", "Objective Classes",
              "Notes")  # fmt: skip
    rows = [*notes, header]
    for clip in clips:
        rows.append((f"{clip.subject:03d}", clip.name, clip.place, clip.onset, clip.apex,
                     clip.offset, clip.offset - clip.onset + 1, "1/2",
                     "+".join(map(str, clip.units)), _emotion(_SAMM_EMOTIONS, clip), 1,
                     None))  # fmt: skip
    _save(path, "MICRO_ONLY", rows)


def _emotion(emotions: dict[str, tuple[str, ...]], clip: WrittenClip) -> str:
    choice = emotions[clip.label]
    return choice[(clip.subject + clip.place) % len(choice)]


def _save(path: Path, title: str, rows: Sequence[Sequence[object]]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(list(row))
    book.save(path)
