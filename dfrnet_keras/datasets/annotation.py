"""Fits the frame numbers that a sheet gives for a clip to the frames that are there."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from dfrnet_keras.datasets.folders import missing_between

Note = tuple[str, str]  # what is wrong, what was done about it


class Coding(NamedTuple):
    """Onset, apex and offset as the cells of a sheet give them: numbers of frames, or any text."""

    onset: str
    apex: str
    offset: str


class Placed(NamedTuple):
    """Indexes into the frames of a clip; `apex` is `None` where it has to be spotted."""

    onset: int
    apex: int | None
    offset: int
    notes: list[Note]


def number(cell: str) -> int | None:
    """The frame number in a cell, `None` where it holds something else, as "/" does.

    Numbers stored as text count: "118", "118.0", "118,0" and "'118".
    """
    match = re.fullmatch(r"'?([0-9]{1,18})(?:[.,]0*)?", cell, re.ASCII)
    return None if match is None else int(match[1])


def place(numbers: Sequence[int], coding: Coding) -> Placed | str:
    """Indexes of onset, apex and offset among the frames of a clip.

    An apex may be the offset. It is `None`, with a note, where it is no number, is not after the
    onset or comes after the offset. An onset or offset that cannot be right gives way to the first
    or last frame that is there, and a frame that is missing to its neighbour, each with a note.

    Args:
        numbers: Numbers of the frames that are there, ascending.
        coding: The cells of the sheet.

    Returns:
        The indexes, or the reason why there is no movement to be seen in these frames.
    """
    if len(numbers) < 2:
        return f"the clip has {len(numbers)} frame(s) and needs 2"
    notes: list[Note] = []
    first, last = numbers[0], numbers[-1]
    onset, offset = number(coding.onset), number(coding.offset)
    if onset is None:
        notes.append((f"the onset {coding.onset!r} is not a frame number", _taken("first", first)))
        onset = first
    if offset is None:
        notes.append((f"the offset {coding.offset!r} is not a frame number", _taken("last", last)))
        offset = last
    elif offset <= onset:
        what = f"the offset {offset} does not come after the onset {onset}"
        notes.append((what, _taken("last", last)))
        offset = last
    start, end = bisect_left(numbers, onset), bisect_right(numbers, offset) - 1
    if end <= start:
        return (
            f"the frames {first} to {last} hold no movement from the onset {onset} "
            f"to the offset {offset}"
        )
    for name, stated, index in (("onset", onset, start), ("offset", offset, end)):
        if numbers[index] != stated:
            what = f"frame {stated}, the {name}, is missing"
            notes.append((what, f"frame {numbers[index]} was taken"))
    gaps = missing_between(list(numbers[start : end + 1]))
    if gaps:
        notes.append(
            (
                f"{gaps} frame(s) missing between {numbers[start]} and {numbers[end]}",
                "the clip was used without them",
            )
        )
    apex = _apex(numbers, coding.apex, onset, offset, start, end, notes)
    return Placed(start, apex, end, notes)


def _apex(
    numbers: Sequence[int],
    cell: str,
    onset: int,
    offset: int,
    start: int,
    end: int,
    notes: list[Note],
) -> int | None:
    apex = number(cell)
    if apex is None:
        what = f"the apex {cell!r} is not a frame number"
    elif apex == onset:
        what = f"the apex {apex} is the onset"
    elif not onset < apex <= offset:
        what = f"the apex {apex} lies outside {onset} to {offset}"
    else:
        index = min(range(start + 1, end + 1), key=lambda at: abs(numbers[at] - apex))
        if numbers[index] != apex:
            notes.append(
                (f"frame {apex}, the apex, is missing", f"frame {numbers[index]} was taken")
            )
        return index
    notes.append((what, "the apex was left open"))
    return None


def _taken(which: str, frame: int) -> str:
    return f"the {which} frame, {frame}, was taken"
