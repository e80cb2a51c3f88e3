import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import ResidualBlock

RNG = np.random.default_rng(0)
# 3x3 convolutions and two normalisations of 16 -> 16 channels; attention of ratio 4.
PLAIN = 2 * 9 * 16 * 16 + 4 * 16
CHANNEL = 2 * 16 * 4 + 4 + 16


@pytest.mark.parametrize(
    ("attention", "expected"),
    [
        ("none", PLAIN),
        ("spatial", PLAIN + 98),
        ("channel", PLAIN + CHANNEL),
        ("all", PLAIN + CHANNEL + 98),
    ],
)
def test_attention(check_layer, attention, expected):
    layer = ResidualBlock(16, attention=attention, ratio=4)
    check_layer(layer, RNG.normal(size=(2, 6, 6, 16)).astype("float32"))
    assert sum(np.prod(w.shape) for w in layer.trainable_weights) == expected


@pytest.mark.parametrize(
    ("filters", "strides", "shape"), [(16, 2, (2, 3, 4, 16)), (20, 1, (2, 5, 7, 20))]
)
def test_the_shortcut_follows_the_shape(check_layer, filters, strides, shape):
    layer = ResidualBlock(filters, strides)
    x = RNG.normal(size=(2, 5, 7, 16)).astype("float32")
    assert check_layer(layer, x).shape == shape
    assert layer.shortcut_conv is not None


def test_equation_12_gates_by_channel_then_position_before_the_sum():
    x = RNG.normal(size=(2, 6, 6, 16)).astype("float32")
    layer = ResidualBlock(16)
    got = keras.ops.convert_to_numpy(layer(x))
    inner = keras.ops.relu(layer.norm1(layer.conv1(x)))
    inner = layer.norm2(layer.conv2(inner))
    gated = layer.spatial_attention(layer.channel_attention(inner))
    expected = np.maximum(x + keras.ops.convert_to_numpy(gated), 0)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    assert got.min() == 0


def test_batch_statistics_are_used_in_training_alone():
    x = RNG.normal(3, 2, (4, 6, 6, 16)).astype("float32")
    layer = ResidualBlock(16)
    still = keras.ops.convert_to_numpy(layer(x))
    assert not np.allclose(still, keras.ops.convert_to_numpy(layer(x, training=True)))
    assert layer.norm1.moving_mean.numpy().any()
    assert (layer.norm1.epsilon, layer.norm1.momentum) == (1e-5, 0.9)


def test_bad_arguments():
    with pytest.raises(InputError, match="choose one of none, spatial, channel, all"):
        ResidualBlock(16, attention="both")
    with pytest.raises(InputError, match="must be 1 or more"):
        ResidualBlock(16, strides=0)
    with pytest.raises(InputError, match="leaves no channel"):
        ResidualBlock(8)(np.zeros((1, 4, 4, 8), "float32"))
    with pytest.raises(ValueError, match="expected ndim=4"):
        ResidualBlock(16)(np.zeros((1, 4, 16), "float32"))
