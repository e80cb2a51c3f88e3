import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import ChannelAttention

RNG = np.random.default_rng(0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_equation_13_sums_the_pools_before_the_convolutions():
    x = RNG.normal(size=(2, 5, 4, 12)).astype("float32")
    layer = ChannelAttention(ratio=4)
    got = keras.ops.convert_to_numpy(layer(x))
    squeeze, excite = (w.numpy()[0, 0] for w in (layer.squeeze.kernel, layer.excite.kernel))
    layer.squeeze.bias.assign(np.full(3, 0.3))
    got = keras.ops.convert_to_numpy(layer(x))
    pooled = x.mean((1, 2)) + x.max((1, 2))
    gate = sigmoid(np.maximum(pooled @ squeeze + 0.3, 0) @ excite)
    np.testing.assert_allclose(got, x * gate[:, None, None], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("channels", "ratio"), [(64, 16), (20, 16), (7, 2), (1, 1)])
def test_any_channel_count(check_layer, channels, ratio):
    x = RNG.normal(size=(2, 3, 6, channels)).astype("float32")
    layer = ChannelAttention(ratio)
    assert check_layer(layer, x).shape == x.shape
    narrow = channels // ratio
    assert layer.count_params() == 2 * channels * narrow + narrow + channels


def test_bad_arguments():
    with pytest.raises(InputError, match="ratio must be 1 or more"):
        ChannelAttention(0)
    with pytest.raises(InputError, match="ratio 16 leaves no channel of 8"):
        ChannelAttention()(np.zeros((1, 4, 4, 8), "float32"))
    with pytest.raises(ValueError, match="expected ndim=4"):
        ChannelAttention()(np.zeros((1, 4, 32), "float32"))
