"""The graph of action units: counted from coded clips, or that of drawn ones."""

import numpy as np

from dfrnet_keras.learners.unit_graph import UNITS, drawn_units, together


def at(table, i, j):
    return table[UNITS.index(i), UNITS.index(j)]


def test_counts_what_comes_together():
    table = together([((1, 2), 1), ((1,), 1), ((4,), 1), ((12, 6), 1), ((2,), 2)])
    assert table.shape == (9, 9)
    assert at(table, 1, 2) == 1 / 3  # of the clips with 2, counted three times, one shows 1
    assert at(table, 2, 1) == 1 / 2
    assert at(table, 4, 1) == 0
    assert not np.diagonal(table).any()
    assert not table[:, UNITS.index(15)].any()  # never shown
    assert not together([]).any()


def test_drawn_units_follow_the_classes_of_a_fold():
    classes = ("negative", "positive", "surprise")
    surprised = together(drawn_units(np.array([2, 2]), classes))
    # Of the drawn surprises with unit 1, 60 of 85 show unit 2 as well.
    assert abs(at(surprised, 2, 1) - 0.6 / 0.85) < 1e-9
    assert at(surprised, 12, 14) == 0
    smiling = together(drawn_units(np.array([1, 1]), classes))
    assert abs(at(smiling, 14, 12) - 0.15 / 0.9) < 1e-9
    unknown = together(drawn_units(np.array([0, 1]), ("contempt", "fear")))
    assert at(unknown, 2, 1) > 0
    assert at(unknown, 14, 12) > 0
