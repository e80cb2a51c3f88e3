"""int8 conversion that leaves some operations in float."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dfrnet_keras.errors import InputError

# TFLite operations that stay in float between the int8 ones. A residual block gates its map twice
# and adds it: rounded after each of the three, it strays from the float network about twice as far
# as rounded once, and the time is the same. A softmax in int8 gives probabilities in steps of
# 1/256.
_BETTER_IN_FLOAT = ("MUL", "ADD", "SOFTMAX")
# A divisor that rounds to zero, as that of a clip without motion, stops the network, and an int8
# square root needs a runtime of 2025.
_ONLY_IN_FLOAT = ("DIV", "SQRT")
_PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# XNNPACK refuses a file in which a product is scaled by more when it is rounded.
_LARGEST_SCALE = 256


def convert_to_int8(converter: Any) -> bytes:
    """Convert to int8 with what does not bear it left in float; inputs and outputs are float.

    Args:
        converter: A `tf.lite.TFLiteConverter` with its representative data.

    Returns:
        Content of the file.
    """
    content = _convert(converter, ())
    dead = _dead_products(content)
    return _convert(converter, dead) if dead else content


def convert_whole(converter: Any) -> bytes:
    """Convert to int8 throughout, inputs included.

    Args:
        converter: See `convert_to_int8`.

    Raises:
        InputError: The network has operations or layers that would fail in int8.
    """
    content = bytes(converter.convert())
    found = {operation["op_name"] for operation in _operations(content)}
    if _dead_products(content) or found & set(_ONLY_IN_FLOAT):
        raise InputError(
            "This network divides, takes roots or has layers that gave nothing for the "
            "representative clips, which int8 cannot hold: leave --input-type out, and they stay "
            "in float."
        )
    return content


def _convert(converter: Any, nodes: Sequence[str]) -> bytes:
    import tensorflow as tf

    # The converter itself cannot leave operations out; its debugger, which is never run here, can.
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_ops=[*_BETTER_IN_FLOAT, *_ONLY_IN_FLOAT], denylisted_nodes=list(nodes) or None
    )
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=converter.representative_dataset, debug_options=options
    )
    return bytes(debugger.get_nondebug_quantized_model())


def _operations(content: bytes) -> list[dict[str, Any]]:
    return _interpreter(content)._get_ops_details()


def _interpreter(content: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    return Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )


def _dead_products(content: bytes) -> list[str]:
    """Names of layers that gave zero for all representative data, so that their scale is none."""
    interpreter = _interpreter(content)
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    names = []
    for operation in interpreter._get_ops_details():
        if operation["op_name"] not in _PRODUCTS:
            continue
        places = (*operation["inputs"][:2], operation["outputs"][0])
        scales = [tensors[place]["quantization_parameters"]["scales"] for place in places]
        if not all(len(scale) for scale in scales):
            continue
        taken, weights, given = scales
        if (taken[0] * weights / given[0]).max() >= _LARGEST_SCALE:
            names.append(tensors[places[2]]["name"])
    return names
