"""The counts of the specification and of the paper's Tables 5, 7 and 9, to the printed decimals."""

import keras
import numpy as np
import pytest
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.models import DFRNet, STSTNet, count, paper_counts

# What follows the fusion when stages=1, attention="none", classes=3.
ONE_STAGE = 147_968 + 64 * 3 + 3


@pytest.mark.parametrize(
    ("stages", "attention", "classes", "parameters", "giga", "printed"),
    [
        (1, "none", 1000, 456_128, "1.4040", ("0.456", "1.404")),
        (2, "none", 1000, 1_045_696, "1.8170", ("1.046", "1.817")),
        (3, "none", 1000, 3_273_408, "2.2291", ("3.273", "2.229")),
        (3, "all", 1000, 3_296_452, "2.2307", ("3.296", "2.231")),
        (4, "none", 3, 11_411_675, "2.6404", ("11.412", "2.640")),
    ],
)
def test_rows_of_the_paper(stages, attention, classes, parameters, giga, printed):
    counts = count(DFRNet(stages=stages, attention=attention, classes=classes))
    assert counts.parameters == parameters
    assert f"{counts.thop_macs / 1e9:.4f}" == giga
    paper = paper_counts(stages=stages, attention=attention)
    assert (f"{paper.parameters / 1e6:.3f}", f"{paper.thop_macs / 1e9:.3f}") == printed
    assert (f"{counts.parameters / 1e6:.3f}", f"{counts.thop_macs / 1e9:.3f}") == printed
    assert paper.classes == classes


@pytest.mark.parametrize(
    ("stages", "millions", "giga"),
    [(1, "0.3927", 1.4040), (2, "0.9230", 1.8170), (3, "3.0402", 2.2307), (4, "11.5015", 2.6404)],
)
def test_three_classes_with_attention(stages, millions, giga):
    counts = count(DFRNet(stages=stages))
    assert f"{counts.parameters / 1e6:.4f}" == millions
    assert counts.thop_macs / 1e9 == pytest.approx(giga, rel=1e-3)


def test_the_default_model():
    model = DFRNet()
    counts = count(model)
    assert counts.parameters == 3_040_223
    # and the moving statistics, and the mean and variance of seven input channels
    assert counts.keras_parameters == model.count_params() == 3_045_101
    assert counts.macs == 2_219_817_040
    assert counts.thop_macs == 2_230_405_456
    assert count(model) == counts


@pytest.mark.parametrize(
    ("backbone", "millions", "giga"),
    [
        ("alexnet", "2.384", "1.0932"),
        ("vgg", "7.104", "2.6722"),
        ("inception", "3.222", "1.1247"),
    ],
)
def test_backbones(backbone, millions, giga):
    counts = count(DFRNet(backbone=backbone))
    assert f"{counts.parameters / 1e6:.3f}" == millions
    assert f"{counts.thop_macs / 1e9:.4f}" == giga
    paper = paper_counts(backbone=backbone)
    if backbone == "inception":
        assert counts.parameters == pytest.approx(paper.parameters, rel=2e-3)
        assert counts.thop_macs == pytest.approx(paper.thop_macs, rel=2e-3)
    else:
        assert round(counts.parameters / 1e3) == paper.parameters / 1e3
        assert round(counts.thop_macs / 1e6) == paper.thop_macs / 1e6


def test_vision_transformer():
    model = DFRNet(backbone="vit")
    counts = count(model)
    assert counts.parameters == 85_892_254
    tokens = 768 + 197 * 768
    assert counts.parameters + tokens == pytest.approx(86.044e6, rel=1e-5)
    assert f"{counts.thop_macs / 1e9:.3f}" == "17.802"
    layer_norms = 25 * 4 * 197 * 768
    assert f"{(counts.thop_macs - layer_norms) / 1e9:.3f}" == "17.786"
    assert paper_counts(backbone="vit").parameters == 85_892_000
    probabilities = model({name: np.ones((1, *x.shape[1:])) for name, x in model.input.items()})
    assert keras.ops.convert_to_numpy(probabilities).sum() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"features": "SD"}, 236_672),
        ({"features": "TS"}, 8_280),
        ({"features": "TD"}, 7_128),
        ({"fusion": "concat"}, 12_352 + 2 * 1_792 + 640),
        ({"fusion": "add"}, 2 * 1_792 + 640),
        ({"fusion": "multiply"}, 2 * 1_792 + 640),
        ({"features": "T"}, 1_792),
        ({}, 2 * 1_792 + 640 + 221_760 + 12_480 + 4_696),
    ],
)
def test_fusion_part(arguments, expected):
    counts = count(DFRNet(**arguments, stages=1, attention="none", input_size=16))
    assert counts.parameters - ONE_STAGE == expected


def test_parts_of_the_network():
    macs = {size: count(DFRNet("D", stages=1, input_size=size)).macs for size in (16, 224)}
    branch = 9 * 64 * 224**2
    blocks = 4 * 9 * 64 * 64 * 56**2
    gates = 2 * (2 * 64 * 4 + 98 * 56**2)
    assert macs[224] == branch + blocks + gates + 3 * 64
    assert macs[16] < macs[224] / 100


def test_ststnet():
    counts = count(STSTNet())
    assert counts.parameters == 1_683
    assert counts.keras_parameters == 1_683 + 2 * 16
    assert counts.macs == 27 * 16 * 30**2 + 400 * 3


def test_other_models_and_layers_inside_layers():
    inner = keras.Sequential([keras.Input((8, 8, 4)), layers.DepthwiseConv2D(3, padding="same")])
    inputs = keras.Input((8, 8, 4))
    x = layers.Dense(5)(inner(inputs))
    x = layers.Conv2D(6, 1, groups=1, strides=2)(inner(inputs) + x[..., :4])
    counts = count(keras.Model(inputs, layers.Flatten()(x)))
    assert counts.macs == 2 * 9 * 4 * 64 + 64 * 4 * 5 + 16 * 4 * 6
    assert counts.parameters == counts.keras_parameters == 9 * 4 + 4 + 25 + 30


def test_counting_leaves_the_model_as_it_was(tmp_path):
    model = DFRNet("D", stages=1, input_size=16)
    picture = {"difference": np.ones((1, 16, 16, 1), "float32")}
    before = keras.ops.convert_to_numpy(model(picture))
    count(model)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(picture)), before)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(loaded(picture)), before)
    assert count(loaded) == count(model)


@pytest.mark.parametrize(
    "arguments",
    [
        {"features": "SD"},
        {"fusion": "add"},
        {"attention": "spatial"},
        {"stages": 4},
        {"input_size": 112},
    ],
)
def test_no_row_of_the_paper(arguments):
    assert paper_counts(**arguments) is None


def test_bad_models():
    inputs = keras.Input((None, 8, 3))
    with pytest.raises(InputError, match="fixed input size"):
        count(keras.Model(inputs, layers.Conv2D(2, 3)(inputs)))

    inputs = keras.Input((8, 8, 3))
    hidden = layers.TimeDistributed(layers.Dense(5))(inputs)
    with pytest.raises(InputError, match="finds no call of"):
        count(keras.Model(inputs, hidden))

    class Written(keras.Model):
        pass

    with pytest.raises(InputError, match="functional model, not Written"):
        count(Written())
