from types import SimpleNamespace

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import confusion_matrix, uar, uf1
from dfrnet_keras.evaluation.metrics import (
    bootstrap_interval,
    calibration,
    majority_scores,
    scores,
)

# STSTNet's published log on the 442 clips of MEGC2019, rows true, columns predicted.
STSTNET = np.array([[219, 22, 9], [40, 62, 7], [21, 3, 59]])


def lists_of(matrix):
    """Class numbers (true, predicted) that have this confusion matrix."""
    true, predicted = np.indices(matrix.shape)
    counts = matrix.ravel()
    return np.repeat(true.ravel(), counts), np.repeat(predicted.ravel(), counts)


def test_golden_numbers():
    figures = scores(STSTNET)
    assert figures.uf1 == pytest.approx(0.7353, abs=5e-5)
    assert figures.uar == pytest.approx(0.7186, abs=5e-5)
    assert figures.macro_precision == pytest.approx(0.7605, abs=5e-5)
    assert figures.accuracy == pytest.approx(0.7692, abs=5e-5)
    assert figures.clips == 442
    by_class = [2 * 219 / (250 + 280), 2 * 62 / (109 + 87), 2 * 59 / (83 + 75)]
    assert figures.weighted_f1 == pytest.approx(np.dot(by_class, [250, 109, 83]) / 442)


def test_weighted_f1_is_that_of_scikit_learn():
    from sklearn.metrics import f1_score

    for matrix in (STSTNET, np.array([[3, 0, 1], [0, 0, 0], [2, 1, 5]])):
        expected = f1_score(*lists_of(matrix), average="weighted")
        assert scores(matrix).weighted_f1 == pytest.approx(expected)
    assert np.isnan(scores(np.zeros((3, 3), int)).weighted_f1)


def test_figures_of_lists_are_those_of_their_matrix():
    true, predicted = lists_of(STSTNET)
    assert confusion_matrix(true, predicted).tolist() == STSTNET.tolist()
    assert uf1(true, predicted) == scores(STSTNET).uf1
    assert uar(true.tolist(), predicted.tolist()) == scores(STSTNET).uar


def test_floor_of_always_the_most_frequent_class():
    floor = majority_scores(np.repeat([0, 1, 2], [250, 109, 83]))
    assert floor.uf1 == pytest.approx(2 * 250 / (500 + 192) / 3)
    assert f"{floor.uf1:.4f}" == "0.2408"
    assert floor.uar == pytest.approx(1 / 3)
    assert floor.accuracy == pytest.approx(250 / 442)


def test_a_class_that_does_not_occur_has_no_say():
    assert uf1([0, 0, 1], [0, 0, 1]) == 1
    assert uar([0, 0, 1], [0, 2, 1]) == pytest.approx(0.75)
    # Given but absent: its F1 is 0 and counts.
    assert uf1([0, 0, 1], [0, 2, 1]) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert np.isnan(scores(np.zeros((3, 3), int)).uf1)


def test_more_classes():
    assert confusion_matrix([0, 4], [4, 4], classes=5)[0, 4] == 1
    assert uar([0, 4], [4, 4], classes=5) == 0.5


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [
        ([0, 1], [0], "two lists of one length"),
        ([0, 3], [0, 0], "y_true must hold class numbers from 0 to 2"),
        ([0, 0], [0, -1], "y_pred must hold"),
        ([0.0, 1.0], [0, 1], "y_true must hold"),
    ],
)
def test_bad_lists_are_refused(true, predicted, message):
    with pytest.raises(InputError, match=message):
        uf1(true, predicted)


def subject_matrices(seed=0, subjects=12):
    random = np.random.default_rng(seed)
    return random.multinomial(6, [0.3, 0.05, 0.05, 0.1, 0.15, 0.05, 0.05, 0.05, 0.2],
                              size=subjects).reshape(subjects, 3, 3)  # fmt: skip


def test_bootstrap_is_the_same_every_time_and_holds_the_figure():
    matrices = subject_matrices()
    low, high = bootstrap_interval(matrices)
    assert (low, high) == bootstrap_interval(matrices)
    assert low < scores(matrices.sum(0)).uf1 < high
    assert bootstrap_interval(matrices, metric="uar") != (low, high)
    narrow = bootstrap_interval(matrices, level=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_bootstrap_draws_subjects_by_hand():
    matrices = subject_matrices(subjects=6)
    drawn = np.random.default_rng(1).integers(0, 6, (4000, 6))
    by_hand = np.percentile([scores(matrices[rows].sum(0)).uf1 for rows in drawn], [2.5, 97.5])
    assert bootstrap_interval(matrices) == pytest.approx(tuple(by_hand), abs=0.015)


def test_bootstrap_over_seeds_is_of_their_mean():
    one, other = subject_matrices(0), subject_matrices(1)
    assert bootstrap_interval(np.stack([one, one])) == pytest.approx(bootstrap_interval(one))
    low, high = bootstrap_interval(np.stack([one, other]))
    assert low < (scores(one.sum(0)).uf1 + scores(other.sum(0)).uf1) / 2 < high


@pytest.mark.filterwarnings("error")
def test_bootstrap_of_few_or_missing_subjects():
    assert np.isnan(bootstrap_interval(subject_matrices(subjects=1))).all()
    # A subject whose fold failed under one seed is drawn alone now and then.
    matrices = np.stack([subject_matrices(subjects=2)] * 2)
    matrices[0, 1] = 0
    assert np.isfinite(bootstrap_interval(matrices)).all()
    perfect = np.stack([np.eye(3, dtype=int)] * 4)
    assert bootstrap_interval(perfect) == (1.0, 1.0)


def row_of(label, predicted, *probabilities):
    return SimpleNamespace(label=label, predicted=predicted, probabilities=probabilities)


def test_calibration_of_answers_by_hand():
    rows = [row_of("a", "a", 0.9, 0.1), row_of("b", "a", 0.92, 0.08), row_of("b", "b", 0.4, 0.6)]
    found = calibration(rows, ("a", "b"))
    assert found["error"] == pytest.approx(2 / 3 * (0.91 - 0.5) + 1 / 3 * (1 - 0.6))
    assert [one["answers"] for one in found["bins"]] == [1, 2]
    assert [one["right"] for one in found["bins"]] == [1.0, 0.5]
    assert [one["probability"] for one in found["bins"]] == pytest.approx([0.6, 0.91])
    certain = calibration([row_of("a", "a", 1.0, 0.0)], ("a", "b"))
    assert certain == {"error": 0, "bins": [{"probability": 1, "right": 1, "answers": 1}]}


@pytest.mark.parametrize("scores_of", [(1.5, -0.5), (0.9, 0.9), (np.nan, np.nan)])
def test_scores_that_are_no_probabilities_have_no_calibration(scores_of):
    assert calibration([row_of("a", "a", *scores_of)], ("a", "b")) is None
    assert calibration([], ("a", "b")) is None
