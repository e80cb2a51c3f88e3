"""Benchmarking the Keras network that a `.tflite` file was made of beside the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.models.inputs import arrange_inputs
from dfrnet_keras.startup import limit_threads
from dfrnet_keras.tflite.conversion.agreement import verify
from dfrnet_keras.tflite.conversion.frames_check import drawn_crops
from dfrnet_keras.tflite.conversion.load_model import input_shapes, load_model, require_tensorflow
from dfrnet_keras.tflite.conversion.training_store import (
    open_training_store,
    sample_rows,
    store_maps,
)

CLIPS = 200


def keras_calls(
    model: str | os.PathLike[str], *, threads: int = 1
) -> dict[str, Callable[[], object]]:
    """Three ways to run a Keras network on one clip: `predict`, a call, a `tf.function`.

    Args:
        model: A `.keras` file or a run folder.
        threads: For TensorFlow; used only where it has not computed anything yet.
    """
    require_tensorflow("A comparison of times")
    limit_threads(threads)
    import keras
    import tensorflow as tf

    network, _ = load_model(model)
    clip = _noise(network)
    tensors = keras.tree.map_structure(tf.constant, clip)
    return {
        "Keras predict": lambda: network.predict(clip, verbose=0),
        "Keras call": lambda: np.asarray(network(tensors, training=False)),
        "Keras tf.function": compiled_call(network),
    }


def compiled_call(network: Any) -> Callable[[], object]:
    """A `tf.function` of a Keras network, called on one clip of noise."""
    import keras
    import tensorflow as tf

    tensors = keras.tree.map_structure(tf.constant, _noise(network))
    compiled = tf.function(lambda inputs: network(inputs, training=False))
    return lambda: np.asarray(compiled(tensors))


def _noise(network: Any) -> Any:
    noise = np.random.default_rng(0)
    maps = {name: noise.random(shape, np.float32) for name, shape in input_shapes(network).items()}
    return arrange_inputs(network, maps)


def compare_with_keras(
    model: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
    store: str | os.PathLike[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Compare `.tflite` files with the Keras network on real features.

    Args:
        model: A `.keras` file or a run folder.
        files: The files.
        store: A store to take clips from; by default the training store where it is here, else
            synthetic clips are rendered.

    Returns:
        File to the figures of an `Agreement`, with `"source"`.
    """
    network, description = load_model(model)
    shapes = input_shapes(network)
    found = open_training_store(model, description, shapes, store)
    data: Any
    if found is None:
        data, source = list(_synthetic(shapes)), "synthetic clips"
    else:
        data, source = list(store_maps(found, shapes, sample_rows(found, CLIPS))), str(found.path)
    return {
        str(file): {**verify(network, os.fspath(file), data).as_dict(), "source": source}
        for file in files
    }


def _synthetic(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[dict[str, NDArray]]:
    from dfrnet_keras.features import extract_features

    size = next(iter(shapes.values()))[1]
    for pair in drawn_crops(24, 256):
        features = extract_features(pair, apex=1, size=size, flow_method="dis")
        yield {name: getattr(features, name)[None].astype(np.float32) for name in shapes}
