"""STSTNet in a form that trains faster on TensorFlow's CPU kernels.

Two things cost STSTNet most of its step: Keras composes batch normalisation of some fifteen
elementwise passes, where TensorFlow has a fused kernel, and that kernel and the convolutions are as
slow on 3 or 5 channels as on 16. So this graph joins the three streams, whose convolutions take
the same input, and normalises with the fused kernel: 2.2 times as fast (docs/experiments.md). It
computes what the network computes, but for rounding (`tests/learners/test_fast_graph.py`). The
other networks gain nothing by either and are trained as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

_STREAMS = (3, 5, 8)  # filters of STSTNet
_JOINED = ("conv", "norm")  # layers that each stream has, by the first part of their names


class FastGraph:
    """A network to train, and the way of weights to and from the network it stands for.

    Args:
        build: Makes the network it stands for, with fresh weights.
        name: Name of the network, as `models.build_model` knows it.

    Attributes:
        network: What to compile and train: what `build` makes, but for STSTNet on TensorFlow.
    """

    def __init__(self, build: Callable[[], keras.Model], name: str) -> None:
        self.network = build()
        self._joined = name == "ststnet" and keras.backend.backend() == "tensorflow"
        if self._joined:
            self.network = _joined_ststnet(self.network)

    def take_from(self, model: keras.Model) -> None:
        """Take the weights and the seed generators of a network that `build` made."""
        for target, source in zip(_seeds(self.network), _seeds(model), strict=True):
            target.assign(np.array(source))
        if not self._joined:
            self.network.set_weights(model.get_weights())
            return
        for kind in _JOINED:
            streams = [model.get_layer(f"{kind}{filters}").get_weights() for filters in _STREAMS]
            joined = [np.concatenate(parts, axis=-1) for parts in zip(*streams, strict=True)]
            self.network.get_layer(kind).set_weights(joined)
        weights = model.get_layer("predictions").get_weights()
        self.network.get_layer("predictions").set_weights(weights)

    def give_to(self, model: keras.Model) -> None:
        """Set the weights of a network like those that `build` makes."""
        if not self._joined:
            model.set_weights(self.network.get_weights())
            return
        ends = np.cumsum(_STREAMS)[:-1]
        for kind in _JOINED:
            joined = self.network.get_layer(kind).get_weights()
            streams = zip(*[np.split(weight, ends, axis=-1) for weight in joined], strict=True)
            for filters, weights in zip(_STREAMS, streams, strict=True):
                model.get_layer(f"{kind}{filters}").set_weights(weights)
        weights = self.network.get_layer("predictions").get_weights()
        model.get_layer("predictions").set_weights(weights)


def _joined_ststnet(network: keras.Model) -> keras.Model:
    """STSTNet with its streams as one convolution and one normalisation of 16 channels."""
    inputs = keras.Input(network.get_layer("flow").batch_shape[1:], name="flow")
    x = network.get_layer("padding")(inputs)
    convolution = network.get_layer(f"conv{_STREAMS[0]}").get_config()
    convolution |= {"filters": sum(_STREAMS), "name": "conv"}
    x = keras.layers.Conv2D.from_config(convolution)(x)
    normalization = network.get_layer(f"norm{_STREAMS[0]}").get_config() | {"name": "norm"}
    x = _FusedBatchNormalization.from_config(normalization)(x)
    after = [layer.name for layer in network.layers].index("streams") + 1
    for layer in network.layers[after:]:
        x = layer(x)
    return keras.Model({"flow": inputs}, x, name=network.name)


def _seeds(model: keras.Model) -> list[Any]:
    """The states of the seed generators, in the order of the layers."""
    return [
        generator.state
        for layer in model._flatten_layers(include_self=False)
        if (generator := getattr(layer, "seed_generator", None)) is not None
    ]


class _FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation of feature maps by TensorFlow's fused kernel while training."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            ops.convert_to_tensor(self.gamma),
            ops.convert_to_tensor(self.beta),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel gives the unbiased variance; Keras keeps the biased one.
        count = ops.cast(tf.size(inputs) // inputs.shape[-1], variance.dtype)
        variance = variance * (count - 1) / count
        momentum = self.momentum
        self.moving_mean.assign(self.moving_mean * momentum + mean * (1 - momentum))
        self.moving_variance.assign(self.moving_variance * momentum + variance * (1 - momentum))
        return outputs
