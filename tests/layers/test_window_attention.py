import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import WindowAttention, WindowPositions


def test_equals_a_numpy_reference(check_layer):
    random = np.random.default_rng(0)
    maps = random.normal(size=(2, 6, 6, 5)).astype("float32")
    layer = WindowAttention(3, heads=2, head_width=4)
    check_layer(WindowAttention(3, heads=2, head_width=4), maps)
    layer.build(maps.shape)
    outputs = keras.ops.convert_to_numpy(layer(maps))
    query, key, value, kernel = (
        np.array(part.kernel)
        for part in (layer.query, layer.key, layer.value, layer.output_projection)
    )
    bias = np.array(layer.output_projection.bias)
    for row in range(0, 6, 2):
        for column in range(0, 6, 2):
            window = maps[:, row : row + 2, column : column + 2].reshape(2, 4, 5)
            heads = []
            for head in (slice(0, 4), slice(4, 8)):
                q, k, v = (window @ part[:, head] for part in (query, key, value))
                fit = np.exp(q @ k.transpose(0, 2, 1) / 2)
                heads.append(fit / fit.sum(-1, keepdims=True) @ v)
            expected = np.concatenate(heads, -1) @ kernel + bias
            np.testing.assert_allclose(
                outputs[:, row : row + 2, column : column + 2].reshape(2, 4, 5),
                expected,
                rtol=1e-3,
                atol=1e-5,
            )


def test_positions_are_those_of_a_window(check_layer):
    maps = np.zeros((1, 4, 4, 2), "float32")
    check_layer(WindowPositions(2), maps)
    layer = WindowPositions(2)
    outputs = keras.ops.convert_to_numpy(layer(maps))
    positions = np.array(layer.positions)[..., 0]
    np.testing.assert_array_equal(outputs[0, ..., 0], np.tile(positions, (2, 2)))
    np.testing.assert_array_equal(outputs[..., 0], outputs[..., 1])


def test_bad_arguments():
    with pytest.raises(InputError, match="windows must be 1 or more"):
        WindowAttention(0, 1, 1)
    with pytest.raises(InputError, match="known side is a multiple of 2"):
        WindowAttention(2, 1, 1).build((None, 5, 5, 3))
    with pytest.raises(InputError, match="known side is a multiple of 2"):
        WindowPositions(2).build((None, 4, 6, 3))
