"""Which finds are expressions: intervals held against each other, one truth a find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from dfrnet_keras.datasets.recording import KINDS, Interval, Recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.spotting.finds import Find

LEAST_OVERLAP = 0.5


class _Span(Protocol):
    @property
    def onset(self) -> int: ...
    @property
    def offset(self) -> int: ...


class Outcome(NamedTuple):
    """One row of an evaluation: a hit has both, a false find no truth, a miss no find."""

    subject: str
    recording: Recording
    kind: str
    truth: Interval | None
    find: Find | None


def overlap(one: _Span, other: _Span) -> float:
    """Intersection over union of two intervals, counted in frames, both ends part of them."""
    shared = min(one.offset, other.offset) - max(one.onset, other.onset) + 1
    if shared <= 0:
        return 0.0
    lengths = (one.offset - one.onset + 1) + (other.offset - other.onset + 1)
    return shared / (lengths - shared)


def match(
    truth: Sequence[Interval], finds: Sequence[Find], *, least: float = LEAST_OVERLAP
) -> list[tuple[Interval | None, Find | None]]:
    """Pair finds with the truth of one recording and one kind.

    Finds come in order of their confidence, and of time where that is equal. Each takes, of what
    no other has taken, the truth that it overlaps most, if by `least` or more.

    Returns:
        Pairs of truth and find in order of time; `None` stands in place of what is not there.
    """
    free = list(truth)
    pairs: list[tuple[Interval | None, Find | None]] = []
    for find in sorted(finds, key=lambda find: (-find.confidence, find.onset, find.offset)):
        best = max(free, key=lambda one: overlap(one, find), default=None)
        if best is not None and overlap(best, find) >= least:
            free.remove(best)
            pairs.append((best, find))
        else:
            pairs.append((None, find))
    pairs += [(one, None) for one in free]

    def time(pair: tuple[Interval | None, Find | None]) -> int:
        return min(part.onset for part in pair if part is not None)

    return sorted(pairs, key=time)


def outcomes(
    recordings: Sequence[Recording],
    finds: Sequence[Find],
    *,
    least: float = LEAST_OVERLAP,
    with_truth: bool = False,
) -> list[Outcome]:
    """Every hit, false find and miss of a dataset.

    Args:
        recordings: All that were looked at.
        finds: What was found in them.
        least: Overlap from which on a find is a hit.
        with_truth: Leave out, for each kind, recordings without an expression of it.

    Raises:
        InputError: A find names no such recording or reaches beyond its end, or two recordings
            have one name.
    """
    named = {recording.name: recording for recording in recordings}
    if len(named) < len(recordings):
        raise InputError("two recordings have the same name: evaluate each dataset alone")
    for find in finds:
        if find.recording not in named:
            raise InputError(
                f"there is no recording {find.recording!r} in the dataset: give the finds of this "
                "dataset"
            )
        if find.offset >= named[find.recording].count:
            raise InputError(
                f"a find in {find.recording} ends at frame {find.offset} and the recording has "
                f"{named[find.recording].count}: count frames from 0"
            )
    rows = []
    for recording in recordings:
        for kind in KINDS:
            truth = [one for one in recording.intervals if one.kind == kind]
            if with_truth and not truth:
                continue
            own = [f for f in finds if f.kind == kind and f.recording == recording.name]
            rows += [
                Outcome(recording.subject, recording, kind, *pair)
                for pair in match(truth, own, least=least)
            ]
    return rows
