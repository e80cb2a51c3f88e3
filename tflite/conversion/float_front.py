"""The part of a network before the first convolution that stays in float when the rest is int8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfrnet_keras.models.inputs import input_names
from dfrnet_keras.tflite.conversion.load_model import gives_several, without_normalization

if TYPE_CHECKING:
    import keras

MOTION = "motion"


def split_front(model: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """Cut a network after its `RelativeMotion` layer, else after the normalisation of its inputs.

    Quantised before, u, v and strain would share one scale, and what is left of a small movement
    after the common motion is taken away would be a few levels of it.

    Args:
        model: A functional Keras 3 network.

    Returns:
        The network from its inputs to a dictionary of maps, and the one from these to its output,
        their layers shared; `None` where it has neither.
    """
    import keras

    from dfrnet_keras.layers import MotionStrength, RelativeMotion
    from dfrnet_keras.models import normalization_layers

    kinds = {MOTION: RelativeMotion, "strength": MotionStrength}
    found = {
        name: [layer.output for layer in model.layers if isinstance(layer, kind)]
        for name, kind in kinds.items()
    }
    if len(found[MOTION]) == 1 and len(model.inputs) == 1:
        cut = {name: tensors[0] for name, tensors in found.items() if tensors}
        entries = {name: keras.Input(tensor.shape[1:], name=name) for name, tensor in cut.items()}
        rest = keras.Model(
            list(cut.values()), model.output if gives_several(model) else model.outputs[0]
        )
        front = keras.Model(model.input, cut, name=f"{model.name}_front")
        return front, keras.Model(entries, rest(list(entries.values())), name=model.name)
    layers = normalization_layers(model)
    if not layers:
        return None
    maps = dict(zip(input_names(model), model.inputs, strict=True))
    normalized = {name: layer.output for name, layer in layers.items()}
    front = keras.Model(maps, {**maps, **normalized}, name=f"{model.name}_front")
    return front, without_normalization(model)[0]
