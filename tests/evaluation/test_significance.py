import numpy as np
import pytest
from scipy import stats

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.metrics import scores
from dfrnet_keras.evaluation.significance import (
    holm,
    mcnemar,
    paired_bootstrap,
    paired_t_test,
)


def subjects(rate, number=60, clips=6, seed=0, seeds=1):
    """Confusion matrices of subjects, each clip right with a probability."""
    random = np.random.default_rng(seed)
    matrices = np.zeros((seeds, number, 3, 3), np.int64)
    for one in matrices.reshape(-1, 3, 3):
        for true in random.integers(0, 3, clips):
            one[true, true if random.random() < rate else (true + random.integers(1, 3)) % 3] += 1
    return matrices


def test_bootstrap_finds_what_is_there():
    good, bad = subjects(0.8), subjects(0.55, seed=1)
    result = paired_bootstrap(good, bad, samples=2000)
    assert result.first == pytest.approx(scores(good.sum((0, 1))).uf1)
    assert result.second == pytest.approx(scores(bad.sum((0, 1))).uf1)
    assert result.difference == pytest.approx(result.first - result.second)
    assert 0 < result.low < result.difference < result.high
    assert result.p < 0.01
    other = paired_bootstrap(bad, good, metric="uar", samples=2000)
    assert other.first == pytest.approx(scores(bad.sum((0, 1))).uar)
    assert other.high < 0
    assert other.p < 0.01


def test_bootstrap_finds_nothing_where_nothing_is():
    one = subjects(0.7)
    same = paired_bootstrap(one, one, samples=500)
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)
    # The same answers, but of other subjects: the figures are equal, the pairs are not.
    result = paired_bootstrap(one, one[:, ::-1], samples=2000)
    assert result.difference == pytest.approx(0)
    assert result.low < -0.01
    assert result.high > 0.01
    assert result.p > 0.8


def test_bootstrap_is_seldom_wrong_where_nothing_is():
    """About one of twenty comparisons of equals may be called significant."""
    found = [
        paired_bootstrap(subjects(0.7, seed=2 * k), subjects(0.7, seed=2 * k + 1), samples=400).p
        for k in range(80)
    ]
    assert np.mean(np.array(found) < 0.05) <= 0.125


def test_bootstrap_draws_the_same_subjects_for_both():
    """The second is always one clip worse in each subject: paired, that is beyond doubt."""
    one = np.zeros((1, 30, 3, 3), np.int64)
    rates = np.random.default_rng(0).integers(0, 8, 30)
    for person, wrong in enumerate(rates):
        one[0, person] = np.diag([4, 4, 4])
        one[0, person, 0, 1] += wrong
    two = one.copy()
    two[0, :, 2, 2] -= 1
    two[0, :, 2, 0] += 1
    result = paired_bootstrap(one, two, samples=1000)
    assert result.low > 0
    assert result.p == pytest.approx(2 / 1001)


def test_seeds_are_averaged():
    three, one = subjects(0.7, seeds=3), subjects(0.6, seed=9)
    result = paired_bootstrap(three, one, samples=200)
    assert result.first == pytest.approx(np.mean([scores(m.sum(0)).uf1 for m in three]))
    assert result.second == pytest.approx(scores(one[0].sum(0)).uf1)


def test_one_subject_has_no_interval():
    result = paired_bootstrap(subjects(0.9, number=1), subjects(0.4, number=1))
    assert result.low is None
    assert result.high is None
    assert result.p is None


def test_mcnemar_exact_where_few():
    one = np.array([1] * 30 + [1] * 8 + [0] * 1 + [0] * 5, bool)
    two = np.array([1] * 30 + [0] * 8 + [1] * 1 + [0] * 5, bool)
    result = mcnemar(one, two)
    assert (result.both, result.first_only, result.second_only, result.neither) == (30, 8, 1, 5)
    assert result.method == "exact binomial"
    # Twice P(X <= 1) of nine fair coins.
    assert result.p == pytest.approx(2 * (1 + 9) / 2**9)
    assert result.odds_ratio == 8
    assert result.low < 8 < result.high


def test_mcnemar_with_the_continuity_correction_where_many():
    """The example of Agresti, Categorical Data Analysis, 2002, table 10.1: 150 and 86 differ."""
    one = np.repeat([True, True, False, False], [794, 150, 86, 570])
    two = np.repeat([True, False, True, False], [794, 150, 86, 570])
    result = mcnemar(one, two)
    assert result.method == "chi-squared with continuity correction"
    assert result.p == pytest.approx(stats.chi2.sf((150 - 86 - 1) ** 2 / 236, 1))
    assert result.odds_ratio == pytest.approx(150 / 86)
    assert 1 < result.low < 150 / 86 < result.high


def test_mcnemar_at_its_ends():
    nothing = mcnemar([True, False], [True, False])
    assert nothing.p == 1
    assert nothing.odds_ratio is None
    assert nothing.low is None
    always = mcnemar([True] * 6, [False] * 6)
    assert always.odds_ratio is None
    assert always.high is None
    assert always.p == pytest.approx(2 / 64)
    with pytest.raises(InputError, match="one length"):
        mcnemar([True], [True, False])


def test_t_test_is_the_paired_one():
    random = np.random.default_rng(0)
    one = random.uniform(0, 1, 20)
    two = one - random.normal(0.1, 0.1, 20)
    result = paired_t_test(one, two)
    expected = stats.ttest_rel(one, two)
    assert result.t == pytest.approx(expected.statistic)
    assert result.p == pytest.approx(expected.pvalue)
    assert result.difference == pytest.approx((one - two).mean())
    assert result.d_z == pytest.approx(result.t / np.sqrt(20))
    assert result.low < result.difference < result.high


def test_t_test_at_its_ends():
    same = paired_t_test([0.5, 0.7], [0.5, 0.7])
    assert (same.p, same.d_z) == (1, 0)
    for one, two in (([1.0], [0.5]), ([1.0, 0.8], [0.5, 0.3])):
        result = paired_t_test(one, two)
        assert result.difference == pytest.approx(0.5)
        assert result.p is None
        assert result.d_z is None


def test_holm():
    """Four p-values by hand: times 4, 3, 2, 1 in their order, never falling."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.2]) == [0.2]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.02, None, 0.01]) == [0.02, None, 0.02]
    assert holm([]) == []


def test_few_subjects_cannot_make_a_difference_significant():
    always_right = np.zeros((1, 3, 3, 3), int)
    always_right[..., range(3), range(3)] = 4
    always_wrong = np.roll(always_right, 1, axis=-1)
    for subjects in (2, 3):
        found = paired_bootstrap(
            always_right[:, :subjects], always_wrong[:, :subjects], metric="uf1"
        )
        assert found.difference == 1
        assert found.p == 2.0 ** (1 - subjects)
