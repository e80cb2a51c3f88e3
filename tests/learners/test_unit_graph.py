"""The graph of action units: counted from coded clips, or that of drawn ones."""

import numpy as np
import pytest

from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.evaluation import loso_folds
from dfrnet_keras.learners.make import make_learner
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


def clip_of(row, units):
    return Clip(row.dataset, row.subject, row.name, (), 0, None, 0, "negative", units)


def test_the_graph_of_a_fold_is_that_of_its_training_clips(make_store):
    """Units of the held-out subject change nothing; ready-made maps have the drawn graph."""
    store = make_store(size=14, views="TSD", datasets=("casme2",))
    units = ("12",), ("1", "R2B")
    coded = [clip_of(row, units[place % 2]) for place, row in enumerate(store.rows)]
    learner = make_learner("fgrl-auf", store, clips=lambda: coded)
    assert learner.settings["unit_graph"] == "coded"
    fold = loso_folds(store, validation="none")[0]
    trainer = learner.trainer
    trainer.start_anew(fold, 0)
    graph = np.array(trainer.network.get_layer("units").adjacency)
    assert at(graph, 1, 2) == pytest.approx(0.5)  # two units that are only seen together
    assert at(graph, 12, 1) == 0
    for clip in fold.test:
        trainer.units[coded[clip].key] = (4, 17)
    trainer.start_anew(fold, 0)
    assert np.array_equal(np.array(trainer.network.get_layer("units").adjacency), graph)

    drawn = make_learner("fgrl-auf", make_store(size=14, datasets=("casme2",)), clips=no_clips)
    assert drawn.settings["unit_graph"] == "drawn"
    assert drawn.model_options == {"layout": "megc2019"}


def no_clips():
    raise AssertionError("ready-made maps have no sheet to read")
