import cv2
import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import AreaResizing


@pytest.mark.parametrize("size", [(12, 14), (5, 9), (24, 28), (1, 1)])
def test_same_as_in_opencv(check_layer, size):
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 24, 28, 3)).astype("float32")
    shrunk = check_layer(AreaResizing(*size), pictures)
    for one, picture in zip(shrunk, pictures, strict=True):
        expected = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
        np.testing.assert_allclose(one, expected, rtol=1e-3)


@pytest.mark.parametrize("size", [(128, 128), (56, 56), (28, 28)])
def test_whole_gray_levels_of_a_crop(size):
    crop = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype("uint8")
    shrunk = keras.ops.convert_to_numpy(AreaResizing(*size, whole=True)(crop))[0]
    expected = cv2.resize(crop[0], size[::-1], interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(shrunk, np.rint(shrunk))
    # Half a gray level may be rounded either way.
    wrong = np.abs(shrunk - expected)
    assert wrong.max() <= 1
    assert wrong.mean() < 0.02


def test_bad_sizes_are_named():
    with pytest.raises(InputError, match="0 x 4"):
        AreaResizing(4, 0)
    with pytest.raises(InputError, match="shrinks to 9 x 4: 8 x 8 pixels are fewer"):
        AreaResizing(4, 9).build((None, 8, 8, 3))
    with pytest.raises(InputError, match="of a known size"):
        AreaResizing(4, 4).build((None, None, 8, 3))
