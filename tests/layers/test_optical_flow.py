import cv2
import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import optical_flow
from dfrnet_keras.layers import OpticalFlow, OpticalStrain


def pictures(height, width, right=0.0, down=0.0, seed=0):
    """A smooth texture and the same with its content moved, uint8 (1, height, width, 1)."""
    noise = np.random.default_rng(seed).uniform(0, 255, (2 * height + 40, 2 * width + 40))
    texture = cv2.GaussianBlur(noise.astype("float32"), (0, 0), 2.0)
    texture = (texture - texture.mean()) * 4 + 128
    pair = []
    for x, y in ((0, 0), (right, down)):
        middle = (width / 2 + 20 - x, height / 2 + 20 - y)
        cut = cv2.getRectSubPix(texture, (width, height), middle)
        pair.append(np.clip(np.rint(cut), 0, 255).astype("uint8")[None, ..., None])
    return pair


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_contract(check_layer):
    onset, apex = (picture.astype("float32") for picture in pictures(24, 32, 0.5))
    check_layer(OpticalFlow(smoothing=0.5), [onset, apex])


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((37, 50), {}),  # three levels of odd sizes
        ((37, 50), {"prepare": False, "smoothing": 0}),
        ((9, 24), {}),
        ((1, 1), {}),
    ],
)
def test_same_as_in_numpy(size, options):
    onset, apex = pictures(*size, 1.2, -0.7)
    flow = numpy(OpticalFlow(**options)([onset, apex]))[0]
    expected = optical_flow(onset[0], apex[0], method="ilk", **options)
    assert flow.shape == (*size, 2)
    np.testing.assert_allclose(flow, expected, atol=1e-3)
    if min(size) > 9:
        u, v = np.median(flow[8:-8, 8:-8], axis=(0, 1))
        assert u == pytest.approx(1.2, abs=0.2)
        assert v == pytest.approx(-0.7, abs=0.2)


def test_pictures_of_a_batch_do_not_mix():
    pairs = [pictures(24, 32, right, seed=seed) for seed, right in enumerate((0.5, -1.0, 2.0))]
    onset, apex = (np.concatenate(batch) for batch in zip(*pairs, strict=True))
    inputs = [keras.Input((24, 32, 1)), keras.Input((24, 32, 1))]
    together = keras.Model(inputs, OpticalFlow()(inputs)).predict([onset, apex], verbose=0)
    for flow, pair in zip(together, pairs, strict=True):
        np.testing.assert_allclose(flow, numpy(OpticalFlow()(pair))[0], atol=1e-3)


def test_mixed_precision_computes_in_float32():
    pair = pictures(24, 32, 0.8)
    flow = OpticalFlow(dtype="mixed_float16")(pair)
    assert keras.backend.standardize_dtype(flow.dtype) == "float16"
    np.testing.assert_allclose(numpy(flow), numpy(OpticalFlow()(pair)), atol=1e-3)


def constant(level):
    return np.full((1, 24, 32, 1), level, "float32")


@pytest.mark.parametrize(
    ("pair", "moves"),
    [
        (pictures(24, 32, 0.8), True),
        ([pictures(24, 32)[0]] * 2, False),
        ([constant(0), constant(0)], False),
        ([constant(90), constant(255)], False),
        ([constant(90), pictures(24, 32)[0]], None),
    ],
)
def test_gradients_are_finite(pair, moves):
    """A network that comes before the flow is trained through it."""
    inputs = [keras.Input((24, 32, 1)), keras.Input((24, 32, 1))]
    blur = keras.layers.Conv2D(1, 3, padding="same", kernel_initializer="ones")
    flow = OpticalFlow(prepare=moves is not False)([blur(picture) for picture in inputs])
    strain = OpticalStrain()(flow)
    model = keras.Model(inputs, keras.layers.Concatenate()([flow, strain]))
    model.compile(keras.optimizers.SGD(1e-3), "mean_squared_error")
    before = numpy(blur.kernel)
    pair = [picture.astype("float32") for picture in pair]
    model.fit(pair, np.ones((1, 24, 32, 3), "float32"), epochs=2, verbose=0)
    after = numpy(blur.kernel)
    assert np.isfinite(after).all()
    if moves:
        assert not np.array_equal(before, after)


def bright_pixel():
    picture = constant(0)
    picture[0, 12, 16] = 255
    return picture


def with_a_value(value):
    picture = pictures(24, 32)[0].astype("float32")
    picture[0, 5, 7] = value
    return picture


@pytest.mark.parametrize(
    "pair",
    [
        [pictures(24, 32)[0]] * 2,
        [constant(0), constant(0)],
        [constant(255), constant(255)],
        [constant(0), constant(255)],
        [np.zeros((1, 1, 1, 1), "uint8"), np.full((1, 1, 1, 1), 255, "uint8")],
    ],
)
def test_nothing_moves(pair):
    np.testing.assert_allclose(numpy(OpticalFlow()(pair)), 0, atol=1e-4)
    expected = optical_flow(pair[0][0], pair[1][0], method="ilk")
    np.testing.assert_allclose(expected, 0, atol=1e-4)


@pytest.mark.parametrize(
    "pair",
    [
        [constant(0), bright_pixel()],
        [bright_pixel(), constant(0)],
        [constant(0), pictures(24, 32)[0]],
    ],
)
def test_what_comes_or_goes_gives_the_finite_flow_of_numpy(pair):
    flow = numpy(OpticalFlow()(pair))
    assert np.isfinite(flow).all()
    expected = optical_flow(pair[0][0], pair[1][0], method="ilk")
    np.testing.assert_allclose(flow[0], expected, atol=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_gray_level_counts_as_black(value):
    onset = pictures(24, 32)[0]
    flow = numpy(OpticalFlow()([onset, with_a_value(value)]))
    np.testing.assert_array_equal(flow, numpy(OpticalFlow()([onset, with_a_value(0)])))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(1, 8, 8, 1), (1, 8, 7, 1)], "onset is 8 x 8 pixels and apex 7 x 8"),
        ([(1, 8, 8, 3), (1, 8, 8, 3)], "two gray pictures"),
        ([(1, 8, 8, 1)] * 3, "two gray pictures"),
        ([(1, None, 8, 1)] * 2, "known height and width"),
        ((1, 8, 8, 1), "two gray pictures"),
    ],
)
def test_bad_shapes_are_named(shapes, message):
    with pytest.raises(InputError, match=message):
        OpticalFlow().build(shapes)


def test_bad_smoothing_is_named():
    with pytest.raises(InputError, match="smoothing is -1"):
        OpticalFlow(smoothing=-1)
