import itertools
import json

import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import FusionBlock, ResidualBlock
from dfrnet_keras.models import DFRNet, normalization_layers

CHANNELS = {"apex": 3, "difference": 1, "flow": 3}


def maps(model, clips=2, seed=0):
    rng = np.random.default_rng(seed)
    return {
        name: rng.uniform(0, 255, (clips, *tensor.shape[1:])).astype("float32")
        for name, tensor in model.input.items()
    }


def test_inputs_and_output():
    model = DFRNet(input_size=56)
    assert list(model.input) == list(CHANNELS)
    for name, channels in CHANNELS.items():
        assert model.input[name].name == name
        assert model.input[name].shape == (None, 56, 56, channels)
    assert model.output_shape == (None, 3)
    assert model.get_layer("fusion").output.shape == (None, 14, 14, 64)
    assert model.name == "dfrnet"


@pytest.mark.parametrize(
    ("features", "names"),
    [
        ("TSD", ["apex", "difference", "flow"]),
        ("DS", ["apex", "difference"]),
        (("T", "S"), ["apex", "flow"]),
        ("TD", ["difference", "flow"]),
        ("T", ["flow"]),
    ],
)
def test_features(features, names):
    model = DFRNet(features, input_size=16, stages=1)
    assert list(model.input) == list(normalization_layers(model)) == names
    assert any(isinstance(layer, FusionBlock) for layer in model.layers) == (len(names) > 1)
    probabilities = model.predict(maps(model), verbose=0)
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("features", "fusion"), itertools.product(("TSD", "SD"), ("add", "multiply", "concat"))
)
def test_fusion(features, fusion):
    model = DFRNet(features, fusion, input_size=16, stages=1)
    assert model.get_layer("fusion").fusion == fusion
    assert np.isfinite(keras.ops.convert_to_numpy(model(maps(model)))).all()


@pytest.mark.parametrize("stages", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [16, 20])
def test_stages_halve_the_map(stages, size):
    model = DFRNet(stages=stages, input_size=size, classes=5, classifier_activation=None)
    blocks = [layer for layer in model.layers if isinstance(layer, ResidualBlock)]
    assert len(blocks) == 2 * stages
    smallest = -(-size // 4 // 2 ** (stages - 1))
    assert blocks[-1].output.shape == (None, smallest, smallest, 32 << stages)
    assert keras.ops.convert_to_numpy(model(maps(model))).shape == (2, 5)


@pytest.mark.parametrize("attention", ["none", "spatial", "channel", "all"])
def test_attention(attention):
    model = DFRNet(attention=attention, input_size=16, stages=1)
    assert model.get_layer("stage1_block2").attention == attention


def test_defaults_are_three_stages_with_all_attention():
    plain = DFRNet(input_size=16)
    named = DFRNet(input_size=16, attention="all", stages=3)
    assert json.dumps(plain.get_config()) == json.dumps(named.get_config())


def test_initial_values_and_normalisation_constants():
    keras.utils.set_random_seed(0)
    model = DFRNet(input_size=16)
    block = model.get_layer("stage3_block2")
    kernel = block.conv1.kernel.numpy()
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 256)), rel=0.02)
    for norm in (block.norm1, model.get_layer("fusion").join_norm):
        assert (norm.epsilon, norm.momentum) == (1e-5, 0.9)
    assert all(layer.name for layer in model.layers)
    assert not any(layer.name.startswith(("conv2d", "dense")) for layer in model.layers)


def test_statistics_reach_a_model_that_is_compiled_and_has_run():
    model = DFRNet("T", input_size=16, stages=1)
    model.compile("sgd", "sparse_categorical_crossentropy")
    data = maps(model)
    before = model.predict(data, verbose=0)
    normalization_layers(model)["flow"].set_statistics(127, 5000)
    after = model.predict(data, verbose=0)
    assert not np.allclose(before, after)
    moved = {"flow": (data["flow"] - 127) / np.float32(np.sqrt(5000))}
    normalization_layers(model)["flow"].set_statistics(0, 1)
    np.testing.assert_allclose(model.predict(moved, verbose=0), after, atol=1e-5)


def test_learns_with_every_weight_and_survives_its_file(tmp_path):
    keras.utils.set_random_seed(0)
    model = DFRNet(input_size=32, stages=1)
    data, labels = maps(model, 6), np.arange(6) % 3
    for name, layer in normalization_layers(model).items():
        layer.set_statistics(data[name].mean((0, 1, 2)), data[name].var((0, 1, 2)))
    start = [w.numpy().copy() for w in model.trainable_weights]
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", jit_compile=False)
    losses = model.fit(data, labels, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    for old, weight in zip(start, model.trainable_weights, strict=True):
        assert not np.array_equal(old, weight.numpy()), f"{weight.path} did not learn"
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))
    assert json.dumps(loaded.get_config()) == json.dumps(model.get_config())
    layer = normalization_layers(loaded)["apex"]
    np.testing.assert_allclose(layer.mean.numpy(), data["apex"].mean((0, 1, 2)), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": "TX"}, "letters T, S, D"),
        ({"features": "TT"}, "letters T, S, D"),
        ({"features": ""}, "letters T, S, D"),
        ({"fusion": "mean"}, "fusion is .*: choose one of"),
        ({"attention": "both"}, "attention is .*: choose one of"),
        ({"stages": 5}, "stages must be"),
        ({"backbone": "mobilenet"}, "backbone is .mobilenet.: choose one of"),
        ({"backbone": "vgg", "stages": 3}, "belong to the resnet"),
        ({"backbone": "vgg", "attention": "none"}, "belong to the resnet"),
        ({"input_size": 12}, "at least 16, not 12"),
        ({"input_size": 30}, "divisible by 4"),
        ({"classes": 0}, "classes must be"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        DFRNet(**arguments)
