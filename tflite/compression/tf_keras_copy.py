"""A tf_keras copy of a Keras 3 network, made mechanically.

TensorFlow Model Optimization takes tf_keras networks alone. So a Keras 3 network is opened down to
stock layers and operations (a layer made of others by running its `call` on symbolic tensors), each
of which has a counterpart in tf_keras; weights go there and back by the name of the layer.
Importing this module imports TensorFlow Model Optimization, which makes `tf.keras` mean tf_keras.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras

# First: it makes sure that tf.keras, which it uses inside, is tf_keras.
import tensorflow_model_optimization as tfmot  # noqa: F401
import tf_keras
from tf_keras import layers as stock

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.counting import _opened
from dfrnet_keras.tflite.compression import tf_keras_layers

# Keras 3 layers whose tf_keras namesakes take the same arguments and weights.
_SAME = (
    "Activation", "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D",
    "Dense", "DepthwiseConv2D", "Dropout", "Flatten", "GlobalAveragePooling2D",
    "GlobalMaxPooling2D", "MaxPooling2D", "Multiply", "ReLU", "Reshape", "SeparableConv2D",
    "Softmax", "ZeroPadding2D",
)  # fmt: skip


class TfKerasCopy:
    """A tf_keras network that computes what a Keras 3 network computes.

    Args:
        model: A functional Keras 3 network.

    Attributes:
        network: The tf_keras network, which takes a list of maps; its inputs are named alike.

    Raises:
        InputError: The network has a layer or operation without a counterpart.
    """

    def __init__(self, model: keras.Model) -> None:
        self._pairs: dict[int, tuple[keras.Layer, Any]] = {}
        self._names: set[str] = set()
        inputs = [stock.Input(t.shape[1:], name=t.name) for t in model.inputs]
        outputs = self._graph(model, inputs, "", None)
        self.network = tf_keras.Model(inputs, outputs, name=model.name)
        self._layers = {copy.name: original for original, copy in self._pairs.values()}
        for original, copy in self._pairs.values():
            copy.set_weights(original.get_weights())

    def wrapped(self, wrap: Callable[[Any], Any]) -> Any:
        """A copy of the network in which `wrap` replaces layers; the weights come along."""
        return tf_keras.models.clone_model(self.network, clone_function=wrap)

    def return_weights(self, network: Any) -> None:
        """Set the Keras 3 network's weights to those of a tf_keras network made of this copy.

        Args:
            network: `self.network`, or one made of it in which layers keep their names.
        """
        for layer in network.layers:
            if layer.name in self._layers and layer.weights:
                self._layers[layer.name].set_weights(layer.get_weights())

    def _graph(self, graph: Any, inputs: list[Any], scope: str, owner: Any) -> Any:
        """Lower a Keras graph on tf_keras tensors; the tensor of its one output."""
        known = {id(old): new for old, new in zip(graph.inputs, inputs, strict=True)}
        depths = sorted(graph._nodes_by_depth, reverse=True)
        for node in (node for depth in depths for node in graph._nodes_by_depth[depth]):
            if not node.arguments.keras_tensors:
                continue  # an input
            tensors = [known[id(tensor)] for tensor in node.arguments.keras_tensors]
            known[id(node.outputs[0])] = self._lower(
                node.operation, node.arguments, tensors, scope, owner
            )
        return known[id(graph.outputs[0])]

    def _lower(
        self, operation: Any, arguments: Any, tensors: list[Any], scope: str, owner: Any
    ) -> Any:
        name = f"{scope}{operation.name}"
        kind = type(operation).__name__
        if isinstance(operation, keras.Sequential):
            operation = operation._functional
        if isinstance(operation, keras.Function):
            return self._graph(operation, tensors, scope, owner)
        if isinstance(operation, keras.Layer):
            if type(operation).__module__.startswith("keras."):
                if kind not in _SAME:
                    raise _no_counterpart(operation)
                return self._layer(operation, tensors, name)
            try:
                opened = _opened(operation, arguments)
            except Exception as error:  # whatever the layer's own call raises
                raise _no_counterpart(operation) from error
            return self._graph(opened, tensors, f"{name}_", owner or operation)
        makes = tf_keras_layers.OPERATIONS.get(kind)
        constant = kind in tf_keras_layers.BINARY and len(tensors) < 2
        layer = makes(operation, self._fresh(name)) if makes and not constant else None
        if layer is None:
            raise _no_counterpart(owner or operation, kind)
        return layer(tensors if len(tensors) > 1 else tensors[0])

    def _layer(self, layer: keras.Layer, tensors: list[Any], name: str) -> Any:
        # TFMOT takes no layer that is called twice, so one without weights is made anew.
        if id(layer) not in self._pairs or not layer.weights:
            copy_class = getattr(stock, type(layer).__name__)
            takes = set(inspect.signature(copy_class.__init__).parameters)
            config = {
                key: value
                for key, value in layer.get_config().items()
                if key in takes and not isinstance(value, dict) and key != "dtype"
            }
            # A sigmoid gets a layer of its own, since its int8 form has a fixed range.
            if config.get("activation") == "sigmoid":
                config["activation"] = None
            self._pairs[id(layer)] = layer, copy_class(**config | {"name": self._fresh(name)})
        copy = self._pairs[id(layer)][1]
        output = copy(tensors if len(tensors) > 1 else tensors[0])
        if layer.get_config().get("activation") != "sigmoid":
            return output
        return stock.Activation("sigmoid", name=self._fresh(f"{name}_sigmoid"))(output)

    def _fresh(self, name: str) -> str:
        """The name, numbered where it is taken."""
        number, candidate = 1, name
        while candidate in self._names:
            number, candidate = number + 1, f"{name}_{number}"
        self._names.add(candidate)
        return candidate


def _no_counterpart(layer: Any, operation: str | None = None) -> InputError:
    inside = f" uses {operation}, which" if operation else ""
    return InputError(
        f"The layer {layer.name} ({type(layer).__name__}){inside} has no counterpart in tf_keras, "
        "so this network cannot be compressed: express it in stock layers, or convert it with "
        "--quantize int8 instead."
    )
