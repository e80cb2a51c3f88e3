"""Reads the datasets whose clips are coded in a sheet, one row a clip: CASME II and SAMM."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dfrnet_keras.datasets.annotation import Coding, number, place
from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.datasets.folders import (
    choose_edition,
    explore,
    leaves,
    numbered_frames,
    subfolders,
)
from dfrnet_keras.datasets.listing import LEFT_OUT, Listing, Problem
from dfrnet_keras.datasets.recognition import refuse_other
from dfrnet_keras.datasets.sheets import Row, read_sheet
from dfrnet_keras.errors import InputError

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
        subject_folder: Pattern of the name of a subject's folder, with the number as its group.
        emotions: Class of each emotion that may stand in the sheet, in lower case.
        three_classes: The MEGC 2019 class of each class; those not in it are not part of MEGC.
        needs_apex: Whether MEGC 2019 leaves out clips whose apex is not after the onset.
    """

    name: str
    title: str
    sheet: str
    worksheet: str | None
    latest: bool
    subject: str
    subject_folder: str
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
    tree = explore(root, lambda path: _subject_of(scheme, path.name) is not None)
    if not tree.frames:
        refuse_other(root, scheme.name, scheme.title)
    folder, problems = choose_edition(tree, root, edition, scheme.title)
    sheet, rows = _find_sheet(scheme, root, tree.sheets, problems)
    disk = _Disk(scheme, folder, problems)
    clips = []
    seen: dict[tuple[int, str], int] = {}
    for row in rows:
        subject = _subject_of(scheme, row.cells["Subject"], anywhere=True)
        name, emotion = row.cells["Filename"], row.cells["Estimated Emotion"].casefold()
        lacking = [column for column in ("Subject", "Filename") if not row.cells[column]]
        if lacking:
            what = f"the field {' and '.join(lacking)} is empty"
        elif subject is None:
            what = f"the subject {row.cells['Subject']!r} holds no number"
        elif (subject, name.casefold()) in seen:
            first = seen[subject, name.casefold()]
            what = f"{name} of this subject stands in row {first} already"
            problems.append(Problem(sheet, row.number, what, f"row {first} was used"))
            continue
        elif emotion not in scheme.emotions:
            seen[subject, name.casefold()] = row.number
            what = f"the emotion {row.cells['Estimated Emotion']!r} is unknown"
        else:
            seen[subject, name.casefold()] = row.number
            label = scheme.emotions[emotion]
            if classes == "megc2019":
                if label not in scheme.three_classes:
                    continue
                label = scheme.three_classes[label]
            clip = _clip(scheme, row, sheet, disk, subject, label, classes, problems)
            clips += [] if clip is None else [clip]
            continue
        problems.append(Problem(sheet, row.number, what, LEFT_OUT))
    problems += disk.unlisted(seen)
    return Listing(tuple(clips), tuple(problems), (folder,), (sheet,))


def _clip(
    scheme: Scheme,
    row: Row,
    sheet: Path,
    disk: _Disk,
    subject: int,
    label: str,
    classes: str,
    problems: list[Problem],
) -> Clip | None:
    """The clip of a row, or `None` with a problem that says why there is none."""
    name = row.cells["Filename"]
    coding = Coding(*(row.cells[f"{moment} Frame"] for moment in ("Onset", "Apex", "Offset")))
    if classes == "megc2019" and scheme.needs_apex:
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


def _subject_of(scheme: Scheme, text: str, *, anywhere: bool = False) -> int | None:
    """Number of a subject in the name of a folder, or in a cell that may hold the number alone."""
    match = re.fullmatch(scheme.subject_folder, text, re.IGNORECASE)
    if match is None and anywhere:
        match = re.fullmatch(r"([0-9]{1,9})", text)
    return None if match is None else int(match[1])


def _find_sheet(
    scheme: Scheme, root: Path, sheets: list[Path], problems: list[Problem]
) -> tuple[Path, list[Row]]:
    """The annotation sheet among the xlsx files of a folder, by name and then by content."""
    named = [path for path in sheets if path.name.casefold().startswith(scheme.sheet)]
    if scheme.latest:
        named.reverse()
    # A sheet that was renamed still counts, one that bears another dataset's name does not.
    others = [
        path
        for path in sheets
        if path not in named and not re.match("casme|sa?mm|smic", path.name, re.I)
    ]
    failure: InputError | None = None
    for path in named + others:
        try:
            rows = read_sheet(path, COLUMNS, prefer=scheme.worksheet)
        except InputError as error:
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
    raise InputError(
        f"{root} holds frames of {scheme.title} and no annotation sheet: "
        f"put the distributed {scheme.sheet}... .xlsx there"
    )


class _Disk:
    """The folders of clips that are there, by subject and name."""

    def __init__(self, scheme: Scheme, folder: Path, problems: list[Problem]) -> None:
        self._scheme = scheme
        self._folder = folder
        self.inside = folder.resolve()
        self._subjects: dict[int, dict[str, Path]] = {}
        for path in subfolders(folder):
            subject = _subject_of(scheme, path.name)
            if subject is None:
                continue
            if subject in self._subjects:
                what = "is another folder of the same subject"
                problems.append(Problem(path, None, what, "it was passed over"))
                continue
            self._subjects[subject] = {}
            try:
                self._subjects[subject] = {inner.name: inner for inner in subfolders(path)}
            except OSError as error:
                what = f"cannot be read ({error.strerror})"
                problems.append(Problem(path, None, what, "its clips were left out"))

    def find(self, subject: int, name: str) -> Path | str:
        """The folder of a clip, or why there is none."""
        folders = self._subjects.get(subject)
        who = self._scheme.subject.format(subject)
        if folders is None:
            return f"there is no folder of {who} in {self._folder}"
        path = folders.get(name)
        if path is None:
            alike = [inner for inner in folders if inner.casefold() == name.casefold()]
            if not alike:
                return f"there is no folder {name!r} of {who} in {self._folder}"
            path = folders[alike[0]]
        if leaves(path, self.inside):
            return f"{path} is a link that leaves the dataset's folder"
        return path

    def unlisted(self, listed: Mapping[tuple[int, str], int]) -> Iterator[Problem]:
        """A problem for each folder of a clip that no row names."""
        for subject, folders in self._subjects.items():
            for name, path in folders.items():
                if (subject, name.casefold()) not in listed:
                    yield Problem(path, None, "no row of the sheet names it", "it was passed over")
