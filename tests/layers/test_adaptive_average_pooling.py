import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import AdaptiveAveragePooling2D


@pytest.mark.parametrize(("size", "places"), [(12, 6), (14, 7), (11, 7), (5, 7), (7, 1)])
def test_windows_are_those_of_pytorch(size, places):
    maps = np.random.default_rng(0).normal(size=(2, size, size + 1, 3)).astype("float32")
    expected = np.empty((2, places, places, 3))
    for i in range(places):
        rows = slice(i * size // places, -(-(i + 1) * size // places))
        for j in range(places):
            columns = slice(j * (size + 1) // places, -(-(j + 1) * (size + 1) // places))
            expected[:, i, j] = maps[:, rows, columns].mean((1, 2))
    layer = AdaptiveAveragePooling2D(places)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(layer(maps)), expected, rtol=1e-4, atol=1e-5
    )
    assert layer.compute_output_shape(maps.shape) == expected.shape
    assert AdaptiveAveragePooling2D.from_config(layer.get_config()).output_size == places


def test_bad_arguments():
    with pytest.raises(InputError, match="output_size must be 1 or more"):
        AdaptiveAveragePooling2D(0)
