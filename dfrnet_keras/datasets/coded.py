"""Reads the datasets whose clips are coded in a sheet, one row a clip: CASME II and SAMM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dfrnet_keras.datasets import composite
from dfrnet_keras.datasets.annotation import number, place
from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.datasets.clip_folders import ClipFolders
from dfrnet_keras.datasets.folders import (
    SHEETS,
    choose_edition,
    explore,
    numbered_frames,
    refuse_other,
    subfolders,
    subject_number,
)
from dfrnet_keras.datasets.listing import Listing, Problem, Unusable
from dfrnet_keras.datasets.sheets import Row, read_sheet
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import natural_key

COLUMNS = ("Subject", "Filename", "Onset Frame", "Apex Frame", "Offset Frame", "Estimated Emotion")
_UNITS = "Action Units"


class Scheme(NamedTuple):
    """How one dataset is laid out and coded.

    Attributes:
        name: Name of the dataset in `Clip.dataset`.
        title: Its name in messages.
        sheet: What the name of its sheet starts with, in lower case.
        worksheet: The worksheet to look at first; `None` for the first one.
        latest: Among several editions of the sheet, whether the last by name is read or the first.
        subject: How `Clip.subject` is written, a format of the subject's number.
        subject_folder: Pattern of the name of a subject's folder, as distributed.
        clip_folder: Pattern of what the names of clips begin with.
        emotions: Class of each emotion that may stand in the sheet, in lower case.
        three_classes: The MEGC 2019 class of each class; those not in it are not part of MEGC.
        needs_apex: Whether clips whose apex is not after the onset are left out of the three
            classes where the list of MEGC 2019 does not apply.
    """

    name: str
    title: str
    sheet: str
    worksheet: str | None
    latest: bool
    subject: str
    subject_folder: str
    clip_folder: str
    emotions: Mapping[str, str]
    three_classes: Mapping[str, str]
    needs_apex: bool


def read_coded(
    scheme: Scheme, root: str | Path, *, classes: str = "megc2019", edition: str | None = None
) -> Listing:
    """Read the folder of a dataset as it is distributed.

    Args:
        scheme: Which dataset.
        root: The folder that holds the sheet and the frames, the one above it, or the folder of
            frames beside the sheet.
        classes: `"megc2019"` for the three classes, `"original"` for the dataset's own.
        edition: `"raw"`, `"cropped"`, or `None` for whichever is there, raw before cropped.

    Returns:
        The clips in the order of the sheet, and the problems met.

    Raises:
        InputError: The frames or the sheet are not there, or the sheet cannot be read.
    """
    root = Path(root)
    tree = explore(root, lambda path: _is_subject(scheme, path))
    if not tree.frames:
        refuse_other(root, scheme.name, scheme.title)
    folder, problems = choose_edition(tree, root, edition, scheme.title)
    sheet, rows = _find_sheet(scheme, root, tree.sheets, problems)
    disk = ClipFolders(folder, root, scheme.subject, scheme.subject_folder, problems)
    entries = [_entry(scheme, row) for row in rows]
    official, notes = None, []
    if classes == "megc2019":
        three_class = {(entry.subject, entry.name.casefold()) for entry in entries
                       if entry.subject and entry.emotion in scheme.three_classes}  # fmt: skip
        held, note = composite.applies(scheme.name, three_class)
        official, notes = (composite.listed_clips(scheme.name) if held else None), [note]
    clips = []
    extra: list[composite.ClipId] = []
    seen: dict[composite.ClipId, int] = {}
    for entry in entries:
        name, row, stated = entry.name, entry.row, entry.row.cells["Estimated Emotion"]
        try:
            clip_id = _clip_id(entry)
            first = seen.setdefault(clip_id, row.number)
            if first != row.number:
                what = f"{name} of this subject stands in row {first} already"
                raise Unusable(what, f"row {first} was used")
            label = entry.emotion
            if classes == "megc2019":
                label = scheme.three_classes.get(entry.emotion, "")
            if official is None:
                if not entry.emotion:
                    raise Unusable(f"the emotion {stated!r} is unknown")
                if label and scheme.needs_apex and classes == "megc2019":
                    _check_apex(row)
            elif clip_id in official:
                listed = official[clip_id].label
                if label != listed:
                    what = f"{name}: the emotion {stated!r} is not {listed}"
                    done = f"{listed} was taken, as in the list of MEGC 2019"
                    problems.append(Problem(sheet, what, done, row.number))
                label = listed
            elif label:
                extra.append((entry.subject, name))
                continue
            if label:
                clips.append(_clip(scheme, entry, label, sheet, disk, problems))
        except Unusable as error:
            problems.append(Problem(sheet, str(error), error.done, row.number))
    problems += disk.unlisted(seen)
    if official is not None:
        problems += composite.differences(scheme.name, sheet, extra, seen)
    return Listing(tuple(clips), tuple(problems), (folder,), (sheet,), tuple(notes))


class _Entry(NamedTuple):
    """A row; `subject` and `emotion` are empty where the cells hold none that is known."""

    row: Row
    subject: str
    name: str
    emotion: str


def _entry(scheme: Scheme, row: Row) -> _Entry:
    number = subject_number(row.cells["Subject"])
    subject = "" if number is None else scheme.subject.format(number)
    emotion = scheme.emotions.get(row.cells["Estimated Emotion"].casefold(), "")
    return _Entry(row, subject, row.cells["Filename"], emotion)


def _clip_id(entry: _Entry) -> composite.ClipId:
    lacking = [column for column in ("Subject", "Filename") if not entry.row.cells[column]]
    if lacking:
        raise Unusable(f"the field {' and '.join(lacking)} is empty")
    if not entry.subject:
        raise Unusable(f"the subject {entry.row.cells['Subject']!r} holds no number")
    return entry.subject, entry.name.casefold()


def _check_apex(row: Row) -> None:
    onset, apex = row.cells["Onset Frame"], row.cells["Apex Frame"]
    first, strongest = number(onset), number(apex)
    if strongest is None or (first is not None and strongest <= first):
        raise Unusable(
            f"the apex {apex!r} is not after the onset {onset!r}",
            "the clip is not one of MEGC 2019",
        )


def _clip(
    scheme: Scheme,
    entry: _Entry,
    label: str,
    sheet: Path,
    disk: ClipFolders,
    problems: list[Problem],
) -> Clip:
    folder = disk.find(entry.subject, entry.name)
    try:
        frames = numbered_frames(folder, disk.inside, problems)
        moments = (entry.row.cells[f"{moment} Frame"] for moment in ("Onset", "Apex", "Offset"))
        placed = place(list(frames), *moments)
    except Unusable as error:
        raise Unusable(f"{folder}: {error}") from None
    for what, done in placed.notes:
        problems.append(Problem(sheet, f"{entry.name}: {what}", done, entry.row.number))
    return Clip(
        dataset=scheme.name,
        subject=entry.subject,
        name=entry.name,
        frames=tuple(frames.values()),
        onset=placed.onset,
        apex=placed.apex,
        offset=placed.offset,
        label=label,
        # "R12B+L14" and "4 or 7" are 12 and 14, 4 and 7: sides and strengths are left out.
        action_units=tuple(map(int, re.findall(r"[0-9]+", entry.row.cells[_UNITS]))) or None,
    )


def _is_subject(scheme: Scheme, path: Path) -> bool:
    """Whether a folder is that of a subject: by its name, or by a like name and what is in it."""
    if re.fullmatch(scheme.subject_folder, path.name, re.IGNORECASE):
        return True
    inside = []
    if subject_number(path.name) is not None:
        with suppress(OSError):
            inside = subfolders(path)
    return any(re.match(scheme.clip_folder, inner.name, re.IGNORECASE) for inner in inside)


def _find_sheet(
    scheme: Scheme, root: Path, sheets: list[Path], problems: list[Problem]
) -> tuple[Path, list[Row]]:
    """The annotation sheet among the files of a folder, by name and then by content."""
    readable = [path for path in sheets if path.suffix.lower() in SHEETS]
    # What the dataset came with before what somebody saved from it.
    readable.sort(key=lambda path: SHEETS.index(path.suffix.lower()))
    named = [path for path in readable if path.name.casefold().startswith(scheme.sheet)]
    if scheme.latest:
        named.sort(key=lambda path: natural_key(path.stem), reverse=True)
    # A sheet that was renamed still counts, one that bears another dataset's name does not.
    foreign = re.compile("casme|sa?mm|smic", re.IGNORECASE)
    others = [path for path in readable if path not in named and not foreign.match(path.name)]
    failures: list[InputError] = []
    for index, path in enumerate(named + others):
        try:
            rows = read_sheet(path, COLUMNS, optional=(_UNITS,), prefer=scheme.worksheet)
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
    saved = [path.name for path in sheets if path not in readable]
    if saved:
        raise InputError(f"{message}{saved[0]} is there, save it as .xlsx")
    raise InputError(f"{message}put the distributed {scheme.sheet}... .xlsx there")
