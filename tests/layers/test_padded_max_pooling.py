import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import PaddedMaxPooling2D


@pytest.mark.parametrize(("height", "width"), [(30, 30), (7, 8), (4, 9)])
def test_windows_start_outside_a_border_of_minus_infinity(check_layer, height, width):
    x = np.random.default_rng(0).normal(-5, 1, (2, height, width, 3)).astype("float32")
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=-np.inf)
    rows, columns = (height + 2) // 3, (width + 2) // 3
    windows = padded[:, : 3 * rows, : 3 * columns].reshape(2, rows, 3, columns, 3, 3)
    got = check_layer(PaddedMaxPooling2D(3), x)
    np.testing.assert_array_equal(got, windows.max((2, 4)))


def test_gradients_reach_the_row_that_the_border_repeats():
    inputs = keras.Input((4, 4, 1))
    scale = keras.layers.EinsumDense("nhwc,hwc->nhwc", output_shape=(4, 4, 1), name="scale")
    model = keras.Model(inputs, PaddedMaxPooling2D(3)(scale(inputs)))
    start = -np.arange(1.0, 17).reshape(4, 4, 1)
    scale.kernel.assign(start)
    model.compile(keras.optimizers.SGD(1.0), lambda y, p: keras.ops.sum(p))
    model.fit(np.ones((1, 4, 4, 1)), np.zeros((1, 2, 2, 1)), verbose=0)
    # The maxima of the windows 0..1 and 2..4 of rows and columns stand at their first places.
    expected = np.zeros((4, 4, 1))
    expected[[0, 0, 2, 2], [0, 2, 0, 2]] = 1
    np.testing.assert_allclose(start - scale.kernel.numpy(), expected)


def test_bad_arguments():
    with pytest.raises(InputError, match="pool_size must be 2 or more"):
        PaddedMaxPooling2D(1)
    with pytest.raises(ValueError, match="expected ndim=4"):
        PaddedMaxPooling2D()(np.zeros((4, 4, 3), "float32"))
