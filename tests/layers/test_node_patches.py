import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import NodePatches


def test_cuts_around_points_and_moves_in_from_the_border(check_layer):
    maps = np.random.default_rng(0).normal(size=(2, 10, 12, 3)).astype("float32")
    points = [(0.5, 0.5), (0.0, 1.0), (0.72, 0.3)]
    check_layer(NodePatches(points, 5), maps)
    cut = keras.ops.convert_to_numpy(NodePatches(points, 5)(maps))
    assert cut.shape == (2, 5, 5, 9)
    for number, (row, column) in enumerate([(3, 4), (0, 7), (5, 1)]):
        np.testing.assert_array_equal(
            cut[..., 3 * number : 3 * number + 3],
            maps[:, row : row + 5, column : column + 5],
        )


def test_bad_arguments():
    with pytest.raises(InputError, match="points must be one or more"):
        NodePatches([])
    with pytest.raises(InputError, match="between 0 and 1"):
        NodePatches([(0.5, 1.2)])
    with pytest.raises(InputError, match="size must be odd"):
        NodePatches([(0.5, 0.5)], 4)
    with pytest.raises(InputError, match="the maps are smaller"):
        NodePatches([(0.5, 0.5)], 7).build((None, 6, 9, 3))
