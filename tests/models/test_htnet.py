"""HTNet as published: its count, its areas, and attention that sees one token a window."""

import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import WindowAttention
from dfrnet_keras.models import build_model, count

# The published proportions, small enough to train in a test.
NARROW = {"dim": 12, "heads": 3, "repeats": (1, 1, 2)}


def attentions(model):
    return [layer for layer in model.layers if isinstance(layer, WindowAttention)]


def fit_once(model, maps, labels):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=False)
    before = [np.array(weight) for weight in model.trainable_weights]
    model.train_on_batch(maps, labels)
    # A position is a number added to all channels, which the next normalisation takes out again.
    return {
        weight.path
        for old, weight in zip(before, model.trainable_weights, strict=True)
        if np.array_equal(old, np.array(weight)) and weight.name != "positions"
    }


def maps_of(seed=0):
    return {"flow": np.random.default_rng(seed).uniform(0, 1, (4, 28, 28, 3)).astype("float32")}


def test_the_published_network_has_the_published_parameters():
    model = build_model("htnet")
    assert count(model).parameters == 139_582_982
    assert count(model).macs == 200_184_832
    idle = [w for layer in attentions(model) for part in (layer.query, layer.key)
            for w in part.weights]  # fmt: skip
    assert sum(np.prod(w.shape) for w in idle) == 22_195_200
    blocks = {"level1_block1": 787_968, "level2_block2": 3_146_752, "level3_block10": 12_576_768}
    for block, parameters in blocks.items():
        layers = [layer for layer in model.layers if layer.name.startswith(f"{block}_")]
        assert sum(layer.count_params() for layer in layers) == parameters


def test_attention_of_the_published_windows_has_no_effect():
    """Query and key may be anything and learn nothing: a softmax over one token is 1."""
    model = build_model("htnet", classifier_activation=None, **NARROW)
    maps = maps_of()
    before = keras.ops.convert_to_numpy(model(maps))
    for layer in attentions(model):
        for part in (layer.query, layer.key):
            part.kernel.assign(np.random.default_rng(1).normal(size=part.kernel.shape))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(maps)), before)
    still = fit_once(model, maps, np.array([0, 1, 2, 0]))
    assert still == {
        part.kernel.path for layer in attentions(model) for part in (layer.query, layer.key)
    }


def test_attention_of_the_small_network_is_real():
    model = build_model("htnet-small", classifier_activation=None)
    maps = maps_of()
    before = keras.ops.convert_to_numpy(model(maps))
    query = attentions(model)[0].query.kernel
    query.assign(5 * np.array(query))
    assert not np.array_equal(keras.ops.convert_to_numpy(model(maps)), before)
    assert not fit_once(model, maps, np.array([0, 1, 2, 0]))
    tokens = [layer.output.shape[1] // layer.windows for layer in attentions(model)]
    assert tokens == [7, 7, 7, 7]  # along each side of a window


@pytest.mark.parametrize(("layout", "corners"), [
    ("authors", ((2, 4), (14, 3), (3, 14), (13, 14))),
    ("upright", ((4, 2), (3, 14), (14, 3), (14, 13))),
])  # fmt: skip
def test_areas(layout, corners):
    model = build_model("htnet", layout=layout, **NARROW)
    maps = maps_of()["flow"]
    areas = keras.Model(model.input, model.get_layer("areas").output)
    mosaic = keras.ops.convert_to_numpy(areas({"flow": maps}))
    for number, (row, column) in enumerate(corners):
        top, left = 14 * (number // 2), 14 * (number % 2)
        np.testing.assert_array_equal(
            mosaic[:, top : top + 14, left : left + 14],
            maps[:, row : row + 14, column : column + 14],
        )


def test_larger_maps_are_averaged_down():
    maps = maps_of()["flow"]
    small = build_model("htnet", **NARROW)
    large = build_model("htnet", input_size=56, **NARROW)
    large.set_weights(small.get_weights())
    enlarged = maps.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(large({"flow": enlarged})),
        keras.ops.convert_to_numpy(small({"flow": maps})),
        rtol=1e-4,
    )


def test_its_file(tmp_path):
    model = build_model("htnet", **NARROW)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(loaded(maps_of())), keras.ops.convert_to_numpy(model(maps_of()))
    )


@pytest.mark.parametrize(("arguments", "words"), [
    ({"input_size": 27}, "takes input_size from 28"),
    ({"patch_size": 14}, "patch_size of which 28 holds a multiple of 4, not 14"),
    ({"repeats": (2, 2)}, "as many repeats, not 2"),
    ({"layout": "diagonal"}, "layout is .*: choose one of authors, upright"),
])  # fmt: skip
def test_bad_arguments(arguments, words):
    with pytest.raises(InputError, match=words):
        build_model("htnet", **arguments)
