"""The same network in a form that trains faster on TensorFlow's CPU kernels.

Three things cost STSTNet most of its step: Keras composes batch normalisation of some fifteen
elementwise passes, where TensorFlow has a fused kernel; that kernel and the convolutions are as
slow on 3 or 5 channels as on 16; and the gradient of the pooling kernel is slow. So this graph
joins the three streams, whose convolutions look at the same input, normalises with the fused kernel
and pools by comparing slices. It computes what the network computes, but for rounding
(`tests/learners/test_fast_graph.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from dfrnet_keras.layers import PaddedMaxPooling2D

_STREAMS = (3, 5, 8)  # filters of STSTNet


class FastGraph:
    """A network to train, and the way of weights to and from the network it stands for.

    Args:
        build: Makes the network it stands for, with fresh weights.
        name: Name of the network, as `models.build_model` knows it.

    Attributes:
        network: What to compile and train. On other backends than TensorFlow it is what `build`
            makes.
    """

    def __init__(self, build: Callable[[], keras.Model], name: str) -> None:
        self._joins_streams = False
        self.network = build()
        if keras.backend.backend() == "tensorflow":
            self._joins_streams = name == "ststnet"
            if self._joins_streams:
                self.network = _joined_ststnet(self.network)
            self.network = keras.models.clone_model(self.network, clone_function=_faster)

    def take_from(self, model: keras.Model) -> None:
        """Take the weights and the seed generators of a network that `build` made."""
        for target, source in zip(_seeds(self.network), _seeds(model), strict=True):
            target.assign(np.array(source))
        if not self._joins_streams:
            self.network.set_weights(model.get_weights())
            return
        for kind in ("conv", "norm"):
            self.network.get_layer(kind).set_weights(_joined_weights(model, kind))
        predictions = model.get_layer("predictions").get_weights()
        self.network.get_layer("predictions").set_weights(predictions)

    def give_to(self, model: keras.Model) -> None:
        """Set the weights of a network like those that `build` makes."""
        if not self._joins_streams:
            model.set_weights(self.network.get_weights())
            return
        for kind in ("conv", "norm"):
            _set_joined_weights(model, kind, self.network.get_layer(kind).get_weights())
        predictions = self.network.get_layer("predictions").get_weights()
        model.get_layer("predictions").set_weights(predictions)


def _joined_ststnet(network: keras.Model) -> keras.Model:
    """STSTNet with its streams as one convolution and one normalisation of 16 channels."""
    inputs = keras.Input(network.get_layer("flow").batch_shape[1:], name="flow")
    x = network.get_layer("padding")(inputs)
    convolution = network.get_layer(f"conv{_STREAMS[0]}").get_config()
    convolution |= {"filters": sum(_STREAMS), "name": "conv"}
    x = keras.layers.Conv2D.from_config(convolution)(x)
    normalization = network.get_layer(f"norm{_STREAMS[0]}").get_config() | {"name": "norm"}
    x = keras.layers.BatchNormalization.from_config(normalization)(x)
    after = [layer.name for layer in network.layers].index("streams") + 1
    for layer in network.layers[after:]:
        x = layer(x)
    return keras.Model({"flow": inputs}, x, name=network.name)


def _joined_weights(network: keras.Model, kind: str) -> list[np.ndarray]:
    """The weights of the streams' layers of a kind, `"conv"` or `"norm"`, as those of one layer."""
    streams = [network.get_layer(f"{kind}{filters}").get_weights() for filters in _STREAMS]
    return [np.concatenate(parts, axis=-1) for parts in zip(*streams, strict=True)]


def _set_joined_weights(network: keras.Model, kind: str, weights: Sequence[np.ndarray]) -> None:
    """Set the weights of the streams' layers of a kind from those of one layer."""
    ends = np.cumsum(_STREAMS)[:-1]
    streams = zip(*[np.split(weight, ends, axis=-1) for weight in weights], strict=True)
    for filters, own in zip(_STREAMS, streams, strict=True):
        network.get_layer(f"{kind}{filters}").set_weights(own)


def _seeds(model: keras.Model) -> list[Any]:
    """The states of the seed generators, in the order of the layers."""
    return [
        generator.state
        for layer in model._flatten_layers(include_self=False)
        if (generator := getattr(layer, "seed_generator", None)) is not None
    ]


def _faster(layer: keras.layers.Layer) -> keras.layers.Layer:
    if type(layer) is keras.layers.BatchNormalization:
        return _FusedBatchNormalization.from_config(layer.get_config())
    if type(layer) is PaddedMaxPooling2D:
        return _SplitMaxPooling.from_config(layer.get_config())
    return layer.__class__.from_config(layer.get_config())


class _SplitMaxPooling(PaddedMaxPooling2D):
    """The same maxima by comparing slices: the gradient of the pooling kernel is far slower."""

    def call(self, inputs: Any) -> Any:
        import tensorflow as tf

        size = self.pool_size
        height, width, channels = (int(n or 0) for n in self.compute_output_shape(inputs.shape)[1:])
        # Cut what no window reaches, then border by what is never the largest: both have cheap
        # gradients, which a Python slice and a mirrored border have not.
        reach = height * size - 1, width * size - 1
        rest = min(reach[0], inputs.shape[1]), min(reach[1], inputs.shape[2])
        seen = tf.slice(inputs, [0] * 4, [-1, *rest, channels])
        after = reach[0] - rest[0], reach[1] - rest[1]
        bordered = tf.pad(
            seen,
            [[0, 0], [1, after[0]], [1, after[1]], [0, 0]],
            constant_values=inputs.dtype.min,
        )
        rows = ops.reshape(bordered, (-1, height, size, width * size * channels))
        tallest = _maximum(ops.split(rows, size, axis=2))
        columns = ops.reshape(tallest, (-1, height, width, size, channels))
        widest = _maximum(ops.split(columns, size, axis=3))
        return ops.reshape(widest, (-1, height, width, channels))


def _maximum(slices: list[Any]) -> Any:
    largest = slices[0]
    for other in slices[1:]:
        largest = ops.maximum(largest, other)
    return largest


class _FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation of feature maps by TensorFlow's fused kernel while training."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        fits = len(inputs.shape) == 4 and self.axis in (-1, 3) and mask is None
        if not (training and self.trainable and self.scale and self.center and fits):
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
