"""How a dataset that is coded in a sheet is laid out, and how its sheet is found and read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dfrnet_keras.datasets.folders import SHEETS
from dfrnet_keras.datasets.listing import Problem
from dfrnet_keras.datasets.sheets import Row, read_sheet
from dfrnet_keras.datasets.tasks import plain_task, task_classes
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import natural_key

# What is read from a sheet, in the words of SAMM. The last two may be absent.
_ONSET, _APEX, _OFFSET, _EMOTION = "Onset Frame", "Apex Frame", "Offset Frame", "Estimated Emotion"
_UNITS, _TYPE = "Action Units", "Expression type"
COLUMNS = ("Subject", "Filename", _ONSET, _APEX, _OFFSET, _EMOTION, _UNITS, _TYPE)
_FOREIGN = re.compile(r"cas\(?me|sa?mm|smic|mmew|4dme", re.IGNORECASE)
_UNKNOWN = ""


class Scheme(NamedTuple):
    """How one dataset is laid out and coded.

    Attributes:
        name: Name of the dataset in `Clip.dataset`.
        title: Its name in messages.
        sheet: What the name of its sheet starts with, in lower case.
        subject: How `Clip.subject` is written, a format of the subject's number.
        subject_folder: Pattern of the name of a subject's folder, as distributed.
        clip_folder: Pattern of what the names of clips begin with.
        emotions: Class of each emotion that may stand in the sheet, in lower case.
        three_classes: The MEGC 2019 class of each class; those not in it are not part of MEGC.
        worksheet: The worksheet to look at first; `None` for the first one.
        latest: Among several editions of the sheet, whether the last by name is read or the first.
        needs_apex: Whether clips whose apex is not after the onset are left out of the three
            classes where the list of MEGC 2019 does not apply.
        columns: The dataset's names of `COLUMNS`, where they are others; empty for none.
        by_emotion: Whether folders of emotions, and not of subjects, hold those of the clips.
        inner: Name of the folder of the frames in that of a clip; empty where they lie in it.
        recording: Whether a folder holds a recording of which a clip is a part: then several rows
            may name one folder, and the onset is part of a clip's name.
        not_sheet: Pattern of names that start like `sheet` and are another dataset's.
    """

    name: str
    title: str
    sheet: str
    subject: str
    subject_folder: str
    clip_folder: str
    emotions: Mapping[str, str]
    three_classes: Mapping[str, str]
    worksheet: str | None = None
    latest: bool = True
    needs_apex: bool = False
    columns: Mapping[str, str] = {}
    by_emotion: bool = False
    inner: str = ""
    recording: bool = False
    not_sheet: str = r"(?!)"

    @property
    def classes(self) -> tuple[str, ...]:
        """The dataset's own classes, in the order of their numbers."""
        return tuple(sorted(set(self.emotions.values())))

    def label(self, emotion: str, task: str) -> str:
        """The class of one of the dataset's own classes in a task; empty where it has none."""
        if plain_task(task) == "megc2019":
            return self.three_classes.get(emotion, "")
        return emotion if emotion in task_classes(self.name, task, self.classes) else ""


def find_sheet(
    scheme: Scheme, root: Path, sheets: list[Path], problems: list[Problem]
) -> tuple[Path, list[Row]]:
    """The annotation sheet among the files of a folder, by name and then by content.

    Returns:
        The sheet, and its rows with the cells of `COLUMNS`, empty where it has no such column.
    """
    readable = [path for path in sheets if path.suffix.lower() in SHEETS]
    # What the dataset came with before what somebody saved from it.
    readable.sort(key=lambda path: SHEETS.index(path.suffix.lower()))
    named = [path for path in readable if _is_named(scheme, path)]
    if scheme.latest:
        named.sort(key=lambda path: natural_key(path.stem), reverse=True)
    # A sheet that was renamed still counts, one that bears another dataset's name does not.
    others = [path for path in readable if path not in named and not _FOREIGN.match(path.name)]
    failures: list[InputError] = []
    for index, path in enumerate(named + others):
        try:
            rows = _read(scheme, path)
        except InputError as error:
            if path in named:
                problems.append(Problem(path, str(error), "the sheet was passed over"))
            if path in named or path.suffix.lower() == ".xlsx":
                failures.append(error)
            continue
        what = f"is another sheet of {scheme.title}"
        problems += [Problem(other, what, f"{path.name} was read") for other in named[index + 1 :]]
        return path, rows
    if failures:
        raise failures[0]
    message = f"{root} holds frames of {scheme.title} and no annotation sheet: "
    saved = [path.name for path in sheets if path not in readable and _is_named(scheme, path)]
    saved = saved or [path.name for path in sheets if path not in readable]
    if saved:
        raise InputError(f"{message}{saved[0]} is there, save it as .xlsx")
    if readable:
        message += f"{readable[0].name} is that of another dataset, "
    raise InputError(f"{message}put the distributed {scheme.sheet}... .xlsx there")


def _is_named(scheme: Scheme, path: Path) -> bool:
    name = path.name.casefold()
    return name.startswith(scheme.sheet) and re.match(scheme.not_sheet, name) is None


def _read(scheme: Scheme, path: Path) -> list[Row]:
    names = {column: scheme.columns.get(column, column) for column in COLUMNS}
    # What only some editions have, and what only research adds, may be absent.
    optional = [names[column] for column in (_UNITS, _TYPE)]
    columns = [name for name in names.values() if name and name not in optional]
    rows = read_sheet(path, columns, optional=optional, prefer=scheme.worksheet)
    mixed = any(row.cells[names[_TYPE]] for row in rows)
    return [
        Row(
            row.number,
            {column: row.cells.get(name, _UNKNOWN) for column, name in names.items()},
        )
        for row in rows
        # A sheet that has macro-expressions too says which row is which.
        if not mixed or row.cells[names[_TYPE]].casefold().startswith("micro")
    ]
