"""The figures of the field, each from one confusion matrix pooled over all folds.

UF1 and UAR are means over classes, not over folds: averaging per fold gives other numbers, since
many subjects show one class only (MEGC2019, See et al., FG 2019; the paper's equations 15-17).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dfrnet_keras.datasets.action_units import unit_number
from dfrnet_keras.errors import InputError


@dataclass(frozen=True)
class Scores:
    """Figures of one confusion matrix, each between 0 and 1.

    Attributes:
        uf1: Unweighted F1 score, the mean over classes of 2TP / (2TP + FP + FN).
        uar: Unweighted average recall, the mean over classes of TP / n.
        macro_precision: Mean over classes of TP / (TP + FP); some papers print it as "UAR".
        accuracy: Share of clips that are right.
        weighted_f1: Mean of the classes' F1 scores, each weighing by its clips.
        clips: How many clips were counted.
    """

    uf1: float
    uar: float
    macro_precision: float
    accuracy: float
    weighted_f1: float
    clips: int


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, classes: int = 3) -> np.ndarray:
    """Counts of true class (rows) against predicted class (columns).

    Args:
        y_true: Class numbers 0 .. classes - 1, shape (n,).
        y_pred: Class numbers, shape (n,).
        classes: Number of classes.

    Returns:
        int64 array of shape (classes, classes).

    Raises:
        InputError: Where the lengths differ or a class number is out of range.
    """
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.shape != predicted.shape or true.ndim != 1:
        raise InputError(
            f"y_true and y_pred must be two lists of one length, "
            f"not shapes {true.shape} and {predicted.shape}."
        )
    for name, values in (("y_true", true), ("y_pred", predicted)):
        if values.size and (
            not np.issubdtype(values.dtype, np.integer)
            or values.min() < 0
            or values.max() >= classes
        ):
            raise InputError(f"{name} must hold class numbers from 0 to {classes - 1}.")
    cells = (true * classes + predicted).astype(np.int64)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def scores(matrix: np.ndarray) -> Scores:
    """All figures of a confusion matrix of shape (classes, classes).

    A class that no clip has and none was given is left out of the mean of F1 and of precision,
    and a class that no clip has out of the mean of recall: it can be neither right nor wrong.
    """
    matrix = np.asarray(matrix)
    total = int(matrix.sum())
    return Scores(
        uf1=float(mean_f1(matrix)),
        uar=float(mean_recall(matrix)),
        macro_precision=float(mean_recall(matrix.T)),
        accuracy=float(np.trace(matrix) / total) if total else float("nan"),
        weighted_f1=_weighted_f1(matrix) if total else float("nan"),
        clips=total,
    )


def _weighted_f1(matrix: np.ndarray) -> float:
    clips, given = matrix.sum(1), matrix.sum(0)
    f1 = 2 * np.diagonal(matrix) / np.maximum(clips + given, 1)
    return float(np.average(f1, weights=clips))


def uf1(y_true: ArrayLike, y_pred: ArrayLike, classes: int = 3) -> float:
    """Unweighted F1 score of class numbers pooled over all folds (eq. 15-16)."""
    return scores(confusion_matrix(y_true, y_pred, classes)).uf1


def uar(y_true: ArrayLike, y_pred: ArrayLike, classes: int = 3) -> float:
    """Unweighted average recall of class numbers pooled over all folds (eq. 17)."""
    return scores(confusion_matrix(y_true, y_pred, classes)).uar


def majority_scores(y_true: ArrayLike, classes: int = 3) -> Scores:
    """What always answering the most frequent class reaches: the floor beside every result."""
    true = np.asarray(y_true)
    most_frequent = np.bincount(true, minlength=classes).argmax()
    return scores(confusion_matrix(true, np.full_like(true, most_frequent), classes))


def bootstrap_interval(
    matrices: np.ndarray, *, metric: str = "uf1", level: float = 0.95, samples: int = 2000
) -> tuple[float, float]:
    """Percentile interval of a figure when the subjects are drawn anew, with replacement.

    Clips of one person resemble each other, so the subject is the unit that is drawn.

    Args:
        matrices: Confusion matrix of each subject, shape (subjects, classes, classes) or, for
            several seeds, (seeds, subjects, classes, classes): then the mean over seeds is drawn.
        metric: `"uf1"` or `"uar"`.
        level: Share of the draws between the two ends.
        samples: Number of draws.

    Returns:
        Lower and upper end; two NaN where there is one subject only.
    """
    from scipy import stats

    matrices = np.asarray(matrices)
    if matrices.ndim == 3:
        matrices = matrices[None]
    subjects = matrices.shape[1]
    if subjects < 2:
        return float("nan"), float("nan")
    mean_over_classes = MEANS[metric]

    def statistic(drawn: np.ndarray, axis: int) -> np.ndarray:
        pooled = matrices[:, drawn].sum(axis=axis % drawn.ndim + 1)
        # A seed under which none of the drawn subjects was tested does not count.
        return np.nanmean(mean_over_classes(pooled), axis=0)

    result = stats.bootstrap(
        (np.arange(subjects),),
        statistic,
        vectorized=True,
        n_resamples=samples,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(0),
        batch=200,
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def mean_f1(matrix: np.ndarray) -> np.ndarray:
    """UF1 of confusion matrices (..., classes, classes); NaN where one holds no clip."""
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    return mean_where_defined(2 * right, matrix.sum(-1) + matrix.sum(-2))


def mean_recall(matrix: np.ndarray) -> np.ndarray:
    """UAR of confusion matrices (..., classes, classes); NaN where one holds no clip."""
    return mean_where_defined(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(-1))


def mean_where_defined(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Mean along the last axis of the ratios whose denominator is not 0; NaN where none is."""
    defined = denominator > 0
    ratio = np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=defined)
    count = defined.sum(-1)
    return np.divide(ratio.sum(-1), count, out=np.full(count.shape, np.nan), where=count > 0)


