import numpy as np
import pytest

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS, draw_motion


@pytest.fixture(scope="module")
def drawn():
    return draw_motion(600, seed=3)


def test_equal_seeds_draw_equal_maps(drawn):
    flow, labels = draw_motion(600, seed=3)
    np.testing.assert_array_equal(flow, drawn[0])
    np.testing.assert_array_equal(labels, drawn[1])
    assert not np.array_equal(draw_motion(5, seed=4)[0], drawn[0][:5])


def test_shapes_and_classes(drawn):
    flow, labels = drawn
    assert flow.shape == (600, 28, 28, 3)
    assert flow.dtype == np.float32
    assert np.isfinite(flow).all()
    assert (flow[..., 2] >= 0).all()
    assert np.bincount(labels, minlength=3).min() > 150


@pytest.mark.parametrize("layout", [MEGC2019_MAPS, CUT_FACES])
def test_mean_motion_of_each_class_is_that_of_its_muscles(layout):
    """Down is positive: brows fall or rise above the eyes, lip corners rise beside the mouth."""
    flow, labels = draw_motion(600, seed=0, layout=layout, size=56)
    means = {name: flow[labels == number].mean(0) for number, name in enumerate(MEGC2019_CLASSES)}
    face = layout.mouth_row - layout.eye_row

    def at(name, height, distance, channel):
        row = int(56 * (layout.eye_row + height * face))
        left, right = (int(56 * (0.5 + sign * distance * layout.eye_offset)) for sign in (-1, 1))
        return means[name][row, left, channel], means[name][row, right, channel]

    assert min(at("negative", -0.2, 0.7, 1)) > 0.2  # brows down
    left, right = at("negative", -0.2, 0.7, 0)  # and together
    assert left > 0.1
    assert right < -0.1
    assert max(at("surprise", -0.2, 0.7, 1)) < -0.2  # brows up
    assert max(at("positive", 0.95, 0.73, 1)) < -0.2  # corners of the mouth up
    left, right = at("positive", 0.95, 0.73, 0)  # and apart
    assert left < -0.2
    assert right > 0.2


def test_size_changes_the_grid_alone():
    _, labels = draw_motion(3, seed=1, size=28)
    large, same = draw_motion(3, seed=1, size=56)
    assert large.shape == (3, 56, 56, 3)
    np.testing.assert_array_equal(labels, same)
