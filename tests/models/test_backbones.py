import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.models import DFRNet
from dfrnet_keras.models.backbones import BACKBONES

SMALLEST = {"alexnet": 92, "vgg": 32, "inception": 64}


@pytest.mark.parametrize(("backbone", "size"), SMALLEST.items())
def test_smallest_size(backbone, size):
    model = DFRNet("D", backbone=backbone, input_size=size)
    pictures = np.random.default_rng(0).uniform(0, 255, (2, size, size, 1)).astype("float32")
    probabilities = keras.ops.convert_to_numpy(model({"difference": pictures}))
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)
    assert model.get_layer("global_pool").output.shape[-1] in (512, 1024)
    with pytest.raises(InputError, match=f"With the {backbone} .* at least {size}, not {size - 4}"):
        DFRNet(backbone=backbone, input_size=size - 4)


@pytest.mark.parametrize(("backbone", "size"), SMALLEST.items())
def test_no_smaller_size_would_do(backbone, size):
    side = size // 4 - 1
    with pytest.raises(ValueError, match="output size would be zero or negative"):
        BACKBONES[backbone].build(keras.Input((side, side, 64)))


def test_maps_of_the_paper_s_size_shrink_as_its_parameters_say():
    model = DFRNet("D", backbone="alexnet")
    sides = [model.get_layer(f"conv{index}").output.shape[1] for index in (1, 2, 3, 4)]
    assert sides == [28, 14, 7, 3]
    model = DFRNet("D", backbone="vgg")
    sides = [model.get_layer(f"block{index}_conv1").output.shape[1] for index in (1, 2, 3, 4)]
    assert sides == [56, 28, 14, 7]
    model = DFRNet("D", backbone="inception")
    modules = [model.get_layer(f"module{name}_join").output for name in ("4a", "4b", "5a", "5b")]
    assert [tuple(m.shape[1:]) for m in modules] == [
        (14, 14, 512),
        (14, 14, 512),
        (7, 7, 832),
        (3, 3, 1024),
    ]
