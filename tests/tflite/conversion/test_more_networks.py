"""The networks that others published, as .tflite files."""

import keras
import numpy as np
import pytest

from dfrnet_keras.models import build_model, normalization_layers
from dfrnet_keras.tflite import convert, verify

# HTNet in its published proportions, small.
OPTIONS = {"htnet": {"dim": 12, "repeats": (1, 1, 2)}}
INT8 = ("htnet-small", "me-plan", "sssnet")


def made(name):
    keras.utils.set_random_seed(3)
    model = build_model(name, input_size=28, **OPTIONS.get(name, {}))
    for layer in normalization_layers(model).values():
        layer.set_statistics([120, 130, 90], [70**2, 60**2, 50**2])
    flow = np.random.default_rng(0).uniform(0, 255, (12, 28, 28, 3)).astype("float32")
    return model, {"flow": flow}


@pytest.mark.parametrize("name", ["htnet", "htnet-small", "me-plan", "fgrl-auf", "sssnet"])
def test_a_file_answers_as_the_network(name):
    model, maps = made(name)
    found = verify(model, convert(model), maps)
    assert found.clips == 12
    assert found.largest_difference < 1e-4
    assert found.equal_classes == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", INT8)
def test_whole_numbers_come_near(name):
    model, maps = made(name)
    samples = [{"flow": maps["flow"][[place]]} for place in range(12)]
    content = convert(model, quantize="int8", representative_data=samples)
    assert verify(model, content, maps).mean_difference < 0.05