MEANS = {"uf1": mean_f1, "uar": mean_recall}


PRESENT = 0.3  # strength from which a unit counts as seen, that of `models.preset` too


def unit_scores(rows: Iterable[Any]) -> dict[str, Any]:
    """F1 of each action unit over the clips whose sheet names units, whatever side and intensity.

    Args:
        rows: `run.Prediction`, one per clip and seed; those without units in the sheet or of the
            learner do not count.

    Returns:
        Nothing where no row counts. Else `units`: of each number that a sheet names or the learner
        saw, `f1` (a mean over seeds), `always` (the F1 of always answering it, the floor), `clips`
        that have it, and `known`, whether the learner knows it (`f1` is 0 where not); `mean_f1`
        over the known ones; and `clips` in all.
    """
    counted = [row for row in rows if row.action_units is not None and row.units is not None]
    if not counted:
        return {}
    seeds = sorted({row.seed for row in counted})
    known = {int(unit) for row in counted for unit in row.units or {}}
    truth = [{unit_number(unit) for unit in row.action_units or ()} for row in counted]
    seen = [{int(unit) for unit, strength in (row.units or {}).items() if strength >= PRESENT}
            for row in counted]  # fmt: skip
    clips = {row.key: units for row, units in zip(counted, truth, strict=True)}
    figures: dict[str, Any] = {}
    for unit in sorted(set().union(*truth, *seen)):
        share = sum(unit in units for units in clips.values()) / len(clips)
        each = []
        for seed in seeds:
            pairs = [(unit in true, unit in found) for row, true, found
                     in zip(counted, truth, seen, strict=True) if row.seed == seed]  # fmt: skip
            positive = sum(true + found for true, found in pairs)
            both = sum(true and found for true, found in pairs)
            each.append(2 * both / positive if positive else 0.0)
        figures[str(unit)] = {
            "f1": float(np.mean(each)),
            "always": 2 * share / (1 + share),
            "clips": round(share * len(clips)),
            "known": unit in known,
        }
    scored = [figure["f1"] for figure in figures.values() if figure["known"]]
    mean = float(np.mean(scored)) if scored else None
    return {"units": figures, "mean_f1": mean, "clips": len(clips)}


def calibration(
    rows: Iterable[Any], classes: tuple[str, ...], bins: int = 10
) -> dict[str, Any] | None:
    """How often the answers given with a probability are right.

    Args:
        rows: `run.Prediction`, one per clip and seed.
        classes: Names of the classes, in the order of the probabilities.
        bins: How many parts of equal width the probabilities of the answers are sorted into.

    Returns:
        `None` where there is no row, or where the answers are no probabilities (scores of kernel
        machines may be negative or not add up to 1). Else `bins`, of each that holds an answer the
        mean `probability`, the share `right` and the number of `answers`, and `error`, the expected
        calibration error: the mean difference of the two, each bin weighing by its answers (Guo et
        al., ICML 2017, eq. 3).
    """
    rows = list(rows)
    given = np.array([row.probabilities for row in rows])
    if not rows or given.min() < 0 or not np.allclose(given.sum(1), 1, atol=1e-2):
        return None
    answer = np.array([classes.index(row.predicted) for row in rows])
    chance = given[np.arange(len(rows)), answer]
    right = np.array([row.predicted == row.label for row in rows])
    place = np.minimum((chance * bins).astype(int), bins - 1)
    filled = [
        {
            "probability": float(chance[place == one].mean()),
            "right": float(right[place == one].mean()),
            "answers": int((place == one).sum()),
        }
        for one in np.unique(place)
    ]
    off = sum(one["answers"] * abs(one["probability"] - one["right"]) for one in filled)
    return {"error": off / len(rows), "bins": filled}
