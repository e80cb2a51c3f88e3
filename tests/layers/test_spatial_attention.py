import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import SpatialAttention

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
def test_equation_14(kernel_size):
    x = RNG.normal(size=(2, 6, 5, 3)).astype("float32")
    layer = SpatialAttention(kernel_size)
    got = keras.ops.convert_to_numpy(layer(x))
    edge = kernel_size // 2
    maps = np.stack([x.mean(-1), x.max(-1)], -1)
    maps = np.pad(maps, [(0, 0), (edge, edge), (edge, edge), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(maps, (kernel_size, kernel_size), (1, 2))
    score = np.einsum("nhwcij,ijc->nhw", windows, layer.conv.kernel.numpy()[..., 0])
    expected = x / (1 + np.exp(-score))[..., None]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 5, 64])
def test_any_channel_count(check_layer, channels):
    layer = SpatialAttention()
    x = RNG.normal(size=(2, 4, 9, channels)).astype("float32")
    assert check_layer(layer, x).shape == x.shape
    assert layer.count_params() == 98


def test_bad_arguments():
    with pytest.raises(InputError, match="kernel_size must be odd"):
        SpatialAttention(4)
    with pytest.raises(ValueError, match="expected ndim=4"):
        SpatialAttention()(np.zeros((4, 4, 3), "float32"))
