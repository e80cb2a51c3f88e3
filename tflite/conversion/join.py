"""Two `.tflite` networks as one: what the first gives is what the second takes."""

from __future__ import annotations

from typing import Any


def join(first: bytes, second: bytes) -> bytes:
    """Put one network before another.

    Each keeps its own operations and types: a float preparation before a quantised network.

    Args:
        first: Content of a `.tflite` file with one signature, whose outputs bear the names of the
            inputs of `second` and have their types and shapes.
        second: Content of another one.

    Returns:
        Content of a file with the inputs of `first` and the outputs of `second`.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    front, back = (
        flatbuffer_utils.read_model_from_bytearray(bytearray(content))
        for content in (first, second)
    )
    given = {entry.name: entry.tensorIndex for entry in front.signatureDefs[0].outputs}
    taken = {entry.name: entry.tensorIndex for entry in back.signatureDefs[0].inputs}
    if given.keys() != taken.keys():
        raise ValueError(f"the first gives {sorted(given)} and the second takes {sorted(taken)}")
    buffers, codes = len(front.buffers), len(front.operatorCodes)
    front.buffers = [*front.buffers, *back.buffers]
    front.operatorCodes = [*front.operatorCodes, *back.operatorCodes]
    graph, added = front.subgraphs[0], back.subgraphs[0]
    tensors = len(graph.tensors)
    moved = {index: index + tensors for index in range(len(added.tensors))}
    moved |= {taken[name]: given[name] for name in taken}
    moved[-1] = -1  # an input that an operation goes without
    for tensor in added.tensors:
        tensor.buffer += buffers
        tensor.name = b"network/" + (tensor.name or b"")
    for operator in added.operators:
        operator.opcodeIndex += codes
        for field in ("inputs", "outputs", "intermediates"):
            indexes = getattr(operator, field)
            if indexes is not None:
                setattr(operator, field, [moved[int(index)] for index in indexes])
    graph.tensors = [*graph.tensors, *added.tensors]
    graph.operators = [*graph.operators, *added.operators]
    graph.outputs = [moved[int(index)] for index in added.outputs]
    outputs = back.signatureDefs[0].outputs
    for entry in outputs:
        entry.tensorIndex = moved[entry.tensorIndex]
    front.signatureDefs[0].outputs = outputs
    (ours, entry), (theirs, other) = needed_runtime(front), needed_runtime(back)
    if entry is not None and other is not None and _parts(theirs) > _parts(ours):
        entry.buffer = other.buffer + buffers
    return bytes(flatbuffer_utils.convert_object_to_bytearray(front))


def needed_runtime(model: Any) -> tuple[str, Any]:
    """The TensorFlow release that the converter wrote into a flatbuffer, and the entry, if any."""
    for entry in model.metadata or []:
        if entry.name == b"min_runtime_version":
            return bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode(), entry
    return "unknown", None


def _parts(release: str) -> list[int]:
    return [int(part) for part in release.split(".") if part]  # empty where none is known
