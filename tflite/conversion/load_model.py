"""The Keras network that a `.tflite` file is made of: loading it, its inputs, its normalisation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.inputs import input_names
from dfrnet_keras.tflite.runtime.interpreter import OUTPUT

if TYPE_CHECKING:
    import keras


def load_model(path: str | os.PathLike[str]) -> tuple[keras.Model, dict[str, Any]]:
    """Load a `.keras` file, or the one in a run folder, with its description.

    Raises:
        InputError: There is no such file, or it cannot be loaded.
    """
    from dfrnet_keras.models.saving import load_network

    path = Path(path)
    if path.is_dir():
        if not (path / "model.keras").is_file():
            raise InputError(
                f"{path} holds no model.keras: train one to deploy with "
                "`dfr-keras fit --all-subjects` into this run folder."
            )
        path = path / "model.keras"
    return load_network(path)


def without_normalization(
    model: keras.Model,
) -> tuple[keras.Model, dict[str, tuple[NDArray, NDArray]]]:
    """Cut the normalisation of the inputs off a network.

    Args:
        model: A functional Keras 3 network.

    Returns:
        The network from the normalised maps on, its inputs named as before and its layers shared;
        and input name to mean and standard deviation, of the inputs that were normalised.
    """
    import keras

    from dfrnet_keras.models import normalization_layers

    layers = normalization_layers(model)
    if not layers:
        return model, {}
    statistics = {
        name: (np.array(layer.mean), np.sqrt(np.array(layer.variance)))
        for name, layer in layers.items()
    }
    named = dict(zip(input_names(model), model.inputs, strict=True))
    starts = [layers[name].output if name in layers else named[name] for name in named]
    inputs = {name: keras.Input(t.shape[1:], dtype=t.dtype, name=name) for name, t in named.items()}
    # A model within a model: tensors in the middle of a graph cannot be given names as inputs.
    rest = keras.Model(starts, model.outputs[0], name=f"{model.name}_normalized")
    return keras.Model(inputs, rest(list(inputs.values())), name=model.name), statistics


def normalize(
    maps: Mapping[str, Any], statistics: Mapping[str, tuple[NDArray, NDArray]]
) -> dict[str, Any]:
    """What `without_normalization` cut off, in float32: arrays or tensors to the same of them."""
    normalized = {
        name: (maps[name] - mean) / deviation for name, (mean, deviation) in statistics.items()
    }
    return {**maps, **normalized}


def input_shapes(model: Any) -> dict[str, tuple[int, ...]]:
    """Input name to shape `(1, ...)` of a functional network, Keras 3 or tf_keras.

    Raises:
        InputError: The network is not functional, has several outputs, or an input of no fixed
            size.
    """
    try:
        tensors, outputs = model.inputs or (), model.outputs or ()
    except AttributeError:  # a Sequential that is not built
        tensors = outputs = ()
    if not tensors or (len(outputs) != 1 and not gives_several(model)):
        raise InputError(
            f"{getattr(model, 'name', model)} is not a functional network with one output: build "
            f"it with keras.Model(inputs, output), or with outputs by name, {OUTPUT} among them."
        )
    shapes = dict(
        zip(input_names(model), ((1, *tensor.shape[1:]) for tensor in tensors), strict=True)
    )
    for name, shape in shapes.items():
        if None in shape:
            raise InputError(f"The input {name} has no fixed size: build it with one.")
    return shapes


def gives_several(model: Any) -> bool:
    """Whether a network answers a dictionary of outputs, the probabilities among them."""
    outputs = getattr(model, "output", None)
    return isinstance(outputs, dict) and OUTPUT in outputs


def number_of_classes(model: Any) -> int:
    """How many classes a network tells apart."""
    output = model.output[OUTPUT] if gives_several(model) else model.outputs[0]
    return int(output.shape[-1])


def input_types(model: Any) -> dict[str, np.dtype]:
    """Input name to the type of its maps: float32, or the integers that the network takes."""
    types = {}
    for name, tensor in zip(input_names(model), model.inputs, strict=True):
        kind = getattr(tensor.dtype, "name", tensor.dtype)
        types[name] = np.dtype(np.float32 if "float" in kind else kind)
    return types


def require_tensorflow(what: str) -> None:
    """Refuse to go on where Keras runs on another backend."""
    import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError(
            f"{what} needs Keras on TensorFlow, not on {keras.backend.backend()}: use the .keras "
            "file with KERAS_BACKEND=tensorflow."
        )


def is_quantization_aware(model: Any) -> bool:
    """Whether this is a tf_keras network that was trained to be quantised."""
    return type(model).__module__.partition(".")[0] == "tf_keras"
