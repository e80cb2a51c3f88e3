import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import UnitGraph


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def test_equals_a_numpy_reference(check_layer):
    random = np.random.default_rng(0)
    parts = [random.normal(size=(4, 160)).astype("float32") for _ in range(2)]
    check_layer(UnitGraph(), parts)
    layer = UnitGraph()
    scores = layer(parts)
    assert np.array_equal(np.array(layer.adjacency), np.eye(9))
    graph = random.uniform(0, 1, (9, 9))
    layer.set_adjacency(graph)
    np.fill_diagonal(graph, 1)
    scale = np.diag(graph.sum(1) ** -0.5)
    units = np.array(layer.embedding)
    for kernel in layer.graph_kernels:
        units = leaky(scale @ graph.T @ scale @ units @ np.array(kernel))
    expected = np.concatenate([parts[0] @ units[:3].T, parts[1] @ units[3:].T], -1)
    after = keras.ops.convert_to_numpy(layer(parts))
    np.testing.assert_allclose(after, expected, rtol=1e-3, atol=1e-6)
    assert not np.allclose(after, keras.ops.convert_to_numpy(scores))


def test_bad_graphs():
    layer = UnitGraph()
    with pytest.raises(InputError, match="before setting its graph"):
        layer.set_adjacency(np.eye(9))
    layer.build([(None, 8), (None, 8)])
    for graph, words in ((np.eye(8), "as many rows"), (-np.eye(9), "not negative"),
                         (np.full((9, 9), np.nan), "finite")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            layer.set_adjacency(graph)
    with pytest.raises(InputError, match="one known number of features"):
        UnitGraph().build([(None, 8), (None, 9)])
