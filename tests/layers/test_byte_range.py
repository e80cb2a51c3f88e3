import keras
import numpy as np
import pytest
from keras import ops

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import ByteRange
from dfrnet_keras.prediction.clip_predictor import _to_bytes


def test_each_channel_goes_over_its_own_range():
    maps = np.random.default_rng(0).normal(0, 1, (2, 6, 7, 3)).astype(np.float32)
    found = ops.convert_to_numpy(ByteRange()(maps))
    expected = np.stack([_to_bytes(one) for one in maps])
    assert np.abs(found - expected).max() <= 1
    assert (found == expected).mean() > 0.98


def test_a_channel_of_one_value_is_zero_and_has_finite_gradients():
    maps = keras.Variable(np.full((1, 4, 4, 2), 3.0, np.float32))
    assert not ops.convert_to_numpy(ByteRange()(maps)).any()


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match="takes maps"):
        ByteRange()(np.zeros((2, 3), np.float32))


def test_it_is_saved_with_its_name():
    layer = ByteRange.from_config(ByteRange(name="bytes").get_config())
    assert layer.name == "bytes"
