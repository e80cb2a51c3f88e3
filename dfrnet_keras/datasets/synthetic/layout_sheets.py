"""Writes the annotation sheets of the datasets for synthetic clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dfrnet_keras.datasets.clip_sets import SCHEMES


class WrittenClip(NamedTuple):
    """What a sheet says about a clip.

    Attributes:
        subject: Number of the person.
        name: Name of the clip.
        label: Class: negative, positive or surprise.
        place: Which clip of the person it is, from 1.
        onset, apex, offset: Numbers of frames as in the names of their files.
        units: Action units that were seen.
        emotion: What the sheet calls it.
    """

    subject: int
    name: str
    label: str
    place: int
    onset: int
    apex: int
    offset: int
    units: tuple[int, ...]
    emotion: str


class _Sheet(NamedTuple):
    """A sheet as it is distributed: rows of notes, and then the names of the columns.

    `others` is what it calls a clip of no basic emotion.
    """

    file: str
    title: str
    notes: Sequence[Sequence[str]]
    columns: Sequence[str]
    subject: str
    emotions: Mapping[str, Sequence[str]]
    others: str = "others"


_BASIC = ("anger", "disgust", "fear", "sadness")
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
        "Other",
    ),
    "casme": _Sheet(
        "casme.xlsx",
        "Sheet1",
        (),
        ("Subject", "Filename", "", "OnsetF", "ApexF1", "ApexF2", "OffsetF", "", "AU", "Emotion"),
        "{}",
        {"negative": ("disgust", "repression", "sadness"), "positive": ("happiness",),
         "surprise": ("surprise",)},
        "tense",
    ),
    "casme3": _Sheet(
        "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
        "label",
        (),
        ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"),
        "spNO.{}",
        {"negative": ("anger", "disgust", "fear", "sad"), "positive": ("happy",),
         "surprise": ("surprise",)},
    ),
    "casme3-c": _Sheet(
        "CAS(ME)3_part_C_ME.xlsx",
        "Sheet1",
        (),
        ("sub", "count", "onset", "offset", "au"),
        "{}",
        {"negative": ("",), "positive": ("",), "surprise": ("",)},
        "",
    ),
    "mmew": _Sheet(
        "MMEW_Micro_Exp.xlsx",
        "Sheet1",
        (),
        ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units",
         "Estimated Emotion", "remarks"),
        "S{:02d}",
        {"negative": _BASIC, "positive": ("happiness",), "surprise": ("surprise",)},
    ),
    "4dme": _Sheet(
        "4DME_Labelling_Micro_release v1.xlsx",
        "Sheet1",
        (),
        ("sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion"),
        "sub{:02d}",
        {"negative": ("Negative", "Repression"), "positive": ("Positive",),
         "surprise": ("Surprise",)},
        "Others",
    ),
}  # fmt: skip


def emotion_of(dataset: str, label: str, subject: int, place: int, others: bool) -> str:
    """What the sheet of a dataset calls the emotion of a clip; empty for SMIC, which has none.

    Args:
        dataset: Name of the dataset.
        label: Class of the clip's movement: negative, positive or surprise.
        subject, place: Number of the person, and which clip of the person it is.
        others: Whether some of the negative clips are called "others".
    """
    if dataset not in _SHEETS:
        return ""
    names = [*_SHEETS[dataset].emotions[label]]
    if others and label == "negative":
        names.append(_SHEETS[dataset].others)
    return names[(subject + place) % len(names)]


def write_sheet(folder: Path, dataset: str, clips: Sequence[WrittenClip]) -> None:
    """Write the sheet of a dataset into its folder; nothing for SMIC, which has none."""
    if dataset not in _SHEETS:
        return
    layout = _SHEETS[dataset]
    rows: list[Sequence[Any]] = [*layout.notes, [column or None for column in layout.columns]]
    # What the dataset calls columns that go by other names elsewhere.
    own = SCHEMES[dataset].columns if dataset in SCHEMES else {}
    usual = {theirs: name for name, theirs in own.items()}
    for clip in clips:
        units: object = "+".join(map(str, clip.units))
        if dataset == "casme2" and len(clip.units) == 1:
            units = clip.units[0]  # a single unit stands there as a number
        cells = {
            "Subject": layout.subject.format(clip.subject),
            "Filename": clip.name,
            "InducementCode": clip.place,
            "OnsetFrame": clip.onset,
            "ApexFrame": clip.apex,
            "ApexF2": clip.apex,
            "OffsetFrame": clip.offset,
            "Duration": clip.offset - clip.onset + 1,
            "Micro": "1/2",
            "ActionUnits": units,
            "EstimatedEmotion": clip.emotion,
            "ObjectiveClasses": 1,
            "Objectiveclass": 1,
        }
        rows.append([cells.get(usual.get(column, column).replace(" ", ""))
                     for column in layout.columns])  # fmt: skip
    write_workbook(folder / layout.file, {layout.title: rows})


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Write an .xlsx file: the rows of each worksheet by its title."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
