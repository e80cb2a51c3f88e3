"""The part of a network before the first convolution that stays in float when the rest is int8."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from dfrnet_keras.startup import hidden_lines

if TYPE_CHECKING:
    import keras

MOTION = "motion"
# What the converter prints of its own settings whatever the log level.
CONVERTER_LINES = ("fully_quantize: ",)


def split_motion(model: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """Cut a network after its `RelativeMotion` layer.

    Quantised before, u, v and strain would share one scale, and what is left of a small movement
    after the common motion is taken away would be a few levels of it.

    Args:
        model: A functional Keras 3 network.

    Returns:
        The network from its inputs to `motion`, and the one from `motion` to its output, their
        layers shared; `None` where it has no such layer.
    """
    import keras

    from dfrnet_keras.layers import RelativeMotion

    found = [layer for layer in model.layers if isinstance(layer, RelativeMotion)]
    if len(found) != 1 or len(model.inputs) != 1:
        return None
    motion = found[0].output
    entry = keras.Input(motion.shape[1:], name=MOTION)
    rest = keras.Model(motion, model.outputs[0])
    front = keras.Model(model.input, {MOTION: motion}, name=f"{model.name}_front")
    return front, keras.Model({MOTION: entry}, rest(entry), name=model.name)


def export_float(model: keras.Model) -> bytes:
    """A network with a dictionary of outputs as a float `.tflite` file with a batch of 1.

    Args:
        model: Its inputs bear names that Python can use, such as `flow` or `onset`.
    """
    import tensorflow as tf

    from dfrnet_keras.models.inputs import arrange_inputs, input_names

    names = input_names(model)
    signature = {
        name: tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, name=name)
        for name, tensor in zip(names, _in_order(model, names), strict=True)
    }
    module = tf.Module()
    module.weights = [getattr(variable, "value", variable) for variable in model.variables]
    module.serve = tf.function(
        lambda **maps: model(arrange_inputs(model, maps)), autograph=False
    ).get_concrete_function(**signature)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.serve)
        with hidden_lines(CONVERTER_LINES):
            return bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())


def _in_order(model: keras.Model, names: list[str]) -> list:
    structure = model.input
    return [structure[name] for name in names] if isinstance(structure, dict) else model.inputs
