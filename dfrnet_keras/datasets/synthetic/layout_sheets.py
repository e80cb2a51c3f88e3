"""Writes the annotation sheets of CASME II and SAMM for synthetic clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


class _Sheet(NamedTuple):
    """A sheet as it is distributed: rows of notes, and then the names of the columns."""

    file: str
    title: str
    notes: Sequence[Sequence[str]]
    columns: Sequence[str]
    subject: str
    emotions: Mapping[str, Sequence[str]]


_SHEETS = {
    "casme2": _Sheet(
        "CASME2-coding-20140508.xlsx",
        "Sheet1",
        (),
        ("Subject", "Filename", "", "OnsetFrame", "ApexFrame", "OffsetFrame", "", "Action Units",
         "Estimated Emotion"),
        "{:02d}",
        {"negative": ("disgust", "repression"), "positive": ("happiness",),
         "surprise": ("surprise",)},
    ),
    "samm": _Sheet(
        "SAMM_Micro_FACS_Codes_v2.xlsx",
        "MICRO_ONLY",
        (("Synthetic clips in the layout of SAMM: invented people",), *[()] * 12),
        ("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame",
         "Duration", "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes"),
        "{:03d}",
        {"negative": ("Anger", "Contempt", "Disgust", "Fear", "Sadness"),
         "positive": ("Happiness",), "surprise": ("Surprise",)},
    ),
}  # fmt: skip


def write_sheet(folder: Path, dataset: str, clips: Sequence[WrittenClip]) -> None:
    """Write the sheet of a dataset into its folder; nothing for SMIC, which has none."""
    import openpyxl

    if dataset not in _SHEETS:
        return
    layout = _SHEETS[dataset]
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(layout.title)
    for row in (*layout.notes, [column or None for column in layout.columns]):
        sheet.append(list(row))
    for clip in clips:
        emotions = layout.emotions[clip.label]
        units: object = "+".join(map(str, clip.units))
        if dataset == "casme2" and len(clip.units) == 1:
            units = clip.units[0]  # a single unit stands there as a number
        cells = {
            "Subject": layout.subject.format(clip.subject),
            "Filename": clip.name,
            "InducementCode": clip.place,
            "OnsetFrame": clip.onset,
            "ApexFrame": clip.apex,
            "OffsetFrame": clip.offset,
            "Duration": clip.offset - clip.onset + 1,
            "Micro": "1/2",
            "ActionUnits": units,
            "EstimatedEmotion": emotions[(clip.subject + clip.place) % len(emotions)],
            "ObjectiveClasses": 1,
        }
        sheet.append([cells.get(column.replace(" ", "")) for column in layout.columns])
    book.save(folder / layout.file)
