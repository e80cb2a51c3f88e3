"""The Keras network that a `.tflite` file came from, in the same benchmark."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.tflite.conversion.agreement import verify
from dfrnet_keras.tflite.conversion.load_model import input_shapes, load
from dfrnet_keras.tflite.conversion.training_store import (
    check_store,
    find_training_store,
    sample_rows,
    store_maps,
)

CLIPS = 200


def keras_calls(
    model: str | os.PathLike[str], *, threads: int = 1
) -> dict[str, Callable[[], object]]:
    """Three ways to ask a Keras network for one clip: `predict`, a call, a `tf.function`.

    Args:
        model: A `.keras` file or a run folder.
        threads: For TensorFlow; heeded only where it has not computed anything yet.
    """
    from dfrnet_keras.startup import limit_threads

    limit_threads(threads)
    import tensorflow as tf

    network, _ = load(model)
    noise = np.random.default_rng(0)
    maps = {name: noise.random(shape, np.float32) for name, shape in input_shapes(network).items()}
    tensors = {name: tf.constant(array) for name, array in maps.items()}
    compiled = tf.function(lambda inputs: network(inputs, training=False))
    return {
        "Keras predict": lambda: network.predict(maps, verbose=0),
        "Keras call": lambda: np.asarray(network(tensors, training=False)),
        "Keras tf.function": lambda: np.asarray(compiled(tensors)),
    }


def compare_with_keras(
    model: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
    store: str | os.PathLike[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Hold `.tflite` files against the Keras network on real features.

    Args:
        model: A `.keras` file or a run folder.
        files: The files.
        store: A store to take clips from; by default the training store where it is here, else
            synthetic clips are rendered.

    Returns:
        File to the figures of an `Agreement`, with `"source"`.
    """
    from dfrnet_keras.store import FeatureStore

    network, description = load(model)
    shapes = input_shapes(network)
    found = (
        find_training_store(model, description) if store is None else FeatureStore.open(str(store))
    )
    data: Any
    if found is None:
        data, source = _synthetic(shapes), "synthetic clips"
    else:
        check_store(found, shapes, description.get("flow_range"))
        data, source = list(store_maps(found, shapes, sample_rows(found, CLIPS))), str(found.path)
    return {
        str(file): {**verify(network, os.fspath(file), data).as_dict(), "source": source}
        for file in files
    }


def _synthetic(shapes: Mapping[str, tuple[int, ...]]) -> list[dict[str, NDArray]]:
    from dfrnet_keras.datasets.synthetic import synthesize_clips
    from dfrnet_keras.features import extract_features

    size = next(iter(shapes.values()))[1]
    clips = []
    for _, clip in synthesize_clips(subjects=6, clips_per_subject=4):
        features = extract_features(
            clip.frames, onset=clip.onset, apex=clip.apex, size=size, flow_method="dis"
        )
        clips.append({name: getattr(features, name)[None].astype(np.float32) for name in shapes})
    return clips
