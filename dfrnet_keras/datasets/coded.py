"""Reads the datasets whose clips are coded in a sheet, one row a clip: CASME II and SAMM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dfrnet_keras.datasets import composite
from dfrnet_keras.datasets.annotation import Coding, number, place
from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.datasets.clip_folders import ClipFolders
from dfrnet_keras.datasets.folders import (
    SHEETS,
    choose_edition,
    explore,
    numbered_frames,
    subfolders,
    subject_number,
)
from dfrnet_keras.datasets.listing import LEFT_OUT, Listing, Problem
from dfrnet_keras.datasets.recognition import refuse_other
from dfrnet_keras.datasets.sheets import Row, read_sheet
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import natural_key

COLUMNS = ("Subject", "Filename", "Onset Frame", "Apex Frame", "Offset Frame", "Estimated Emotion")


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


def read_coded(scheme: Scheme, root: Path, *, classes: str, edition: str | None) -> Listing:
    """The clips of a dataset, in the order of its sheet.

    Args:
        scheme: Which dataset.
        root: Its folder, the one above it, or the folder of frames beside the sheet.
        classes: `"megc2019"` for the three classes, `"original"` for the dataset's own.
        edition: `"raw"`, `"cropped"`, or `None` for whichever is there, raw before cropped.

    Raises:
        InputError: The frames or the sheet are not there, or the sheet cannot be read.
    """
    tree = explore(root, lambda path: _is_subject(scheme, path))
    if not tree.frames:
        refuse_other(root, scheme.name, scheme.title)
    folder, problems = choose_edition(tree, root, edition, scheme.title)
    sheet, rows = _find_sheet(scheme, root, tree.sheets, problems)
    disk = ClipFolders(folder, root, scheme.subject, scheme.subject_folder, problems)
    official, notes = None, []
    if classes == "megc2019":
        held, note = composite.applies(scheme.name, _three_class_clips(scheme, rows))
        official, notes = (composite.listed_clips(scheme.name) if held else None), [note]
    clips = []
    extra: list[composite.ClipId] = []
    seen: dict[tuple[int, str], int] = {}
    for row in rows:
        subject, name = subject_number(row.cells["Subject"]), row.cells["Filename"]
        lacking = [column for column in ("Subject", "Filename") if not row.cells[column]]
        if lacking or subject is None:
            what = (
                f"the field {' and '.join(lacking)} is empty"
                if lacking
                else f"the subject {row.cells['Subject']!r} holds no number"
            )
            problems.append(Problem(sheet, row.number, what, LEFT_OUT))
            continue
        first = seen.setdefault((subject, name.casefold()), row.number)
        if first != row.number:
            what = f"{name} of this subject stands in row {first} already"
            problems.append(Problem(sheet, row.number, what, f"row {first} was used"))
            continue
        stated = scheme.emotions.get(row.cells["Estimated Emotion"].casefold())
        label = stated
        if classes == "megc2019":
            label = scheme.three_classes.get(stated or "")
        if official is not None:
            clip_id = scheme.subject.format(subject), name.casefold()
            if clip_id not in official:
                extra += [(clip_id[0], name)] if label else []
                continue
            listed = official[clip_id].label
            if label != listed:
                what = f"{name}: the emotion {row.cells['Estimated Emotion']!r} is not {listed}"
                done = f"{listed} was taken, as in the list of MEGC 2019"
                problems.append(Problem(sheet, row.number, what, done))
            label = listed
        elif stated is None:
            what = f"the emotion {row.cells['Estimated Emotion']!r} is unknown"
            problems.append(Problem(sheet, row.number, what, LEFT_OUT))
        if label is not None:
            needs_apex = scheme.needs_apex and classes == "megc2019" and official is None
            clip = _clip(scheme, row, sheet, disk, subject, label, needs_apex, problems)
            clips += [] if clip is None else [clip]
    problems += disk.unlisted(seen)
    if official is not None:
        have = {(scheme.subject.format(subject), name) for subject, name in seen}
        problems += composite.differences(scheme.name, sheet, extra, have)
    return Listing(tuple(clips), tuple(problems), (folder,), (sheet,), tuple(notes))


def _three_class_clips(scheme: Scheme, rows: list[Row]) -> set[composite.ClipId]:
    found = set()
    for row in rows:
        subject = subject_number(row.cells["Subject"])
        emotion = scheme.emotions.get(row.cells["Estimated Emotion"].casefold())
        if subject is not None and emotion in scheme.three_classes:
            found.add((scheme.subject.format(subject), row.cells["Filename"].casefold()))
    return found


def _clip(
    scheme: Scheme,
    row: Row,
    sheet: Path,
    disk: ClipFolders,
    subject: int,
    label: str,
    needs_apex: bool,
    problems: list[Problem],
) -> Clip | None:
    """The clip of a row, or `None` with a problem that says why there is none."""
    name = row.cells["Filename"]
    coding = Coding(*(row.cells[f"{moment} Frame"] for moment in ("Onset", "Apex", "Offset")))
    if needs_apex:
        onset, apex = number(coding.onset), number(coding.apex)
        if apex is None or (onset is not None and apex <= onset):
            what = f"the apex {coding.apex!r} is not after the onset {coding.onset!r}"
            done = "the clip is not one of MEGC 2019"
            problems.append(Problem(sheet, row.number, what, done))
            return None
    folder = disk.find(subject, name)
    if isinstance(folder, str):
        problems.append(Problem(sheet, row.number, folder, LEFT_OUT))
        return None
    try:
        frames = numbered_frames(folder, disk.inside)
    except OSError as error:
        what = f"{folder} cannot be read ({error.strerror})"
        problems.append(Problem(sheet, row.number, what, LEFT_OUT))
        return None
    problems += frames.problems
    placed = place(frames.numbers, coding)
    if isinstance(placed, str):
        problems.append(Problem(sheet, row.number, f"{folder}: {placed}", LEFT_OUT))
        return None
    for what, done in placed.notes:
        problems.append(Problem(sheet, row.number, f"{name}: {what}", done))
    return Clip(
        dataset=scheme.name,
        subject=scheme.subject.format(subject),
        name=name,
        frames=tuple(frames.paths),
        onset=placed.onset,
        apex=placed.apex,
        offset=placed.offset,
        label=label,
    )


def _is_subject(scheme: Scheme, path: Path) -> bool:
    """Whether a folder is that of a subject: by its name, or by a like name and what is in it."""
    if re.fullmatch(scheme.subject_folder, path.name, re.IGNORECASE):
        return True
    if subject_number(path.name) is None:
        return False
    try:
        inside = subfolders(path)
    except OSError:
        return False
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
    others = [
        path
        for path in readable
        if path not in named and not re.match("casme|sa?mm|smic", path.name, re.I)
    ]
    failure: InputError | None = None
    for path in named + others:
        try:
            rows = read_sheet(path, COLUMNS, prefer=scheme.worksheet)
        except InputError as error:
            if path in named or path.suffix.lower() == ".xlsx":
                failure = failure or error
            if path in named:
                problems.append(Problem(path, None, str(error), "the sheet was passed over"))
            continue
        problems += [
            Problem(other, None, f"is another sheet of {scheme.title}", f"{path.name} was read")
            for other in named
            if other != path and not any(problem.file == other for problem in problems)
        ]
        return path, rows
    if failure is not None:
        raise failure
    message = f"{root} holds frames of {scheme.title} and no annotation sheet: "
    saved = [path for path in sheets if path not in readable]
    if saved:
        raise InputError(f"{message}{saved[0].name} is there, save it as .xlsx")
    raise InputError(f"{message}put the distributed {scheme.sheet}... .xlsx there")
