"""Maps with action units: what moves, where, and how it is labelled."""

import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic.face_model import UNITS, Head
from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS
from dfrnet_keras.datasets.synthetic.unit_maps import (
    KINDS,
    NO_CLASS,
    SOURCES,
    draw_movement,
    draw_unit_maps,
)


def head(seed=0, layout=CUT_FACES, size=56):
    return Head(np.random.default_rng(seed), layout, size)


@pytest.mark.parametrize("unit", [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 20, 45])
def test_a_unit_moves_its_own_side(unit):
    strength = np.linalg.norm(head().unit(unit, (1, 0)), axis=-1)
    assert strength[:, :28].sum() > 5 * strength[:, 28:].sum()
    both = head().unit(unit, (1, 1))
    np.testing.assert_allclose(
        both, head().unit(unit, (1, 0)) + head().unit(unit, (0, 1)), atol=1e-12
    )


def centre(field):
    strength = np.linalg.norm(field, axis=-1)
    return (strength.sum(1) @ (np.arange(len(field)) + 0.5)) / strength.sum() / len(field)


@pytest.mark.parametrize("layout", [CUT_FACES, MEGC2019_MAPS])
def test_units_move_where_and_whither_their_muscles_pull(layout):
    person = head(layout=layout)
    assert person.unit(1, (1, 1))[..., 1].sum() < 0 < person.unit(4, (1, 1))[..., 1].sum()
    assert centre(person.unit(1, (1, 1))) < layout.eye_row < centre(person.unit(12, (1, 1)))
    smile = person.unit(12, (1, 1))
    corner = smile[int(layout.mouth_row * 56)]
    assert corner[:28, 0].sum() < 0 < corner[28:, 0].sum()  # outwards on both sides
    assert smile[..., 1].sum() < 0
    assert person.unit(26, (1, 1))[..., 1].sum() > 0


def test_a_turn_has_parallax():
    turned = head().turn(np.array([0, 0.02, 0]))[..., 0]
    nose = turned[int(0.55 * 56), 28]
    cheek = turned[int(0.55 * 56), [10, 46]].mean()
    assert abs(nose) > 1.3 * abs(cheek)


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_seed_draws_the_same_labelled_maps(source):
    first, again = (draw_unit_maps(40, seed=3, source=source) for _ in range(2))
    np.testing.assert_array_equal(first.flow, again.flow)
    np.testing.assert_array_equal(first.units, again.units)
    assert first.flow.shape == (40, 28, 28, 3)
    assert first.units.shape == (40, len(UNITS), 2)
    assert set(first.kinds) <= set(KINDS)
    expression = first.kinds == "expression"
    assert 8 < expression.sum() < 32
    assert (first.labels[~expression] == NO_CLASS).all()
    np.testing.assert_allclose(first.units[expression].max((1, 2)), 1)
    assert not np.array_equal(draw_unit_maps(2, seed=4, source=source).flow, first.flow[:2])


@pytest.mark.parametrize("kind", KINDS[1:])
def test_what_is_no_expression_has_no_class(kind):
    field, label, units = draw_movement(np.random.default_rng(1), kind, head())
    assert label == NO_CLASS
    moves = {place for place, unit in enumerate(UNITS) if units[place].any()}
    assert moves <= {UNITS.index(26), UNITS.index(45)}
    assert (np.abs(field).max() > 0.2) == (kind in ("blink", "gaze", "speech", "head turn"))


def test_flow_of_rendered_people_follows_what_moved():
    maps = draw_unit_maps(
        30, seed=2, source="rendered", kinds=("expression",), free=0.0, peak=(4, 5)
    )
    brows = maps.units[:, UNITS.index(4)].min(1) > 0.5
    rise = maps.units[:, UNITS.index(1)].min(1) > 0.5
    forehead = maps.flow[:, 6:11, 6:22, 1] - np.median(maps.flow[..., 1], (1, 2))[:, None, None]
    assert forehead[rise & ~brows].mean() < 0 < forehead[brows & ~rise].mean()
