import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import MirroredMotion, MotionStrength, RelativeMotion


def flow(seed=0, count=2, size=6):
    return np.random.default_rng(seed).normal(size=(count, size, size, 3)).astype("float32")


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("size", [6, 5])  # an even and an odd number of places
def test_relative_motion_is_centred_scaled_and_compressed(check_layer, size):
    data = flow(size=size)
    outputs = check_layer(RelativeMotion(), data)
    expected = data.astype(np.float64)
    expected -= np.median(expected, axis=(1, 2), keepdims=True)
    motion, strain = expected[..., :2], expected[..., 2:]
    motion /= np.sqrt(np.square(motion).mean(axis=(1, 2, 3), keepdims=True))
    strain /= strain.std(axis=(1, 2, 3), keepdims=True)
    expected = np.sign(expected) * np.sqrt(np.abs(expected))
    np.testing.assert_allclose(outputs, expected, atol=1e-4)


def test_unit_range_and_common_motion_do_not_matter():
    data = flow()
    in_bytes = data * [30, 30, 50] + [120, 135, 90]
    np.testing.assert_allclose(
        numpy(RelativeMotion()(in_bytes)), numpy(RelativeMotion()(data)), atol=1e-3
    )


def test_a_still_face_stays_still():
    still = np.full((1, 4, 4, 3), 127, "float32")
    np.testing.assert_array_equal(numpy(RelativeMotion()(still)), 0)


def test_other_inputs_are_refused():
    with pytest.raises(InputError, match="takes maps"):
        RelativeMotion()(np.zeros((1, 4, 4, 2), "float32"))


def test_mirrored_motion(check_layer):
    outputs = check_layer(MirroredMotion(), flow())
    np.testing.assert_array_equal(outputs, flow()[:, :, ::-1] * [-1, 1, 1])


def test_the_mirror_image_of_relative_motion_is_the_relative_motion_of_the_mirror_image():
    data = flow()
    mirrored = data[:, :, ::-1] * np.array([-1, 1, 1], "float32")
    np.testing.assert_allclose(
        numpy(MirroredMotion()(RelativeMotion()(data))),
        numpy(RelativeMotion()(mirrored)),
        atol=1e-5,
    )


@pytest.mark.parametrize("known", [True, False])
def test_motion_strength(check_layer, known):
    data = flow()
    outputs = check_layer(MotionStrength(scale=0.5, known=known), data)
    motion = 0.5 * (data - np.median(data, axis=(1, 2), keepdims=True))[..., :2]
    mean = np.log(np.sqrt(np.square(motion).mean(axis=(1, 2, 3))) + 1e-3) + 2.5
    largest = np.log(np.abs(motion).max(axis=(1, 2, 3)) + 1e-3) + 1
    expected = np.stack([np.ones(2), mean, largest], axis=-1)
    np.testing.assert_allclose(outputs, known * expected, atol=1e-4)
