import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import ExpressionProposals


def test_equals_a_numpy_reference():
    random = np.random.default_rng(0)
    shared = random.normal(size=(4, 6)).astype("float32")
    layer = ExpressionProposals(3)
    layer.build(shared.shape)
    for weight in layer.weights:
        weight.assign(random.normal(size=weight.shape))
    refined, logits = (keras.ops.convert_to_numpy(part) for part in layer(shared))
    for number in range(3):
        kernel, bias = (np.array(w) for w in layer.attentions[number].weights)
        branch = shared / (1 + np.exp(-(shared @ kernel + bias)))
        np.testing.assert_allclose(refined[:, number * 6 : number * 6 + 6], branch, rtol=1e-4)
        kernel, bias = (np.array(w) for w in layer.detectors[number].weights)
        np.testing.assert_allclose(logits[:, number], branch @ kernel[:, 0] + bias, rtol=1e-4)
    assert layer.compute_output_shape(shared.shape) == ((4, 18), (4, 3))
    assert ExpressionProposals.from_config(layer.get_config()).expressions == 3


def test_bad_arguments():
    with pytest.raises(InputError, match="expressions must be 1 or more"):
        ExpressionProposals(0)
