"""Fits the frame numbers that a sheet gives for a clip to the frames that are there."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import multimode
from typing import NamedTuple

from dfrnet_keras.datasets.listing import Unusable

Note = tuple[str, str]  # what is wrong, what was done about it


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


def place(numbers: Sequence[int], onset_cell: str, apex_cell: str, offset_cell: str) -> Placed:
    """Indexes of onset, apex and offset among the frames of a clip.

    An apex may be the offset. It is `None`, with a note, where it is no number, is not after the
    onset or comes after the offset. An onset or offset that cannot be right gives way to the first
    or last frame that is there, and a frame that is missing to its neighbour, each with a note.

    Args:
        numbers: Numbers of the frames that are there, ascending, at least two.
        onset_cell, apex_cell, offset_cell: What the sheet says: numbers of frames, or any text.

    Raises:
        Unusable: There is no movement to be seen in these frames.
    """
    notes: list[Note] = []
    first, last = numbers[0], numbers[-1]
    onset, apex, offset = number(onset_cell), number(apex_cell), number(offset_cell)
    if onset is None:
        what = f"the onset {onset_cell!r} is not a frame number"
        notes.append((what, f"the first frame, {first}, was taken"))
        onset = first
    if offset is None or offset <= onset:
        what = f"the offset {offset} does not come after the onset {onset}"
        if offset is None:
            what = f"the offset {offset_cell!r} is not a frame number"
        notes.append((what, f"the last frame, {last}, was taken"))
        offset = last
    start, end = bisect_left(numbers, onset), bisect_right(numbers, offset) - 1
    if end <= start:
        raise Unusable(
            f"the frames {first} to {last} hold no movement from the onset {onset} "
            f"to the offset {offset}"
        )
    notes += _missing("onset", onset, numbers[start]) + _missing("offset", offset, numbers[end])
    notes += gaps(numbers[start : end + 1])
    index = None
    if apex is None:
        notes.append((f"the apex {apex_cell!r} is not a frame number", "the apex was left open"))
    elif not onset < apex <= offset:
        where = "is the onset" if apex == onset else f"lies outside {onset} to {offset}"
        notes.append((f"the apex {apex} {where}", "the apex was left open"))
    else:
        index = min(range(start + 1, end + 1), key=lambda at: abs(numbers[at] - apex))
        notes += _missing("apex", apex, numbers[index])
    return Placed(start, index, end, notes)


def _missing(moment: str, stated: int, taken: int) -> list[Note]:
    what = f"frame {stated}, the {moment}, is missing"
    return [] if stated == taken else [(what, f"frame {taken} was taken")]


def gaps(numbers: Sequence[int]) -> Iterator[Note]:
    """A note where frames are missing inside a run of two or more frame numbers.

    Cameras that count in steps other than 1 are allowed for: the step seen most often is theirs.
    """
    steps = [after - before for before, after in pairwise(numbers)]
    usual = min(multimode(steps))
    missing = sum(step // usual - 1 for step in steps if step > usual)
    if missing:
        what = f"{missing} frame(s) missing between {numbers[0]} and {numbers[-1]}"
        yield what, "the clip was used without them"
