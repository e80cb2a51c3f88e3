import os
import subprocess
import sys
import zlib

import keras
import numpy as np
import pytest
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import ChannelAttention
from dfrnet_keras.models import DFRNet, STSTNet, normalization_layers
from dfrnet_keras.tflite import compress, convert, verify
from dfrnet_keras.tflite.compression.compress import FINE_TUNING, fine_tuning
from dfrnet_keras.tflite.compression.evaluate_files import evaluate_files
from dfrnet_keras.tflite.conversion.load_model import without_normalization


def small_network(maps):
    """The layers of the package in a network that TFMOT gets ready within seconds."""
    from dfrnet_keras.layers import FeatureNormalization

    keras.utils.set_random_seed(3)
    inputs = keras.Input((32, 32, 3), name="flow")
    x = FeatureNormalization(name="flow_normalization")(inputs)
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="conv1")(x)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="conv2")(x)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(name="norm")(x))
    x = ChannelAttention(4, name="attention")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model({"flow": inputs}, layers.Dense(3, activation="softmax", name="out")(x))
    values = maps["flow"].astype(np.float64)
    normalization_layers(model)["flow"].set_statistics(
        values.mean((0, 1, 2)), values.var((0, 1, 2))
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit({"flow": maps["flow"].astype(np.float32)}, np.arange(48) % 3, epochs=8, verbose=0)
    return model


@pytest.fixture(scope="module")
def small(maps):
    return small_network(maps)


def test_pruning_reaches_its_sparsity_and_leaves_the_original(small, store, maps):
    before = [weight.copy() for weight in small.get_weights()]
    pruned = compress(small, store, method="prune", sparsity=0.7, epochs=3, learning_rate=1e-3)
    assert all(np.array_equal(a, b) for a, b in zip(before, small.get_weights(), strict=True))
    assert isinstance(pruned, keras.Model)
    kernel = np.array(pruned.get_layer("conv2").kernel)
    assert (kernel == 0).mean() == pytest.approx(0.7, abs=0.01)
    assert (np.array(pruned.get_layer("conv1").kernel) != 0).all()  # too small to be worth it
    content = convert(pruned)
    assert verify(pruned, content, {"flow": maps["flow"]}).passes("none")
    assert len(zlib.compress(content)) < len(zlib.compress(convert(small)))


def test_clustering_leaves_few_values(small, store):
    clustered = compress(small, store, method="cluster", clusters=8, epochs=1)
    assert len(np.unique(np.array(clustered.get_layer("conv2").kernel))) <= 8
    assert clustered.output_shape == (None, 3)


@pytest.mark.slow
def test_a_network_trained_to_be_quantized(small, store, maps):
    given = {"flow": maps["flow"]}
    trained = compress(small, store, method="qat", epochs=2, learning_rate=1e-4)
    content = convert(trained, quantize="int8")  # its ranges are its own
    found = verify(trained, content, given)
    assert found.largest_difference < 0.05
    assert verify(small, content, given).equal_classes >= 0.95
    with pytest.raises(InputError, match="trained to be quantised"):
        convert(trained, quantize="float16")
    rows = evaluate_files({"float32": convert(small), "qat": content}, store, np.arange(48), runs=2)
    assert rows["qat"].bytes < rows["float32"].bytes
    assert rows["qat"].uf1 > rows["float32"].uf1 - 0.06
    assert rows["qat"].milliseconds > 0


@pytest.mark.parametrize("kind", ["dfrnet", "multiply", "ststnet"])
def test_the_copy_computes_the_same_and_gives_its_weights_back(kind, maps, network):
    from dfrnet_keras.tflite.compression.tf_keras_copy import TfKerasCopy

    model = {
        "dfrnet": lambda: network,
        "multiply": lambda: DFRNet(input_size=32, stages=2, fusion="multiply", attention="none"),
        "ststnet": lambda: STSTNet(input_size=32),
    }[kind]()
    model_copy = keras.models.clone_model(model)
    model_copy.set_weights(model.get_weights())
    core, statistics = without_normalization(model_copy)
    copy = TfKerasCopy(core)
    names = copy.network.input_names
    given = {name: maps[name][:8].astype(np.float32) for name in names}
    raw = np.asarray(model.predict_on_batch(given))
    for name, (mean, deviation) in statistics.items():
        given[name] = (given[name] - mean) / deviation
    answers = copy.network.predict([given[name] for name in names], verbose=0)
    np.testing.assert_allclose(answers, raw, atol=2e-5)
    copy.network.set_weights([weight + 1 for weight in copy.network.get_weights()])
    before = core.get_weights()
    copy.return_weights(copy.network)
    changed = [np.allclose(a + 1, b) for a, b in zip(before, core.get_weights(), strict=True)]
    assert all(changed)


def test_layers_without_a_counterpart(store):
    from dfrnet_keras.tflite.compression.tf_keras_copy import TfKerasCopy

    class Scaled(layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(1,), name="scale")

        def call(self, inputs):
            return inputs * self.scale

    class Opaque(layers.Layer):
        def call(self, inputs):
            return keras.ops.convert_to_tensor(np.asarray(inputs))

        def compute_output_spec(self, inputs):
            return keras.KerasTensor(inputs.shape)

    for layer, message in (
        (Scaled(name="mine"), r"mine \(Scaled\) uses Multiply"),
        (Opaque(name="dark"), r"dark \(Opaque\) has no counterpart"),
        (layers.LayerNormalization(name="norm"), r"norm \(LayerNormalization\) has no"),
    ):
        inputs = keras.Input((32, 32, 3), name="flow")
        x = layers.GlobalAveragePooling2D()(layer(inputs))
        with pytest.raises(InputError, match=message):
            TfKerasCopy(keras.Model(inputs, x))


def test_each_method_has_its_own_fine_tuning():
    assert fine_tuning("prune") == FINE_TUNING["prune"]
    assert fine_tuning("qat", epochs=2) == (2, FINE_TUNING["qat"][1])
    assert fine_tuning("cluster", learning_rate=0.1) == (FINE_TUNING["cluster"][0], 0.1)
    # Pruned weights are gone: the others must be able to take over.
    assert FINE_TUNING["prune"][1] > FINE_TUNING["qat"][1]


def test_bad_arguments(small, store):
    for options, message in (
        ({"method": "distil"}, "method is 'distil'"),
        ({"method": "prune", "sparsity": 1.0}, "sparsity is 1.0"),
        ({"method": "cluster", "clusters": 1}, "clusters is 1"),
        ({"method": "qat", "epochs": 0}, "epochs is 0"),
    ):
        with pytest.raises(InputError, match=message):
            compress(small, store, **options)
    with pytest.raises(InputError, match="the network takes"):
        compress(DFRNet(input_size=16, stages=1), store, method="qat")


def test_importing_the_room_leaves_keras_alone():
    code = (
        "import os, dfrnet_keras.tflite as t; t.convert, t.verify, t.compress, t.benchmark;"
        "import tensorflow as tf;"
        "print(os.environ.get('TF_USE_LEGACY_KERAS'), tf.keras.__version__.split('.')[0])"
    )
    # Another test of this process may have called compress, which sets the variable.
    env = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert done.stdout.strip() == "None 3"


@pytest.mark.slow
def test_the_whole_network_trained_to_be_quantized(network, store, maps):
    trained = compress(network, store, method="qat", epochs=2)
    content = convert(trained, quantize="int8")
    assert verify(trained, content, maps).largest_difference < 0.1
    assert verify(network, content, maps).equal_classes >= 0.95


@pytest.mark.slow
def test_normalization_after_an_activation_is_trained_for_int8(store, maps):
    def network(activation):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((32, 32, 3), name="flow")
        x = layers.Conv2D(4, 3, activation=activation)(inputs)
        x = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x))
        return keras.Model(inputs, layers.Dense(3, activation="softmax")(x), name="net")

    trained = compress(network("relu"), store, method="qat", epochs=1)
    content = convert(trained, quantize="int8")
    assert verify(trained, content, {"flow": maps["flow"]}).largest_difference < 0.05
    with pytest.raises(InputError, match="net cannot be trained to be quantised"):
        compress(network("softplus"), store, method="qat", epochs=1)
