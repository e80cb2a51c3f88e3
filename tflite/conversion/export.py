"""A network as the content of a `.tflite` file.

It is exported with a fixed batch of 1 and one signature with named inputs, so that the file holds
built-in operations alone and its inputs can be bound by name.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.inputs import arrange_inputs
from dfrnet_keras.startup import hidden_lines
from dfrnet_keras.tflite.conversion.load_model import input_types

# What the converter prints of its own settings whatever the log level.
_CONVERTER_LINES = ("fully_quantize: ",)


def export(
    model: Any,
    *,
    output: str | None = None,
    run: Callable[[Any], bytes] = lambda converter: converter.convert(),
) -> bytes:
    """Export a network.

    Args:
        model: A functional network, Keras 3 or tf_keras.
        output: What to call its one output; the outputs of a dictionary have their names.
        run: Sets a `tf.lite.TFLiteConverter` up and converts with it. The inputs of its
            representative data are named by `plain_names`.

    Returns:
        Content of the file, without metadata.

    Raises:
        InputError: The network has an operation that TFLite lacks.
    """
    import keras
    import tensorflow as tf

    types = input_types(model)
    plain = plain_names(types)
    signature = {
        plain[name]: tf.TensorSpec((1, *tensor.shape[1:]), types[name], name=plain[name])
        for name, tensor in zip(types, model.inputs, strict=True)
    }

    def answer(**maps: Any) -> dict[str, Any]:
        named = {name: maps[plain[name]] for name in plain}
        found = model(arrange_inputs(model, named), training=False)
        return found if output is None else {output: keras.tree.flatten(found)[0]}

    module = tf.Module()
    # A Keras 3 weight holds a TensorFlow variable, which is frozen only if it is found here.
    module.weights = [getattr(variable, "value", variable) for variable in model.variables]
    module.serve = tf.function(answer, autograph=False).get_concrete_function(**signature)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.serve)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        try:
            with warnings.catch_warnings(), hidden_lines(_CONVERTER_LINES):
                # Of TensorFlow's own interpreter, which the converter uses inside.
                warnings.simplefilter("ignore", UserWarning)
                content = bytes(run(converter))
        except InputError:
            raise
        except Exception as error:  # the converter raises types of its own
            unknown = re.findall(r"tf\.(\w+)", str(error))
            if not unknown and "custom op" not in str(error).lower():
                raise
            raise InputError(
                f"{model.name} uses {', '.join(sorted(set(unknown))) or 'a custom operation'}, "
                "which TFLite has no built-in operation for: express that layer in keras.ops that "
                "it has."
            ) from error
    return _with_inputs_named(content, {short: name for name, short in plain.items()})


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Input name to the one it has in TensorFlow, whose functions take Python names alone."""
    return {name: f"input_{number}" for number, name in enumerate(names)}


def _with_inputs_named(tflite: bytes, names: Mapping[str, str]) -> bytes:
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    for entry in model.signatureDefs[0].inputs:
        entry.name = names[entry.name.decode()].encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
