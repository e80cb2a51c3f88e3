import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import ClassCapsules


def squash(capsules):
    square = np.square(capsules).sum(-1, keepdims=True)
    return capsules * square / (1 + square) / np.sqrt(square + 1e-8)


def test_a_layer_like_any_other(check_layer):
    parts = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    outputs = check_layer(ClassCapsules(3, 6), parts)
    assert (np.linalg.norm(outputs, axis=-1) < 1).all()


def test_routing_step_by_step():
    layer = ClassCapsules(classes=2, dimension=3, routings=3)
    parts = np.random.default_rng(1).normal(size=(4, 7, 5)).astype("float32")
    layer.build(parts.shape)
    kernel = np.random.default_rng(2).normal(size=layer.kernel.shape)
    layer.kernel.assign(kernel)
    predictions = np.einsum("pkdn,bpn->bkpd", kernel, squash(parts))
    agreement = np.zeros(predictions.shape[:3])
    for _ in range(3):
        shares = np.exp(agreement) / np.exp(agreement).sum(1, keepdims=True)
        capsules = squash(np.einsum("bkp,bkpd->bkd", shares, predictions))
        agreement += np.einsum("bkd,bkpd->bkp", capsules, predictions)
    found = keras.ops.convert_to_numpy(layer(parts))
    np.testing.assert_allclose(found, capsules, rtol=1e-4, atol=1e-6)


def test_bad_arguments():
    with pytest.raises(InputError, match="must be 1 or more"):
        ClassCapsules(routings=0)
