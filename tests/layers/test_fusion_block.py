import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import FusionBlock

RNG = np.random.default_rng(0)
PAIRS = [("apex", "difference"), ("apex", "flow"), ("difference", "flow")]
ALL = ("apex", "difference", "flow")
# Equation 9 with 128 -> 192 -> 64 channels and equation 10 with 128 -> 24 -> 64.
JOIN = 9 * 128 * 192 + 192 + 2 * 192 + 192 * 64 + 64 + 2 * 64
GATE = 128 * 24 + 24 + 24 * 64 + 64


def maps(names, channels=4):
    return {name: RNG.normal(size=(2, 6, 5, channels)).astype("float32") for name in names}


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.mark.parametrize(
    ("names", "fusion", "expected"),
    [
        (ALL, "dynamic", JOIN + GATE),
        (PAIRS[0], "dynamic", JOIN),
        (PAIRS[1], "dynamic", GATE),
        (PAIRS[2], "dynamic", GATE),
        (ALL, "concat", 12_352),
        (PAIRS[1], "concat", 128 * 64 + 64),
        (ALL, "add", 0),
        (ALL, "multiply", 0),
        (("flow",), "dynamic", 0),
        (("flow",), "concat", 0),
    ],
)
def test_parameters(names, fusion, expected):
    layer = FusionBlock(fusion=fusion)
    layer.build({name: (None, 8, 8, 64) for name in names})
    assert sum(np.prod(w.shape) for w in layer.trainable_weights) == expected


@pytest.mark.parametrize("names", [ALL, *PAIRS, ("difference",)])
@pytest.mark.parametrize("fusion", ["dynamic", "concat"])
def test_layer(check_layer, names, fusion):
    if len(names) == 3 or fusion == "dynamic":
        # A bias before batch normalisation is taken out again by the batch's mean.
        check_layer(FusionBlock(8, 3, fusion), maps(names), idle=("join/bias", "reduce/bias"))


@pytest.mark.parametrize("names", [ALL, *PAIRS])
def test_element_by_element(names):
    given = maps(names)
    arrays = list(given.values())
    np.testing.assert_allclose(array(FusionBlock(fusion="add")(given)), sum(arrays), rtol=1e-5)
    got = array(FusionBlock(fusion="multiply")(given))
    np.testing.assert_allclose(got, np.prod(arrays, axis=0), rtol=1e-5)


def test_one_branch_passes_unchanged():
    given = maps(["flow"])
    np.testing.assert_array_equal(array(FusionBlock()(given)), given["flow"])


@pytest.mark.parametrize("first", ["apex", "difference"])
def test_equation_10_gates_the_channels_by_the_means_of_both_maps(first):
    given = maps([first, "flow"])
    layer = FusionBlock()
    got = array(layer(given))
    means = np.concatenate([given[first].mean((1, 2)), given["flow"].mean((1, 2))], -1)
    squeeze, excite = (w.numpy()[0, 0] for w in (layer.squeeze.kernel, layer.excite.kernel))
    gate = 1 / (1 + np.exp(-np.maximum(means @ squeeze, 0) @ excite))
    np.testing.assert_allclose(got, given[first] * gate[:, None, None], rtol=1e-4, atol=1e-5)


def test_equation_9_ends_in_relu_and_flow_only_scales_it():
    given = maps(ALL)
    layer = FusionBlock()
    got = array(layer(given))
    other = array(layer({**given, "flow": given["flow"] * 5}))
    assert got.min() == 0
    assert not np.allclose(got, other)
    np.testing.assert_array_equal(got == 0, other == 0)


def test_the_order_of_the_dict_does_not_matter():
    given = maps(ALL)
    layer = FusionBlock()
    turned = dict(reversed(given.items()))
    np.testing.assert_array_equal(array(layer(given)), array(layer(turned)))


def test_channel_counts_may_differ():
    given = {**maps(["apex"], 6), **maps(["difference"], 2), **maps(["flow"], 3)}
    for fusion in ("dynamic", "concat"):
        assert array(FusionBlock(fusion=fusion)(given)).shape == (2, 6, 5, 6)
    with pytest.raises(InputError, match="add fusion takes maps of equal channels"):
        FusionBlock(fusion="add")(given)


def test_bad_arguments():
    with pytest.raises(InputError, match="choose one of dynamic, add"):
        FusionBlock(fusion="mean")
    with pytest.raises(InputError, match="must be 1 or more"):
        FusionBlock(hidden_filters=0)
    with pytest.raises(InputError, match="keys among apex, difference, flow"):
        FusionBlock().build({"depth": (None, 4, 4, 3)})
    with pytest.raises(InputError, match="takes maps"):
        FusionBlock().build({"apex": (None, 4, 3), "flow": (None, 4, 3)})
    with pytest.raises(InputError, match="one height and width"):
        FusionBlock().build({"apex": (None, 4, 4, 3), "flow": (None, 8, 8, 3)})
