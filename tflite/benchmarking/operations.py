"""Where a network's time goes: each of its operations timed as a network of its own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dfrnet_keras.errors import InputError
from dfrnet_keras.tflite.benchmarking.timing import take_turns
from dfrnet_keras.tflite.runtime.interpreter import Network


@dataclass(frozen=True)
class Operation:
    """One kind of operation at one size.

    Attributes:
        name: TFLite's name of it, such as `CONV_2D`.
        inputs: Shapes of its inputs, weights included.
        output: Shape of its first output.
        count: How often the network has it.
        milliseconds: For all of them together.
    """

    name: str
    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    count: int
    milliseconds: float


def time_operations(
    path: str | os.PathLike[str], *, threads: int = 1, runs: int = 20
) -> list[Operation]:
    """Time the operations of a `.tflite` file, the costliest first.

    The sum falls a little short of a run of the whole network, which also moves data between its
    operations.

    Args:
        path: The file.
        threads: Threads for each operation.
        runs: Timed runs of each; the median counts.

    Raises:
        InputError: The file is no TFLite file.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    Network(path)  # its checks refuse what cannot be taken apart
    model = flatbuffer_utils.read_model(os.fspath(path))
    spent: dict[tuple, float] = {}
    counts: Counter[tuple] = Counter()
    for key, content in _alone(model):
        counts[key] += 1
        if key not in spent:
            spent[key] = _median_ms(content(), threads, runs)
    rows = [
        Operation(key[0], key[1], key[2], count, spent[key] * count)
        for key, count in counts.items()
    ]
    return sorted(rows, key=lambda row: -row.milliseconds)


def _alone(model: Any) -> Iterator[tuple[tuple, Any]]:
    """Each operation's kind, and a function that gives a network of it alone."""
    from ai_edge_litert.tools import flatbuffer_utils

    graph = model.subgraphs[0]
    model.signatureDefs = []

    def shape(index: int) -> tuple[int, ...]:
        lengths = graph.tensors[index].shape
        return () if lengths is None else tuple(int(length) for length in lengths)

    def constant(index: int) -> bool:
        data = model.buffers[graph.tensors[index].buffer].data
        return data is not None and len(data) > 0

    for operator in list(graph.operators):
        inputs = [index for index in operator.inputs if index >= 0]
        graph.operators = [operator]
        graph.inputs = list(dict.fromkeys(index for index in inputs if not constant(index)))
        graph.outputs = list(operator.outputs)
        key = (
            flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex),
            tuple(map(shape, inputs)),
            shape(operator.outputs[0]),
            tuple(graph.tensors[index].type for index in [*inputs, operator.outputs[0]]),
        )
        if graph.inputs:  # else float16 weights are widened: once, when the network is loaded
            yield key, lambda: bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _median_ms(content: bytes, threads: int, runs: int) -> float:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise InputError(f"An operation of the network cannot run alone: {error}") from error
    noise = np.random.default_rng(0)
    for details in interpreter.get_input_details():
        values = noise.uniform(-1, 1, details["shape"])
        if details["dtype"] in (np.int32, np.int64):
            values *= 0  # places that a GATHER takes: others may lie outside
        elif details["dtype"] != np.float32:
            values = values * 100
        interpreter.set_tensor(details["index"], values.astype(details["dtype"]))
    return take_turns({"alone": interpreter.invoke}, runs=runs, warmup=2)[0].median
