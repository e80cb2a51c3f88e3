"""What every layer has to stand: shapes, its config, its file, gradients to each weight."""

import json

import keras
import numpy as np
import pytest


def _inputs_of(data):
    if isinstance(data, dict):
        return {name: keras.Input(array.shape[1:], name=name) for name, array in data.items()}
    if isinstance(data, list):
        return [keras.Input(array.shape[1:]) for array in data]
    return keras.Input(data.shape[1:])


def _shape_of(data):
    if isinstance(data, dict):
        return {name: array.shape for name, array in data.items()}
    if isinstance(data, list):
        return [array.shape for array in data]
    return data.shape


@pytest.fixture
def check_layer(tmp_path):
    def check(layer, data, idle=()):
        outputs = keras.ops.convert_to_numpy(layer(data))
        assert outputs.shape == tuple(layer.compute_output_shape(_shape_of(data)))
        assert np.isfinite(outputs).all()

        config = layer.get_config()
        json.dumps(config["dtype"]["config"])
        assert type(layer).from_config(config).get_config() == config

        inputs = _inputs_of(data)
        model = keras.Model(inputs, layer(inputs))
        assert model.output_shape[1:] == outputs.shape[1:]
        for index, weight in enumerate(model.weights):  # zeros and ones would hide a mix-up
            noise = np.random.default_rng(index).uniform(0.01, 0.1, weight.shape)
            weight.assign(noise.astype("float32"))
        path = tmp_path / "layer.keras"
        model.save(path)
        loaded = keras.models.load_model(path)
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(loaded(data)), keras.ops.convert_to_numpy(model(data))
        )
        loaded.compile("sgd", "mean_squared_error")
        before = [w.numpy().copy() for w in loaded.trainable_weights]
        loaded.fit(data, outputs + 1, epochs=1, verbose=0)
        for old, weight in zip(before, loaded.trainable_weights, strict=True):
            if not weight.path.endswith(tuple(idle)):
                assert not np.array_equal(old, weight.numpy()), f"{weight.path} did not learn"
        return outputs

    return check
