import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import AttendedClassifier


def test_equals_a_numpy_reference():
    random = np.random.default_rng(0)
    early, late = random.normal(size=(2, 3, 4, 4, 5))
    layer = AttendedClassifier(2)
    outputs = layer([early.astype("float32"), late.astype("float32")])
    kernel = random.normal(size=(80, 2))
    layer.classifier.kernel.assign(kernel)
    layer.classifier.bias.assign([0.5, -1])
    outputs = keras.ops.convert_to_numpy(layer([early.astype("float32"), late.astype("float32")]))
    attention = 0
    for number in range(2):
        weights = kernel[:, number].reshape(4, 4, 5)
        maps = (weights * early).mean(-1)
        maps -= maps.min((1, 2), keepdims=True)
        attention = attention + maps / maps.max((1, 2), keepdims=True) / 2
    expected = (late * attention[..., None]).reshape(3, 80) @ kernel + [0.5, -1]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_a_file_keeps_it(tmp_path):
    early, late = (keras.Input((3, 3, 2), name=name) for name in ("early", "late"))
    layer = AttendedClassifier(4, activation="softmax")
    model = keras.Model({"early": early, "late": late}, layer([early, late]))
    assert model.output_shape == (None, 4)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    maps = np.random.default_rng(0).normal(size=(2, 3, 3, 2)).astype("float32")
    pair = {"early": maps, "late": maps[::-1].copy()}
    answer = keras.ops.convert_to_numpy(model(pair))
    np.testing.assert_allclose(answer.sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(loaded(pair)), answer)


def test_a_map_without_features_is_no_nan():
    flat = np.zeros((1, 3, 3, 2), "float32")
    assert np.isfinite(keras.ops.convert_to_numpy(AttendedClassifier(3)([flat, flat]))).all()


def test_bad_arguments():
    with pytest.raises(InputError, match="two maps"):
        AttendedClassifier(3).build([(None, 3, 3, 2), (None, 2, 2, 2)])
    with pytest.raises(InputError, match="classes must be 1 or more"):
        AttendedClassifier(0)
