import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.models import STSTNet, count, normalization_layers

STREAMS = (3, 5, 8)


@pytest.fixture(scope="module")
def trained():
    """A network whose every weight is random, moving statistics included."""
    model = STSTNet(classifier_activation=None)
    rng = np.random.default_rng(1)
    for layer in model.layers:
        values = [rng.normal(0, 0.3, w.shape) for w in layer.weights]
        if layer.name.startswith("norm"):
            scale, offset, mean, variance = values
            # Some scales are negative, so that normalisation and pooling do not commute.
            values = [scale + 0.2, offset, 20 * mean, 100 * np.abs(variance) + 0.1]
        elif layer.name.startswith("conv"):
            values[0] /= 10
        layer.set_weights(values)
    return model


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(2).uniform(0, 255, (6, 28, 28, 3)).astype("float32")


def weights_of(model, name):
    return [w.numpy() for w in model.get_layer(name).weights]


def channels_first_kernel(model):
    """The dense kernel in the order in which PyTorch flattens 16 maps of 5 x 5."""
    kernel, bias = weights_of(model, "predictions")
    return kernel.reshape(5, 5, 16, 3).transpose(2, 0, 1, 3).reshape(400, 3), bias


def test_equals_a_numpy_reference(trained, pictures):
    padded = np.pad(pictures.astype("float64"), [(0, 0), (2, 2), (2, 2), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    streams = []
    for filters in STREAMS:
        kernel, bias = weights_of(trained, f"conv{filters}")
        x = np.maximum(np.einsum("nhwcij,ijcf->nhwf", windows, kernel) + bias, 0)
        scale, offset, mean, variance = weights_of(trained, f"norm{filters}")
        x = (x - mean) / np.sqrt(variance + 1e-5) * scale + offset
        x = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=-np.inf)[:, :30, :30]
        x = x.reshape(len(x), 10, 3, 10, 3, filters).max((2, 4))
        streams.append(x.reshape(len(x), 5, 2, 5, 2, filters).mean((2, 4)))
    flat = np.concatenate(streams, -1).transpose(0, 3, 1, 2).reshape(len(pictures), 400)
    kernel, bias = channels_first_kernel(trained)
    expected = flat @ kernel + bias
    got = trained.predict({"flow": pictures}, verbose=0)
    assert np.abs(got - expected).max() < 1e-5 * np.abs(expected).max()


def test_equals_pytorch(trained, pictures):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional

    def tensor(array):
        return torch.from_numpy(np.ascontiguousarray(array))

    x = tensor(pictures.transpose(0, 3, 1, 2))
    streams = []
    for filters in STREAMS:
        kernel, bias = weights_of(trained, f"conv{filters}")
        y = functional.conv2d(x, tensor(kernel.transpose(3, 2, 0, 1)), tensor(bias), padding=2)
        scale, offset, mean, variance = map(tensor, weights_of(trained, f"norm{filters}"))
        y = functional.batch_norm(y.relu(), mean, variance, scale, offset, eps=1e-5)
        streams.append(functional.max_pool2d(y, 3, 3, 1))
    flat = functional.avg_pool2d(torch.cat(streams, 1), 2).flatten(1)
    kernel, bias = channels_first_kernel(trained)
    expected = (flat @ tensor(kernel) + tensor(bias)).numpy()
    got = trained.predict({"flow": pictures}, verbose=0)
    assert np.abs(got - expected).max() < 1e-5 * np.abs(expected).max()


def test_size_and_names():
    model = STSTNet()
    assert count(model).parameters == 1683
    assert list(model.input) == ["flow"]
    assert model.input["flow"].shape == (None, 28, 28, 3)
    assert model.output_shape == (None, 3)
    assert model.get_layer("max_pool").output.shape == (None, 10, 10, 16)
    assert model.get_layer("predictions").kernel.shape == (400, 3)
    assert normalization_layers(model) == {}


def test_starts_uniform_within_one_over_the_root_of_the_fan_in():
    keras.utils.set_random_seed(0)
    model = STSTNet()
    for name, fan_in in (("conv3", 27), ("conv5", 27), ("conv8", 27), ("predictions", 400)):
        kernel, bias = weights_of(model, name)
        assert 0.9 * fan_in**-0.5 < np.abs(kernel).max() <= fan_in**-0.5
        assert 0 < np.abs(bias).max() <= fan_in**-0.5


def test_learns_and_survives_its_file(tmp_path, pictures):
    keras.utils.set_random_seed(0)
    model = STSTNet()
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", jit_compile=False)
    labels = np.arange(6) % 3
    losses = model.fit({"flow": pictures}, labels, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    probabilities = model.predict({"flow": pictures}, verbose=0)
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(loaded.predict({"flow": pictures}, verbose=0), probabilities)


@pytest.mark.parametrize("size", [5, 6, 17, 32])
def test_other_sizes(size):
    model = STSTNet(input_size=size, classes=5)
    assert model.predict({"flow": np.zeros((2, size, size, 3))}, verbose=0).shape == (2, 5)


def test_bad_arguments():
    with pytest.raises(InputError, match="input_size from 5 up, not 4"):
        STSTNet(input_size=4)
    with pytest.raises(InputError, match="classes must be 1 or more"):
        STSTNet(classes=0)
