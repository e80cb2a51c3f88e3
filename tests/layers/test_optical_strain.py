import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import optical_strain
from dfrnet_keras.layers import OpticalStrain


@pytest.mark.parametrize("cross_term", [False, True])
@pytest.mark.parametrize("shape", [(2, 7, 9, 2), (1, 2, 2, 3)])
def test_same_as_in_numpy(check_layer, cross_term, shape):
    flow = np.random.default_rng(0).normal(size=shape).astype("float32")
    strain = check_layer(OpticalStrain(cross_term=cross_term), flow)
    for one, field in zip(strain, flow, strict=True):
        expected = optical_strain(field, cross_term=cross_term)
        np.testing.assert_allclose(one[..., 0], expected, atol=1e-5)


def test_what_does_not_move_has_no_strain_and_a_finite_gradient():
    still = np.zeros((1, 6, 6, 2), "float32")
    inputs = keras.Input((6, 6, 2))
    scale = keras.layers.Conv2D(2, 1)
    model = keras.Model(inputs, OpticalStrain()(scale(inputs)))
    np.testing.assert_array_equal(model.predict(still, verbose=0), 0)
    model.compile("sgd", "mean_squared_error")
    model.fit(still, np.ones((1, 6, 6, 1)), verbose=0)
    assert all(np.isfinite(keras.ops.convert_to_numpy(weight)).all() for weight in model.weights)


@pytest.mark.parametrize("shape", [(1, 6, 6, 1), (1, 1, 6, 2), (1, None, 6, 2), (6, 6, 2)])
def test_bad_shapes_are_named(shape):
    with pytest.raises(InputError, match="takes flow maps"):
        OpticalStrain().build(shape)
