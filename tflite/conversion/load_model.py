"""The network that a `.tflite` file is made of: loaded, its inputs, its normalisation cut off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    import keras


def load(path: str | os.PathLike[str]) -> tuple[keras.Model, dict[str, Any]]:
    """Load a `.keras` file, or the one in a run folder, with its description.

    Raises:
        InputError: It is not there, is none, or holds a layer that is not known here.
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
    try:
        return load_network(path)
    except (TypeError, ValueError, OSError, KeyError) as error:
        if isinstance(error, InputError):
            raise
        reason = str(error).strip().splitlines()[0][:200]
        raise InputError(
            f"{path} cannot be loaded ({reason}): register its own layers with "
            "keras.saving.register_keras_serializable and convert the loaded model."
        ) from error


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
    starts = [
        layers[tensor.name].output if tensor.name in layers else tensor for tensor in model.inputs
    ]
    inputs = {t.name: keras.Input(t.shape[1:], dtype=t.dtype, name=t.name) for t in model.inputs}
    # A model within a model: tensors in the middle of a graph cannot be given names as inputs.
    rest = keras.Model(starts, model.outputs[0], name=f"{model.name}_normalized")
    return keras.Model(inputs, rest(list(inputs.values())), name=model.name), statistics


def input_shapes(model: Any) -> dict[str, tuple[int, ...]]:
    """Input name to shape `(1, H, W, channels)` of a functional network.

    Raises:
        InputError: The network is not functional, or an input has an open height or width.
    """
    tensors = getattr(model, "inputs", None)
    if not tensors or len(getattr(model, "outputs", ())) != 1:
        raise InputError(
            f"{getattr(model, 'name', model)} is not a functional network with named inputs and "
            "one output: build it with keras.Model(inputs, outputs)."
        )
    shapes = {tensor.name.split(":")[0]: (1, *tensor.shape[1:]) for tensor in tensors}
    open_inputs = [name for name, shape in shapes.items() if None in shape]
    if open_inputs:
        raise InputError(f"The input {open_inputs[0]} has no fixed size: build it with one.")
    return shapes


def is_quantization_aware(model: Any) -> bool:
    """Whether this is a tf_keras network that was trained to be quantised."""
    return type(model).__module__.partition(".")[0] == "tf_keras"
