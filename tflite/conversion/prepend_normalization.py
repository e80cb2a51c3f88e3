"""Changes to the graph of a `.tflite` file: names of its inputs, operations before the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def prepend_normalization(
    tflite: bytes, statistics: Mapping[str, tuple[NDArray, NDArray]]
) -> bytes:
    """Make a network that takes normalised maps take raw ones.

    Args:
        tflite: Content of a `.tflite` file with one signature and float32 inputs.
        statistics: Input name to mean and standard deviation, `(channels,)`.

    Returns:
        Content of a file in which each of these inputs passes through `(x - mean) / deviation`,
        in float32, first. The names of the inputs are the same.
    """
    if not statistics:
        return tflite
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    graph = model.subgraphs[0]
    first: list[Any] = []
    for entry in model.signatureDefs[0].inputs:
        name = entry.name.decode()
        if name not in statistics:
            continue
        mean, deviation = statistics[name]
        old = entry.tensorIndex
        shape = list(graph.tensors[old].shape)
        raw = _add_tensor(model, f"{name}_raw", shape)
        centred = _add_tensor(model, f"{name}_centred", shape)
        means = _add_tensor(model, f"{name}_mean", [len(mean)], mean)
        factors = _add_tensor(model, f"{name}_factor", [len(mean)], 1 / deviation)
        first.append(_operator(model, "SUB", "Sub", [raw, means], centred))
        first.append(_operator(model, "MUL", "Mul", [centred, factors], old))
        graph.inputs = [raw if index == old else index for index in graph.inputs]
        entry.tensorIndex = raw
    graph.operators = first + list(graph.operators)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def rename_inputs(tflite: bytes, names: Mapping[str, str]) -> bytes:
    """Give the inputs of the one signature other names.

    Args:
        tflite: Content of a `.tflite` file.
        names: Old name to new one, of every input.

    Returns:
        Content of the new file.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    for entry in model.signatureDefs[0].inputs:
        entry.name = names[entry.name.decode()].encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _add_tensor(model: Any, name: str, shape: list[int], values: NDArray | None = None) -> int:
    """Add a float32 tensor, constant where values are given; its index."""
    from ai_edge_litert import schema_py_generated as schema

    buffer = schema.BufferT()
    if values is not None:
        buffer.data = list(np.asarray(values, "<f4").tobytes())
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.name = name.encode()
    tensor.shape = shape
    tensor.type = schema.TensorType.FLOAT32
    tensor.buffer = len(model.buffers) - 1
    tensor.hasRank = True
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def _operator(model: Any, code: str, options: str, inputs: list[int], output: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    builtin = getattr(schema.BuiltinOperator, code)
    entry = schema.OperatorCodeT()
    entry.builtinCode = entry.deprecatedBuiltinCode = builtin
    entry.version = 1
    model.operatorCodes.append(entry)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs = inputs
    operator.outputs = [output]
    operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{options}Options")
    operator.builtinOptions = getattr(schema, f"{options}OptionsT")()
    return operator
