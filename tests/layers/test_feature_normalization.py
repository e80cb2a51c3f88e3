import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import FeatureNormalization

RNG = np.random.default_rng(0)


def test_identity_until_set(check_layer):
    x = RNG.uniform(-300, 300, (3, 4, 5, 3)).astype("float32")
    np.testing.assert_array_equal(check_layer(FeatureNormalization(), x), x)


def test_standardises_each_channel():
    x = RNG.normal([5, -200, 0.01], [3, 40, 0.002], (50, 8, 8, 3)).astype("float32")
    layer = FeatureNormalization()
    layer.build(x.shape)
    layer.set_statistics(x.mean((0, 1, 2)), x.var((0, 1, 2)))
    got = keras.ops.convert_to_numpy(layer(x))
    np.testing.assert_allclose(got.mean((0, 1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(got.std((0, 1, 2)), 1, atol=1e-3)
    assert not layer.trainable_weights


def test_new_statistics_reach_a_model_already_compiled_and_run():
    inputs = keras.Input((2, 2, 1))
    layer = FeatureNormalization()
    model = keras.Model(inputs, layer(inputs))
    model.compile("sgd", "mean_squared_error")
    x = np.full((2, 2, 2, 1), 33, "float32")
    assert model.predict(x, verbose=0).mean() == 33
    layer.set_statistics(33, 4)
    assert model.predict(x, verbose=0).mean() == 0
    layer.set_statistics([31], [4])
    assert model.predict(x, verbose=0).mean() == 1


def test_a_constant_channel_is_centred_and_not_divided():
    layer = FeatureNormalization()
    layer.build((None, 2))
    layer.set_statistics([7, 1], [0, 4])
    got = keras.ops.convert_to_numpy(layer(np.array([[7.5, 3]], "float32")))
    np.testing.assert_allclose(got, [[0.5, 1]])


def test_half_precision_keeps_large_variances():
    layer = FeatureNormalization(dtype="mixed_float16")
    layer.build((None, 1))
    layer.set_statistics(0, 1e6)
    got = layer(np.array([[2000]], "float32"))
    assert keras.backend.standardize_dtype(got.dtype) == "float16"
    np.testing.assert_allclose(keras.ops.convert_to_numpy(got), [[2]], rtol=1e-3)


@pytest.mark.parametrize(
    ("mean", "variance", "message"),
    [
        ([0, 0], [1, 1, 1], "mean has shape"),
        (0, [-1, 1, 1], "variance holds"),
        (np.nan, 1, "mean holds"),
        (0, np.inf, "variance holds"),
    ],
)
def test_bad_statistics(mean, variance, message):
    layer = FeatureNormalization()
    layer.build((None, 4, 4, 3))
    with pytest.raises(InputError, match=message):
        layer.set_statistics(mean, variance)


def test_bad_use():
    with pytest.raises(InputError, match="before setting its statistics"):
        FeatureNormalization().set_statistics(0, 1)
    with pytest.raises(InputError, match="known number of channels"):
        FeatureNormalization().build((None, 4, 4, None))
