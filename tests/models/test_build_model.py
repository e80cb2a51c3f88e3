import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.models import build_model


def test_builds_by_name_with_the_constructor_s_arguments():
    model = build_model("DFRNet", features="T", stages=1, input_size=16, classes=4)
    assert model.name == "dfrnet"
    assert model.output_shape == (None, 4)
    assert build_model("ststnet").name == "ststnet"


def test_bad_name():
    with pytest.raises(InputError, match="model is 'resnet': choose one of dfrnet, ststnet"):
        build_model("resnet")
