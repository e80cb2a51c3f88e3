"""Is one learner better than another, or was it luck? Tests on arrays, paired throughout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.metrics import MEANS

# Below so many clips that only one of the two has right, McNemar's statistic is far from
# chi-squared and the binomial distribution is used itself.
_FEW = 25


@dataclass(frozen=True)
class PairedBootstrap:
    """Difference of a figure when the subjects are drawn anew, the same ones for both.

    Attributes:
        first, second: The figure of each, of all subjects; a mean over seeds.
        difference: first - second.
        low, high: Percentile interval of the difference; `None` with fewer than two subjects.
        p: Two-sided: twice the share of draws on the other side of zero, at least
            2 / (samples + 1) and 2 ** (1 - subjects); `None` with fewer than two subjects.
        samples: Number of draws.
    """

    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    samples: int


@dataclass(frozen=True)
class McNemar:
    """Clips that only one of two has right.

    Attributes:
        both, first_only, second_only, neither: Number of clips that these have right.
        odds_ratio: first_only / second_only, the effect size; `None` where it is infinite or,
            without a clip on which they differ, not defined.
        low, high: Exact (Clopper-Pearson) 95 % interval of the odds ratio; `None` as above.
        p: Two-sided.
        method: `"exact binomial"` or `"chi-squared with continuity correction"`.
    """

    both: int
    first_only: int
    second_only: int
    neither: int
    odds_ratio: float | None
    low: float | None
    high: float | None
    p: float
    method: str


@dataclass(frozen=True)
class PairedT:
    """Student's t of the difference within each subject.

    Attributes:
        subjects: How many pairs.
        difference: Mean of first - second.
        low, high: 95 % interval of that mean.
        t, p: Statistic and two-sided p; `None`, like low and high, where they are not defined:
            fewer than two subjects, or the same difference other than zero in all.
        d_z: Cohen's d of paired values, the mean difference in units of its standard deviation.
    """

    subjects: int
    difference: float
    low: float | None
    high: float | None
    t: float | None
    p: float | None
    d_z: float | None


def paired_bootstrap(
    first: np.ndarray,
    second: np.ndarray,
    *,
    metric: str = "uf1",
    level: float = 0.95,
    samples: int = 10000,
    seed: int = 0,
) -> PairedBootstrap:
    """Draw subjects with replacement and look how often the difference keeps its sign.

    UF1 and UAR are pooled over the clips of the drawn subjects, so that no subject needs figures
    of its own: many have clips of one class only. Clips of one person resemble each other, hence
    the subject is what is drawn.

    Args:
        first, second: Confusion matrix of each subject under each seed, int arrays of shape
            (seeds, subjects, classes, classes), the subjects in the same order. The numbers of
            seeds may differ: each side is the mean over its own seeds, which are not drawn, so
            the interval is about other persons and not about other seeds.
        metric: `"uf1"` or `"uar"`.
        level: Share of the draws within the interval.
        samples: Number of draws.
        seed: Of the draws.

    Reference:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 16.
    """
    mean_over_classes = MEANS[metric]
    first, second = np.asarray(first), np.asarray(second)
    if first.ndim != 4 or first.shape[1:] != second.shape[1:]:
        raise InputError(
            f"first and second must both be (seeds, subjects, classes, classes) with the same "
            f"subjects and classes, not {first.shape} and {second.shape}."
        )

    def figure(matrices: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Mean over seeds for each row of `times`, how often each subject is drawn."""
        pooled = np.einsum("ds,kscp->kdcp", times, matrices)
        return mean_over_classes(pooled).mean(0)

    subjects = first.shape[1]
    once = np.ones((1, subjects), np.int64)
    one, two = float(figure(first, once)[0]), float(figure(second, once)[0])
    if subjects < 2:
        return PairedBootstrap(one, two, one - two, None, None, None, samples)
    random = np.random.default_rng(seed)
    times = random.multinomial(subjects, np.full(subjects, 1 / subjects), size=samples)
    drawn = figure(first, times) - figure(second, times)
    # Sums in another order differ in the last bit: that is no difference.
    drawn[np.abs(drawn) < 1e-12] = 0
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    beyond = int(min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0)))
    p = min(1.0, 2 * (beyond + 1) / (samples + 1))
    # Few subjects resemble each other by chance, and the bootstrap does not know it: no exact
    # paired test (signs, permutations) over so many can give less.
    p = max(p, 2.0 ** (1 - subjects))
    return PairedBootstrap(one, two, one - two, float(low), float(high), p, samples)


