"""Of several faces, the one that is meant."""

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.prediction.which_face import one_by_one, parse_face


@pytest.fixture
def both(people):
    """Two people side by side: the one on the left moves and the other does not."""
    return [np.hstack([frame, people[1][0]]) for frame in people[0]]


def test_values():
    assert [parse_face(text) for text in (None, "largest", "all", "3")] == [
        None, "largest", "all", 3,
    ]  # fmt: skip
    for text in ("0", "-1", "left", "1.5", "²"):
        with pytest.raises(InputError, match=f"--face is {text}: give largest, all, or a number"):
            parse_face(text)


def test_a_face_by_its_number(predictor, both, people, write_pictures):
    folder = write_pictures(both)
    left, right = (predictor.predict(folder, 0, 5, face=number) for number in (1, 2))
    assert "several_faces" not in left.flags
    assert "nothing_moved" in right.flags
    alone = predictor.predict(people[0], 0, 5).maps.features.flow
    assert np.abs(left.maps.features.flow - alone).mean() < 0.3 * np.abs(alone).mean()
    assert predictor.predict(both, 0, 5, face="largest").flags in (left.flags, right.flags)
    with pytest.raises(InputError, match="face 3 was asked for and 2 were found"):
        predictor.predict(both, 0, 5, face=3)


def test_each_face(predictor, both, write_pictures):
    folder = write_pictures(both)
    paths = tuple(sorted(folder.iterdir()))
    clips = [("both", paths), ("gone", (folder / "none.png",))]
    asked = list(one_by_one(clips, "all", predictor, lambda _: 0))
    assert asked == [
        ("both [face 1]", paths, 1),
        ("both [face 2]", paths, 2),
        ("gone", (folder / "none.png",), None),
    ]
    assert list(one_by_one(clips[:1], 2, predictor, pytest.fail)) == [("both", paths, 2)]
    whole = type(predictor)(crop="none")
    whole.preparation = whole.preparation.for_prediction(crop="none")
    with pytest.raises(InputError, match="crop is none, which uses frames whole"):
        list(one_by_one(clips, "all", whole, pytest.fail))
