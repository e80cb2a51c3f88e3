"""From a Keras 3 network to the bytes of a `.tflite` file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.models.inputs import arrange_inputs
from dfrnet_keras.tflite.conversion.description import complete_description
from dfrnet_keras.tflite.conversion.export import export, plain_names
from dfrnet_keras.tflite.conversion.float_front import split_front
from dfrnet_keras.tflite.conversion.join import join, needed_runtime
from dfrnet_keras.tflite.conversion.load_model import (
    gives_several,
    input_shapes,
    input_types,
    is_quantization_aware,
    load_model,
    number_of_classes,
    require_tensorflow,
)
from dfrnet_keras.tflite.conversion.partial_quantization import convert_to_int8, convert_whole
from dfrnet_keras.tflite.runtime.interpreter import OUTPUT
from dfrnet_keras.tflite.runtime.metadata import with_metadata

if TYPE_CHECKING:
    import keras

QUANTIZATIONS = ("none", "float16", "dynamic", "int8", "int16x8")
INPUT_TYPES = ("float32", "int8")
Maps = Mapping[str, NDArray]


def convert(
    model: keras.Model | str | os.PathLike[str],
    *,
    quantize: str = "none",
    representative_data: Iterable[Maps] | None = None,
    input_type: str = "float32",
    description: Mapping[str, Any] | None = None,
) -> bytes:
    """Convert a network to TFLite.

    The file takes raw features: normalisation is inside. With `"int8"` and float inputs, and with
    `"int16x8"`, it stays in float and the quantised network begins after it. Quantised before,
    the three channels of the flow would share one scale, and strain, a fiftieth of the largest
    displacement, would keep a handful of levels. With `"int8"` and float inputs, element-wise
    products, sums and the softmax stay in float too: convolutions take and give int8, and what
    lies between two of them is rounded once. A network that begins with `RelativeMotion` keeps that
    part in float as well.

    Args:
        model: A functional Keras 3 network with one output or a dictionary of outputs,
            `probabilities` among them, a tf_keras network that `compress(..., method="qat")`
            returned, the path of a `.keras` file, or a run folder that holds `model.keras`.
        quantize: `"none"` (float32), `"float16"` (half the size, weights alone), `"dynamic"`
            (int8 weights), `"int8"` (weights and what convolutions take and give), or `"int16x8"`
            (int16 activations, which have no fast kernel on most processors).
        representative_data: Dicts of input name to raw map `(1, H, W, channels)`, from the
            training store. `"int8"` and `"int16x8"` set their ranges by them; a network that was
            trained to be quantised has its ranges already.
        input_type: `"float32"`, or `"int8"` (with `quantize="int8"`): the caller quantises the raw
            maps by each input's scale and zero point. Less exact, see above.
        description: What to write into the file, see `description.complete_description`; that of
            the `.keras` file by default.

    Returns:
        Content of the `.tflite` file, metadata included.

    Raises:
        InputError: An argument is not among its choices, representative data are needed and
            missing, the file cannot be read, or the network has an operation that TFLite lacks.
    """
    _check(quantize, input_type)
    import tensorflow as tf

    if isinstance(model, (str, os.PathLike)):
        model, found = load_model(model)
        description = found if description is None else description
    trained_quantized = is_quantization_aware(model)
    if trained_quantized and (quantize, input_type) != ("int8", "float32"):
        raise InputError(
            "The network was trained to be quantised to int8 with float32 inputs: convert it with "
            "quantize='int8'."
        )
    needs_data = quantize in ("int8", "int16x8") and not trained_quantized
    samples = list(representative_data or ()) if needs_data else []
    if needs_data and not samples:
        raise InputError(
            f"quantize={quantize!r} sets its ranges by real features: give representative_data "
            "(--store) from the store that the network was trained on."
        )
    shapes = input_shapes(model)
    _check_samples(samples, shapes)
    core, front = model, None
    halves = split_front(model) if needs_data and input_type == "float32" else None
    if halves is not None:
        front, core = halves
        samples = [dict(front(arrange_inputs(front, maps))) for maps in samples]

    def run(converter: Any) -> bytes:
        _set(converter, quantize, input_type)
        if needs_data:
            converter.representative_dataset = lambda: _with_plain_names(samples, core)
        elif trained_quantized:  # the ranges are in the graph, which also holds float operations
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if needs_data and quantize == "int8":
            return (convert_whole if input_type == "int8" else convert_to_int8)(converter)
        return bytes(converter.convert())

    content = export(core, output=None if gives_several(core) else OUTPUT, run=run)
    if front is not None:
        content = join(export(front), content)
    about = complete_description(
        description,
        inputs=shapes,
        classes=number_of_classes(model),
        quantize=quantize,
        input_type=input_type,
        quantization_aware=trained_quantized,
        representative_clips=len(samples),
    )
    for name, kind in input_types(model).items():
        if kind != np.float32:
            about["inputs"][name]["dtype"] = kind.name
    return with_metadata(content, about)


def minimal_runtime(tflite: bytes) -> str:
    """The TensorFlow release, such as `"2.17.0"`, whose runtime first had all its operations.

    The converter writes it into each file.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    return needed_runtime(flatbuffer_utils.read_model_from_bytearray(bytearray(tflite)))[0]


def _check(quantize: str, input_type: str) -> None:
    check_choice("quantize", quantize, QUANTIZATIONS)
    check_choice("input_type", input_type, INPUT_TYPES)
    if input_type == "int8" and quantize != "int8":
        raise InputError(f"input_type 'int8' goes with quantize='int8', not {quantize!r}.")
    require_tensorflow("Conversion")


def _check_samples(samples: list[Maps], shapes: Mapping[str, tuple[int, ...]]) -> None:
    for sample in samples:
        found = {name: tuple(np.shape(values)) for name, values in sample.items()}
        if found != dict(shapes):
            raise InputError(
                f"representative_data holds {found}, but the network takes {dict(shapes)}: "
                "give maps from a store that fits the network."
            )


def _with_plain_names(samples: list[Maps], model: Any) -> Iterator[dict[str, NDArray]]:
    types = input_types(model)
    plain = plain_names(types)
    for maps in samples:
        yield {plain[name]: np.asarray(maps[name], kind) for name, kind in types.items()}


def _set(converter: Any, quantize: str, input_type: str) -> None:
    import tensorflow as tf

    operations = tf.lite.OpsSet
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantize == "int8":
        converter.target_spec.supported_ops = [operations.TFLITE_BUILTINS_INT8]
    elif quantize == "int16x8":
        converter.target_spec.supported_ops = [
            operations.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
    if input_type == "int8":
        converter.inference_input_type = tf.int8
