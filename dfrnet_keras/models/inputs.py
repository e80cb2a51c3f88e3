"""Named maps in the structure that a functional network was built with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def input_names(model: Any) -> list[str]:
    """Names of a network's inputs, in the order of `model.inputs`.

    Args:
        model: A functional or sequential Keras 3 network, or a tf_keras network.

    Returns:
        The keys where it was built with `keras.Model({"flow": ...}, ...)`, else the names of the
        input layers: those of the tensors may differ, and change when a file is loaded.
    """
    if hasattr(model, "input_names"):  # tf_keras
        return list(model.input_names)
    structure = model.inputs[0] if type(model).__name__ == "Sequential" else model.input
    if isinstance(structure, dict) and len(structure) == len(model.inputs):
        return sorted(structure)
    return [tensor._keras_history.operation.name for tensor in model.inputs]


def arrange_inputs(model: Any, maps: Mapping[str, Any]) -> Any:
    """Arrange maps as a network expects them, so that Keras need not guess and warn.

    Args:
        model: See `input_names`.
        maps: Name of an input to its batch.

    Returns:
        One tensor, or a list, tuple or dict of them: what to call the network with.
    """
    values = [maps[name] for name in input_names(model)]
    if hasattr(model, "input_names"):
        return values
    import keras

    if isinstance(model, keras.Sequential):
        return values[0]
    return keras.tree.pack_sequence_as(model.input, values)