def mcnemar(first: ArrayLike, second: ArrayLike) -> McNemar:
    """Compare which clips two learners have right.

    Takes clips for independent, which those of one subject are not: p is rather too small.

    Args:
        first, second: Whether each clip is right, two bool lists in the same order.

    Reference:
        McNemar, Psychometrika 12, 1947, doi:10.1007/BF02295996; the correction by Edwards,
        Psychometrika 13, 1948, doi:10.1007/BF02289261.
    """
    from scipy import stats

    one, two = _pair(first, second, bool)
    only_one, only_two = int((one & ~two).sum()), int((~one & two).sum())
    differing = only_one + only_two
    if differing < _FEW:
        p = float(stats.binomtest(only_one, differing).pvalue) if differing else 1.0
        method = "exact binomial"
    else:
        statistic = max(0, abs(only_one - only_two) - 1) ** 2 / differing
        p = float(stats.chi2.sf(statistic, 1))
        method = "chi-squared with continuity correction"
    low = high = None
    if differing:
        share = stats.binomtest(only_one, differing).proportion_ci(method="exact")
        low, high = _odds(share.low), _odds(share.high)
    return McNemar(
        both=int((one & two).sum()),
        first_only=only_one,
        second_only=only_two,
        neither=int((~one & ~two).sum()),
        odds_ratio=only_one / only_two if only_two else None,
        low=low,
        high=high,
        p=p,
        method=method,
    )


def _pair(first: ArrayLike, second: ArrayLike, kind: DTypeLike) -> tuple[NDArray, NDArray]:
    one, two = np.asarray(first, kind), np.asarray(second, kind)
    if one.shape != two.shape or one.ndim != 1:
        raise InputError(
            f"first and second must be two lists of one length, not {one.shape} and {two.shape}."
        )
    return one, two


def _odds(share: float) -> float | None:
    return float(share / (1 - share)) if share < 1 else None


def paired_t_test(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> PairedT:
    """Student's t-test of the differences within subjects.

    Args:
        first, second: One figure of each subject, for example the share of its clips that are
            right; two lists in the same order.
        level: Share of the interval.
    """
    from scipy import stats

    one, two = _pair(first, second, float)
    if not one.size:
        raise InputError("first and second are empty: give one figure of each subject.")
    differences = one - two
    mean, number = float(differences.mean()), len(differences)
    if not differences.any():
        return PairedT(number, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    if number < 2 or np.ptp(differences) < 1e-12:
        return PairedT(number, mean, None, None, None, None, None)
    deviation = float(differences.std(ddof=1))
    result = stats.ttest_1samp(differences, 0)
    interval = result.confidence_interval(level)
    return PairedT(
        subjects=number,
        difference=mean,
        low=float(interval.low),
        high=float(interval.high),
        t=float(result.statistic),
        p=float(result.pvalue),
        d_z=mean / deviation,
    )


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for there being several; each may be held against the level as it is.

    The smallest is multiplied by the number of them, the next by one less, and none becomes
    smaller than one before it. `None` stays and is not counted.

    Reference:
        Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    known = sorted(
        (p, place) for place, p in enumerate(p_values) if p is not None and not math.isnan(p)
    )
    corrected: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        corrected[place] = least
    return corrected
