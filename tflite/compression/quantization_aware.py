"""Quantisation-aware training of a tf_keras copy: what TFMOT does not know of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras
from numpy.typing import NDArray
from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
    default_8bit_quantize_configs as configs,
)
from tf_keras import layers as stock

from dfrnet_keras.errors import InputError
from dfrnet_keras.tflite.compression import tf_keras_layers
from dfrnet_keras.tflite.conversion.load_model import normalize

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore
    from dfrnet_keras.tflite.compression.tf_keras_copy import TfKerasCopy

_BATCHES = 8


def quantized(copy: TfKerasCopy, ranges: Mapping[str, tuple[float, float]]) -> Any:
    """Add fake quantisation to a copy, its ranges set by what the float layers give.

    TFMOT starts every range at -6..6 and moves it by a thousandth a step: a fine-tuning of some
    hundred steps would end with most of these ranges as they were.

    Args:
        copy: The float network.
        ranges: What `output_ranges` gave.

    Returns:
        A tf_keras network to fine-tune.

    Raises:
        InputError: TFMOT cannot quantise one of its layers.
    """

    def wrap(layer: Any) -> Any:
        if isinstance(layer, stock.InputLayer):
            return layer
        return tfmot.quantization.keras.quantize_annotate_layer(layer, _quantization_of(layer))

    with tfmot.quantization.keras.quantize_scope():
        try:
            network = tfmot.quantization.keras.quantize_apply(copy.wrapped(wrap))
        except (RuntimeError, ValueError) as error:  # a layer or an activation of a layer
            raise InputError(
                f"{copy.network.name} cannot be trained to be quantised "
                f"({str(error).splitlines()[0][:200]}): convert it with --quantize int8 instead."
            ) from error
    for layer in network.layers:
        if isinstance(getattr(layer, "layer", None), stock.BatchNormalization):
            # Its statistics are those of all clips; a few batches would only blur them.
            layer.trainable = False
        name = layer.name.removeprefix("quant_")
        if type(layer).__name__ == "QuantizeLayer":
            name = layer.input.name.split(":")[0]
        if name not in ranges:
            continue
        for weight in layer.weights:
            kind, _, end = weight.name.split("/")[-1].split(":")[0].rpartition("_")
            if end in ("min", "max") and not kind.startswith(("kernel", "depthwise", "pre_act")):
                weight.assign(ranges[name][end == "max"])
    return network


def output_ranges(
    copy: TfKerasCopy,
    store: FeatureStore,
    clips: NDArray,
    statistics: Mapping[str, tuple[NDArray, NDArray]],
) -> dict[str, tuple[float, float]]:
    """The range of what each layer gives on real features.

    Args:
        copy: The float network, which takes normalised maps.
        store: The features.
        clips: Which of its rows may be looked at.
        statistics: Input name to mean and standard deviation, of the inputs that are normalised.

    Returns:
        Name of a layer or input to the smallest and largest value, means over batches; zero lies
        within.
    """
    outputs = {
        layer.name: layer.output
        for layer in copy.network.layers
        if not isinstance(layer.output, list)
    }
    probe = tf_keras.Model(copy.network.inputs, outputs)
    names = list(copy.network.input_names)

    @tf.function
    def extremes(maps: list[Any]) -> dict[str, Any]:
        found = probe(maps, training=False)
        return {
            name: tf.stack([tf.reduce_min(value), tf.reduce_max(value)])
            for name, value in found.items()
        }

    rows = np.random.default_rng(0).permutation(clips)
    size = max(1, min(8, len(rows) // _BATCHES))
    seen: dict[str, list[Any]] = {name: [] for name in outputs}
    for k in range(min(_BATCHES, len(rows) // size)):
        some = rows[k * size : (k + 1) * size]
        maps = normalize({name: store.arrays[name][some] for name in names}, statistics)
        for name, pair in extremes([maps[name] for name in names]).items():
            seen[name].append(pair.numpy())
    means = {name: np.mean(pairs, axis=0) for name, pairs in seen.items()}
    return {
        name: (min(float(low), 0.0), max(float(high), 1e-3)) for name, (low, high) in means.items()
    }


@tf_keras.utils.register_keras_serializable(package="dfrnet_keras")
class FixedSigmoid(configs.Default8BitOutputQuantizeConfig):
    """TFLite's int8 sigmoid gives steps of 1/256 from 0 on, whatever was learned."""

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        fixed = tfmot.quantization.keras.quantizers.FixedQuantizer
        return [fixed(num_bits=8, init_min=0.0, init_max=255 / 256, narrow_range=False)]


def _quantization_of(layer: Any) -> Any:
    """The quantisation of a layer that TFMOT does not know; `None` for those that it knows."""
    if isinstance(layer, stock.Activation) and layer.activation is tf_keras.activations.sigmoid:
        return FixedSigmoid()
    picks = isinstance(layer, tf_keras_layers.Reduce) and layer.how == "max"
    if picks or isinstance(layer, (tf_keras_layers.Pad, stock.GlobalMaxPooling2D)):
        return configs.NoOpQuantizeConfig()  # the values are some of the input's, quantised already
    if isinstance(layer, stock.BatchNormalization):
        # TFMOT merges it with a convolution right before it, and knows no other.
        before = layer.inbound_nodes[0].inbound_layers
        if isinstance(before, stock.Conv2D) and before.activation.__name__ == "linear":
            return None
    own = (stock.BatchNormalization, stock.Multiply, tf_keras_layers.Reduce)
    return configs.Default8BitOutputQuantizeConfig() if isinstance(layer, own) else None
