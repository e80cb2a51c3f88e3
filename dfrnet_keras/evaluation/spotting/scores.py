"""Figures of spotting over a whole dataset, each with its interval over subjects.

Hits, false finds and misses are summed over all recordings, micro- and macro-expressions apart and
then together, as in the challenges since MEGC 2019. Recognition counts on the hits alone, and
STRS is the product of both F1 (MEGC 2025, arXiv:2506.15298).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.recording import KINDS, Recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.metrics import mean_where_defined
from dfrnet_keras.evaluation.spotting.finds import Find
from dfrnet_keras.evaluation.spotting.matching import LEAST_OVERLAP, Outcome, outcomes

OVERALL = "overall"
_CLASSES = len(MEGC2019_CLASSES)


@dataclass(frozen=True)
class Recognition:
    """Classes given to hits whose truth has one of the three classes.

    Attributes:
        hits: How many.
        not_sure: How many of them were given none of the three classes: wrong as well.
        precision, recall: Means over the three classes, 0 for one that does not occur: so were the
            printed figures of MEGC 2025 computed.
        f1: 2PR / (P + R) of those means, which STRS takes.
        uf1, uar: Mean of F1 and of recall over the classes that occur.
    """

    hits: int
    not_sure: int
    precision: float
    recall: float
    f1: float
    uf1: float
    uar: float


@dataclass(frozen=True)
class KindScores:
    """Figures of one kind of expression.

    Attributes:
        recordings: How many were looked at.
        truth: Expressions in them.
        hits, false_finds, misses: TP, FP and FN.
        precision, recall, f1: Over the whole dataset; 0 where nothing was found.
        false_finds_a_minute: Of what was looked at.
        apex_error, apex_error_ms: Mean distance of a hit's apex from the annotated one, in frames
            and in milliseconds; `None` where there is none.
        recognition: `None` where no hit has one of the three classes, or no find has any class.
        strs: F1 of spotting times F1 of recognition; `None` as above.
        intervals: 95 % interval over subjects of f1, precision, recall and strs, each by its name;
            empty with fewer than two subjects.
    """

    recordings: int
    truth: int
    hits: int
    false_finds: int
    misses: int
    precision: float
    recall: float
    f1: float
    false_finds_a_minute: float
    apex_error: float | None
    apex_error_ms: float | None
    recognition: Recognition | None
    strs: float | None
    intervals: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class SpottingScores:
    """Figures of a dataset.

    Attributes:
        micro, macro, overall: Of each kind; overall adds their hits, false finds and misses.
        subjects: Number of people.
        videos: `"all"`, or `"with-truth"`: recordings without an expression of a kind were left
            out for that kind, as in the code of SOFTNet and MEAN, and precision is not comparable.
        least_overlap: Intersection over union from which on a find is a hit.
        rows: Every hit, false find and miss; all figures follow from them.
    """

    micro: KindScores
    macro: KindScores
    overall: KindScores
    subjects: int
    videos: str
    least_overlap: float
    rows: tuple[Outcome, ...]


def evaluate_finds(
    recordings: Sequence[Recording],
    finds: Sequence[Find],
    *,
    videos: str = "all",
    least_overlap: float = LEAST_OVERLAP,
    samples: int = 2000,
    seed: int = 0,
) -> SpottingScores:
    """Hold finds against the annotated expressions.

    Args:
        recordings: All recordings of one dataset that were looked at, those without a find too.
        finds: What was found in them.
        videos: `"all"` or `"with-truth"`, see `SpottingScores`.
        least_overlap: Intersection over union from which on a find is a hit.
        samples: Draws of the bootstrap over subjects.
        seed: Of these draws.

    Raises:
        InputError: There is no recording, a find belongs to none, or an option is unknown.
    """
    if videos not in ("all", "with-truth"):
        raise InputError(f"videos is {videos!r}: use all or with-truth")
    if not recordings:
        raise InputError("there are no recordings to evaluate: give those of the dataset")
    if not 0 < least_overlap <= 1:
        raise InputError(f"least_overlap is {least_overlap}: give more than 0 and at most 1")
    rows = outcomes(recordings, finds, least=least_overlap, with_truth=videos == "with-truth")
    answered = any(find.label for find in finds)
    subjects = sorted({recording.subject for recording in recordings})
    random = np.random.default_rng(seed)
    equal = np.full(len(subjects), 1 / len(subjects))
    times = random.multinomial(len(subjects), equal, size=samples)
    by_kind = {}
    for kind in (*KINDS, OVERALL):
        own = [row for row in rows if kind in (row.kind, OVERALL)]
        seen = [
            recording
            for recording in recordings
            if videos == "all" or any(kind in (one.kind, OVERALL) for one in recording.intervals)
        ]
        by_kind[kind] = _scores(own, seen, subjects, times, answered)
    return SpottingScores(
        by_kind["micro"], by_kind["macro"], by_kind[OVERALL], len(subjects), videos, least_overlap,
        tuple(rows),
    )  # fmt: skip


def _scores(
    rows: Sequence[Outcome],
    seen: Sequence[Recording],
    subjects: Sequence[str],
    times: NDArray[np.int64],
    answered: bool,
) -> KindScores:
    counts = np.zeros((len(subjects), 3 + _CLASSES * (_CLASSES + 1)))
    for row in rows:
        own = counts[subjects.index(row.subject)]
        own[0] += row.truth is not None and row.find is not None
        own[1] += row.truth is None
        own[2] += row.find is None
        if row.truth and row.find and row.truth.label in MEGC2019_CLASSES:
            label = row.find.label or ""
            given = MEGC2019_CLASSES.index(label) if label in MEGC2019_CLASSES else _CLASSES
            place = MEGC2019_CLASSES.index(row.truth.label) * (_CLASSES + 1) + given
            own[3 + place] += 1
    total = counts.sum(0)
    figures = {name: float(value) for name, value in _figures(total).items()}
    hits, false, misses = (int(number) for number in total[:3])
    recognised = answered and total[3:].sum() > 0
    errors = [
        (gap := abs(row.find.apex - row.truth.apex), 1000 * gap / row.recording.frame_rate)
        for row in rows
        if row.truth and row.find and row.truth.apex is not None and row.find.apex is not None
    ]
    minutes = sum(recording.count / recording.frame_rate for recording in seen) / 60
    intervals = {}
    if len(subjects) > 1:
        drawn = _figures(times @ counts)
        for name in ("f1", "precision", "recall", *(["strs"] if recognised else [])):
            low, high = np.nanquantile(drawn[name], [0.025, 0.975])
            intervals[name] = (float(low), float(high))
    return KindScores(
        recordings=len(seen),
        truth=hits + misses,
        hits=hits,
        false_finds=false,
        misses=misses,
        precision=figures["precision"],
        recall=figures["recall"],
        f1=figures["f1"],
        false_finds_a_minute=false / minutes if minutes else 0.0,
        apex_error=float(np.mean(errors, axis=0)[0]) if errors else None,
        apex_error_ms=float(np.mean(errors, axis=0)[1]) if errors else None,
        recognition=_recognition(total[3:], figures) if recognised else None,
        strs=figures["strs"] if recognised else None,
        intervals=intervals,
    )


def _recognition(cells: NDArray[np.float64], figures: dict[str, float]) -> Recognition:
    matrix = cells.reshape(_CLASSES, _CLASSES + 1)
    names = ("precision", "recall", "f1", "uf1", "uar")
    values = [figures[f"class_{name}"] for name in names]
    return Recognition(int(matrix.sum()), int(matrix[:, -1].sum()), *values)


def _figures(counts: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """All figures of summed counts (..., 3 + cells of truth against answer)."""
    hits, false, misses = np.moveaxis(counts[..., :3], -1, 0)
    f1 = _ratio(2 * hits, 2 * hits + false + misses)
    matrix = counts[..., 3:].reshape(*counts.shape[:-1], _CLASSES, _CLASSES + 1)
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    given, true = matrix[..., :_CLASSES].sum(-2), matrix.sum(-1)
    precision, recall = _ratio(right, given).mean(-1), _ratio(right, true).mean(-1)
    both = _ratio(2 * precision * recall, precision + recall)
    return {
        "precision": _ratio(hits, hits + false),
        "recall": _ratio(hits, hits + misses),
        "f1": f1,
        "strs": f1 * both,
        "class_precision": precision,
        "class_recall": recall,
        "class_f1": both,
        "class_uf1": np.nan_to_num(mean_where_defined(2 * right, given + true)),
        "class_uar": np.nan_to_num(mean_where_defined(right, true)),
    }


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
