import keras
import numpy as np
import pytest

from dfrnet_keras.learners.fast_graph import FastGraph
from dfrnet_keras.models import STSTNet, build_model

SIZE, CLASSES = 14, 3


def build(size=SIZE):
    return STSTNet(input_size=size, classes=CLASSES, classifier_activation=None)


def batches(count, size=SIZE):
    random = np.random.default_rng(3)
    for _ in range(count):
        maps = random.uniform(0, 255, (6, size, size, 3)).astype(np.float32)
        yield {"flow": maps}, random.integers(0, CLASSES, 6)


def compiled(network):
    network.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return network


def unlike_fresh(model):
    """Weights that no two layers have in common, so that a mix-up shows."""
    random = np.random.default_rng(5)
    for weight in model.weights:
        low = 0.5 if "variance" in weight.path or "gamma" in weight.path else -0.3
        weight.assign(
            random.uniform(low, 1.0, weight.shape) * (0.05 if "kernel" in weight.path else 1)
        )
    return model


def test_weights_go_there_and_back():
    plain = unlike_fresh(build())
    graph = FastGraph(build, "ststnet")
    graph.take_from(plain)
    back = build()
    graph.give_to(back)
    for weight, expected in zip(back.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


# Windows of three: each remainder ends elsewhere. 28 is the published size.
@pytest.mark.parametrize("size", [12, 13, 14, 28])
def test_it_answers_what_the_network_answers(size):
    plain = unlike_fresh(build(size))
    graph = FastGraph(lambda: build(size), "ststnet")
    graph.take_from(plain)
    maps, _ = next(batches(1, size))
    np.testing.assert_allclose(
        np.asarray(graph.network(maps)), np.asarray(plain(maps)), rtol=1e-4, atol=1e-3
    )


def test_a_few_steps_of_training_are_those_of_the_network():
    """Dropout included: the graph takes over the state of its seed generator."""
    plain = compiled(build())
    graph = FastGraph(build, "ststnet")
    graph.take_from(plain)
    compiled(graph.network)
    for maps, labels in batches(4):
        expected = plain.train_on_batch(maps, labels, return_dict=True)["loss"]
        found = graph.network.train_on_batch(maps, labels, return_dict=True)["loss"]
        assert found == pytest.approx(float(expected), rel=1e-4)
    trained = build()
    graph.give_to(trained)
    fresh = build().get_weights()
    for weight, expected, initial in zip(
        trained.get_weights(), plain.get_weights(), fresh, strict=True
    ):
        np.testing.assert_allclose(weight, expected, rtol=2e-3, atol=2e-5)
        assert not np.array_equal(weight, initial)


def test_networks_without_streams_keep_their_weights():
    def small():
        return build_model("dfrnet", features="T", stages=1, input_size=16, attention="none")

    plain = small()
    graph = FastGraph(small, "dfrnet")
    graph.take_from(plain)
    maps = {"flow": np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)}
    np.testing.assert_allclose(
        np.asarray(graph.network(maps)), np.asarray(plain(maps)), rtol=1e-4, atol=1e-5
    )
    back = small()
    graph.give_to(back)
    for weight, expected in zip(back.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)
