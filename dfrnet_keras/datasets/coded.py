"""Reads the datasets whose clips are coded in a sheet, one row a clip."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dfrnet_keras.datasets import composite
from dfrnet_keras.datasets.action_units import parse_action_units
from dfrnet_keras.datasets.annotation import number, place
from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.datasets.clip_folders import ClipFolders
from dfrnet_keras.datasets.folders import (
    choose_edition,
    explore,
    refuse_other,
    subfolders,
    subject_number,
)
from dfrnet_keras.datasets.listing import Listing, Problem, Unusable
from dfrnet_keras.datasets.scheme import Scheme, find_sheet
from dfrnet_keras.datasets.sheets import Row
from dfrnet_keras.datasets.tasks import plain_task
from dfrnet_keras.errors import InputError

_LONGEST = 60  # frames, two seconds of the recordings: what is longer is a wrong number


def read_coded(
    scheme: Scheme, root: str | Path, *, classes: str = "megc2019", edition: str | None = None
) -> Listing:
    """Read the folder of a dataset as it is distributed.

    Args:
        scheme: Which dataset.
        root: The folder that holds the sheet and the frames, the one above it, or the folder of
            frames beside the sheet.
        classes: One of `tasks.TASKS`.
        edition: `"raw"`, `"cropped"`, or `None` for whichever is there, raw before cropped.

    Returns:
        The clips in the order of the sheet, and the problems met.

    Raises:
        InputError: The frames or the sheet are not there, or the sheet cannot be read.
    """
    root, classes = Path(root), plain_task(classes)
    if classes == "megc2019" and not scheme.three_classes:
        raise InputError(
            f"{scheme.title} is coded in action units and not in emotions, so it has no three "
            "classes: use --classes original, and it has one"
        )
    tree = explore(root, lambda path: _is_subject(scheme, path))
    if not tree.frames:
        refuse_other(root, scheme.name, scheme.title)
    folder, problems = choose_edition(tree, root, edition, scheme.title)
    sheet, rows = find_sheet(scheme, root, tree.sheets, problems)
    disk = ClipFolders(folder, root, scheme, problems)
    entries = [_entry(scheme, row) for row in rows]
    official, notes = None, []
    if classes == "megc2019" and composite.listed_clips(scheme.name):
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
                what = f"{entry.name} of this subject stands in row {first} already"
                raise Unusable(what, f"row {first} was used")
            label = scheme.label(entry.emotion, classes)
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
    if not scheme.recording:  # most recordings show no micro-expression
        problems += disk.unlisted(seen)
    if official is not None:
        problems += composite.differences(scheme.name, sheet, extra, seen)
    return Listing(tuple(clips), tuple(problems), (folder,), (sheet,), tuple(notes))


class _Entry(NamedTuple):
    """A row; `subject` and `emotion` are empty where the cells hold none that is known."""

    row: Row
    subject: str
    folder: str
    name: str
    emotion: str


def _entry(scheme: Scheme, row: Row) -> _Entry:
    who = subject_number(row.cells["Subject"])
    subject = "" if who is None else scheme.subject.format(who)
    emotion = scheme.emotions.get(row.cells["Estimated Emotion"].casefold(), "")
    folder = name = row.cells["Filename"]
    if scheme.recording and name:
        onset = row.cells["Onset Frame"]
        name += f"_{number(onset) if number(onset) is not None else onset}"
    return _Entry(row, subject, folder, name, emotion)


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
    folder = disk.find(entry.subject, entry.folder)
    cells = entry.row.cells
    moments = [cells[f"{moment} Frame"] for moment in ("Onset", "Apex", "Offset")]
    try:
        frames = disk.frames(folder)
        if scheme.recording:
            frames = _part(frames, moments[0], moments[2])
        placed = place(list(frames), *moments)
    except Unusable as error:
        raise Unusable(f"{folder}: {error}") from None
    for what, done in placed.notes:
        if scheme.columns.get("Apex Frame") != "" or not what.startswith("the apex ''"):
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
        action_units=parse_action_units(cells["Action Units"]),
    )


def _part(frames: dict[int, Path], onset_cell: str, offset_cell: str) -> dict[int, Path]:
    """The frames of a recording from onset to offset, which must be right: nothing else bounds
    the clip."""
    onset, offset = number(onset_cell), number(offset_cell)
    if onset is None or offset is None or not 0 < offset - onset <= _LONGEST:
        raise Unusable(
            f"{onset_cell!r} to {offset_cell!r} are no onset and offset of a micro-expression"
        )
    part = {frame: path for frame, path in frames.items() if onset <= frame <= offset}
    if len(part) < 2:
        raise Unusable(f"{len(part)} frame(s) are there of the clip from {onset} to {offset}")
    return part


def _is_subject(scheme: Scheme, path: Path) -> bool:
    """Whether a folder is that of a subject: by its name, or by a like name and what is in it."""
    if scheme.by_emotion and "macro" in path.parent.name.casefold():
        return False
    if re.fullmatch(scheme.subject_folder, path.name, re.IGNORECASE):
        return True
    inside = []
    if subject_number(path.name) is not None:
        with suppress(OSError):
            inside = subfolders(path)
    return any(re.match(scheme.clip_folder, inner.name, re.IGNORECASE) for inner in inside)
