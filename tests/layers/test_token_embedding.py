import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import TokenEmbedding


def test_the_class_token_comes_first_and_each_token_has_a_position(check_layer):
    x = np.random.default_rng(0).normal(size=(3, 4, 6)).astype("float32")
    layer = TokenEmbedding()
    check_layer(layer, x)
    got = keras.ops.convert_to_numpy(layer(x))
    positions, token = layer.positions.numpy()[0], layer.class_token.numpy()[0, 0]
    for clip, tokens in zip(got, x, strict=True):
        np.testing.assert_allclose(clip[0], token + positions[0], rtol=1e-6)
        np.testing.assert_allclose(clip[1:], tokens + positions[1:], rtol=1e-6)


def test_bad_shapes():
    with pytest.raises(ValueError, match="expected ndim=3"):
        TokenEmbedding()(np.zeros((1, 4, 4, 6), "float32"))
    with pytest.raises(InputError, match="known number of tokens"):
        TokenEmbedding().build((None, None, 6))
