import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import frame_difference
from dfrnet_keras.layers import FrameDifference, Gray


def colours(seed, shape=(2, 5, 6, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_contract(check_layer):
    check_layer(Gray(), colours(0).astype("float32"))
    check_layer(Gray(), colours(0)[..., :1].astype("float32"))
    check_layer(FrameDifference(), [colours(seed)[..., :1].astype("float32") for seed in (0, 1)])


def test_same_as_in_numpy_from_colour_pictures():
    onset, apex = colours(0), colours(1)
    difference = numpy(FrameDifference()([Gray()(onset), Gray()(apex)]))
    for one, first, second in zip(difference, onset, apex, strict=True):
        np.testing.assert_array_equal(one[..., 0], frame_difference(first, second))


def test_gray_weighs_the_colours_and_mends_what_is_none():
    pixels = np.float32([[[[100, 0, 0], [0, 100, 0], [0, 0, 100], [np.nan, 50, np.inf]]]])
    np.testing.assert_allclose(
        numpy(Gray()(pixels))[0, 0, :, 0], [29.9, 58.7, 11.4, 29.35], rtol=1e-5
    )
    half = numpy(Gray(dtype="mixed_float16")(colours(0)))
    np.testing.assert_allclose(half, numpy(Gray()(colours(0))), atol=0.07)


def test_the_difference_is_trained_through():
    inputs = [keras.Input((5, 6, 1)), keras.Input((5, 6, 1))]
    scale = keras.layers.Conv2D(1, 1, kernel_initializer="ones")
    model = keras.Model(inputs, FrameDifference()([scale(picture) for picture in inputs]))
    model.compile(keras.optimizers.SGD(1e-6), "mean_squared_error")
    pair = [colours(seed)[..., :1].astype("float32") for seed in (0, 1)]
    model.fit(pair, np.zeros((2, 5, 6, 1)), verbose=0)
    assert 0 < numpy(scale.kernel).item() < 1  # a smaller one makes the difference smaller


def test_bad_shapes_are_named():
    with pytest.raises(InputError, match="takes maps"):
        Gray().build((1, 5, 6, 4))
    with pytest.raises(InputError, match="onset is 6 x 5 pixels and apex 5 x 6"):
        FrameDifference().build([(1, 5, 6, 1), (1, 6, 5, 1)])
