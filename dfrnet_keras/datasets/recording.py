"""Long recordings and the expressions annotated in them: CAS(ME)^2 and SAMM Long Videos."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from dfrnet_keras.datasets.annotation import number
from dfrnet_keras.datasets.folders import folder_of, no_folder, numbered_frames
from dfrnet_keras.datasets.listing import Problem, Unusable
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import is_video, video_length

RECORDING_DATASETS = ("casme-squared", "samm-lv")
MICRO, MACRO = KINDS = ("micro", "macro")
INTERVAL_LEFT_OUT = "the expression was left out"

Notes = list[tuple[str, str]]  # what is wrong, what was done
_Key = TypeVar("_Key")
_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Interval:
    """One annotated expression.

    Attributes:
        onset, offset: Indexes of its first and its last frame, both part of it.
        apex: Index of the frame of strongest movement, `None` where it is not annotated.
        kind: `"micro"` or `"macro"`.
        label: `"negative"`, `"positive"`, `"surprise"` or `"others"`; `None` where the dataset
            does not say.
        units: Action units as the sheet writes them.
    """

    onset: int
    apex: int | None
    offset: int
    kind: str
    label: str | None
    units: str = ""


@dataclass(frozen=True)
class Recording:
    """One long recording: who, where, what is annotated; never pixels.

    Attributes:
        dataset: One of `RECORDING_DATASETS`.
        subject: Name of the person.
        name: Name of the recording, unique within the dataset.
        source: Folder of its frames, or a video.
        count: Number of its frames.
        frame_rate: Frames a second.
        intervals: Its expressions, in order of onset.
        inside: Folders that links among its frames may lead into.
    """

    dataset: str
    subject: str
    name: str
    source: Path
    count: int
    frame_rate: float
    intervals: tuple[Interval, ...] = ()
    inside: tuple[Path, ...] = field(default=(), repr=False)

    def frames(self) -> tuple[Path, ...]:
        """Paths of the frames in order, or of the one video: what `iterate_frames` takes.

        Listed anew each time, since a dataset has a million of them.
        """
        if is_video(self.source):
            return (self.source,)
        return tuple(numbered_frames(self.source, self.inside, []).values())


@dataclass(frozen=True)
class Recordings:
    """What was found in the folder of a dataset: as `Listing`, of long recordings."""

    recordings: tuple[Recording, ...]
    problems: tuple[Problem, ...]
    folders: tuple[Path, ...]
    sheets: tuple[Path, ...]


def load_recordings(name: str, root: str | Path | None = None) -> list[Recording]:
    """The recordings of a dataset, those without an expression among them.

    Args:
        name: One of `RECORDING_DATASETS`.
        root: Its folder as distributed, or the one above; by default `$DFR_KERAS_DATA/<name>`.

    Raises:
        InputError: The name is unknown, there is no such folder, or no recording in it.
    """
    found = list_recordings(name, root)
    left_out = sum(problem.done == INTERVAL_LEFT_OUT for problem in found.problems)
    if left_out:
        warnings.warn(
            f"{left_out} expression(s) of {name} cannot be used: "
            f"dfr-keras data check --dataset {name} names them",
            stacklevel=2,
        )
    return list(found.recordings)


def list_recordings(name: str, root: str | Path | None = None) -> Recordings:
    """The recordings of a dataset and every problem met while reading it; see `load_recordings`."""
    folder = recordings_root(name, root)
    module = name.replace("-", "_")
    read = getattr(import_module(f"dfrnet_keras.datasets.{module}"), f"read_{module}")
    return read(folder)


def recordings_root(name: str, root: str | Path | None = None) -> Path:
    """Where a dataset of recordings lies; arguments and errors as of `load_recordings`."""
    if name not in RECORDING_DATASETS:
        choices = ", ".join(RECORDING_DATASETS)
        raise InputError(f"The dataset {name!r} has no long recordings: use one of {choices}")
    folder = folder_of(name, root)
    if folder is None:
        raise no_folder(name)
    return folder


def assemble(
    dataset: str,
    sources: Mapping[_Key, tuple[str, Path]],
    rows: Iterable[tuple[int, _Row]],
    interval_of: Callable[
        [_Row, Mapping[_Key, Sequence[int]]], tuple[_Key, str, Interval, list[tuple[str, str]]]
    ],
    *,
    frame_rate: float,
    inside: tuple[Path, ...],
    sheet: Path,
    problems: list[Problem],
) -> tuple[Recording, ...]:
    """Recordings with the expressions that the rows of a sheet name.

    Args:
        dataset: Its name.
        sources: Subject and folder or video of each recording, by what `interval_of` calls it.
        rows: Number and content of each row.
        interval_of: Gives, of a row and the frame numbers of each recording, which recording it is
            about, what a problem calls the row, its interval and notes; or raises `Unusable`.
        frame_rate: Of recordings that do not say theirs.
        inside: See `Recording`.
        sheet: Where the rows stand.
        problems: Gets what is wrong.
    """
    numbers: dict[_Key, Sequence[int]] = {}
    rates: dict[_Key, float] = {}
    for key, (_, source) in sources.items():
        try:
            numbers[key], measured = _frame_numbers(source, inside, problems)
            rates[key] = measured or frame_rate
        except Unusable as error:
            problems.append(Problem(source, str(error), "the recording was left out"))
    intervals: dict[_Key, list[Interval]] = {key: [] for key in numbers}
    for place, row in rows:
        try:
            key, name, interval, notes = interval_of(row, numbers)
        except Unusable as error:
            problems.append(Problem(sheet, str(error), error.done, place))
            continue
        intervals[key].append(interval)
        problems += [Problem(sheet, f"{name}: {what}", done, place) for what, done in notes]
    return tuple(
        Recording(
            dataset, subject, source.stem if is_video(source) else source.name, source,
            len(numbers[key]), rates[key],
            tuple(sorted(intervals[key], key=lambda one: one.onset)), inside,
        )
        for key, (subject, source) in sources.items()
        if key in numbers
    )  # fmt: skip


def _frame_numbers(
    source: Path, inside: Sequence[Path], problems: list[Problem]
) -> tuple[Sequence[int], float | None]:
    """Numbers of the frames of a recording, ascending, and the frame rate where it is a video."""
    if not is_video(source):
        return list(numbered_frames(source, inside, problems)), None
    try:
        count, rate = video_length(source)
    except InputError as error:
        raise Unusable(str(error)) from error
    if count < 2:
        raise Unusable(f"{source.name} has {count} frame(s) and needs 2")
    return range(1, count + 1), rate


def annotated(
    cells: tuple[str, str, str],
    numbers: Sequence[int],
    kind: str,
    label: str | None,
    units: str,
) -> tuple[Interval, list[tuple[str, str]]]:
    """An interval from the cells of a sheet, and notes: what is wrong, what was done.

    A fraction of a frame is rounded, half upwards. An onset of 0, before the recording began, is
    its first frame. An offset that was not seen is the apex, as in the baselines of MEGC.

    Args:
        cells: Onset, apex and offset as the sheet has them: numbers of frames.
        numbers: Numbers of the frames that are there, ascending.
        kind: What the sheet calls it.
        label, units: See `Interval`.

    Raises:
        Unusable: There is no such interval.
    """
    found = [name for name in KINDS if name in kind.casefold()]
    if len(found) != 1:
        raise Unusable(f"the type {kind!r} is neither micro nor macro", INTERVAL_LEFT_OUT)
    notes = []
    onset, apex, offset = (_frame(cell) for cell in cells)
    if onset is None:
        raise Unusable(f"the onset {cells[0]!r} is not a frame number", INTERVAL_LEFT_OUT)
    if onset < numbers[0]:
        notes.append((f"the onset {onset} lies before the recording", "the first frame was taken"))
    if not offset:
        if not apex:
            what = f"the offset {cells[2]!r} and the apex {cells[1]!r} are no frame numbers"
            raise Unusable(what, INTERVAL_LEFT_OUT)
        notes.append((f"the offset {cells[2]!r} was not seen", f"the apex, {apex}, was taken"))
        offset = apex
    start, end = bisect_left(numbers, onset), bisect_right(numbers, offset) - 1
    if end < start:
        what = f"there are no frames from the onset {onset} to the offset {offset}"
        raise Unusable(what, INTERVAL_LEFT_OUT)
    if numbers[end] != offset:
        notes.append((f"frame {offset}, the offset, is missing", f"{numbers[end]} was taken"))
    index = None
    if apex and onset <= apex <= offset:
        index = min(range(start, end + 1), key=lambda at: abs(numbers[at] - apex))
    elif apex:
        notes.append((f"the apex {apex} lies outside {onset} to {offset}", "it was left open"))
    return Interval(start, index, end, found[0], label, units), notes


def _frame(cell: str) -> int | None:
    whole = number(cell)
    if whole is None and re.fullmatch(r"[0-9]{1,18}[.,][0-9]+", cell, re.ASCII):
        return int(float(cell.replace(",", ".")) + 0.5)
    return whole
