"""Fine-tune a network smaller or coarser with TensorFlow Model Optimization.

On a device, quantisation-aware training brings the answers of the int8 network nearer to those of
the float one. Pruning and clustering make the *zipped* file small; the network runs as many
operations as before and is no faster.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.tflite.conversion.load_model import (
    input_shapes,
    normalize,
    require_tensorflow,
    without_normalization,
)
from dfrnet_keras.tflite.conversion.training_store import check_store

if TYPE_CHECKING:
    import keras

    from dfrnet_keras.evaluation.folds import Fold
    from dfrnet_keras.store import FeatureStore

# Method -> epochs and learning rate. What is quantised or clustered is near the network that it
# came from and is to stay there; a pruned one has lost most of its weights and must learn again.
FINE_TUNING = {"qat": (5, 1e-5), "prune": (10, 1e-4), "cluster": (5, 1e-5)}
# Smaller kernels are next to nothing of the file, and attention depends on them.
_SMALLEST_KERNEL = 1000


def compress(
    model: keras.Model,
    store: FeatureStore,
    *,
    method: str,
    epochs: int | None = None,
    learning_rate: float | None = None,
    batch_size: int = 32,
    sparsity: float = 0.8,
    clusters: int = 16,
    seed: int = 0,
    verbose: int = 0,
) -> Any:
    """Fine-tune a network for a smaller file; the network given is left as it is.

    The first call in a process makes `tf.keras` mean tf_keras, as TensorFlow Model Optimization
    needs it.

    Args:
        model: A functional Keras 3 network of stock layers, of the layers of this package, or of
            layers whose `call` is made of these and of plain `keras.ops`.
        store: The features to fine-tune on; some subjects are held out, see `fine_tuning_fold`.
        method: `"qat"` (quantised to int8, the network learns to answer as it did in float: its
            own probabilities are the targets, not the labels, which would make it another network
            and not a more exact one), `"prune"` (the smallest
            weights become zero) or `"cluster"` (weights of a layer share a few values).
        epochs: Passes over the clips; the method's own of `FINE_TUNING` by default.
        learning_rate: Of Adam; likewise.
        batch_size: Clips a step.
        sparsity: With `"prune"`, the share of zeros in each large kernel at the end; it rises along
            a cubic schedule over the first three quarters of the steps.
        clusters: With `"cluster"`, how many values a large kernel has.
        seed: Of the held-out subjects, order and augmentation.
        verbose: As in Keras' `fit`.

    Returns:
        With `"prune"` and `"cluster"` a Keras 3 network like the one given. With `"qat"` a tf_keras
        network that takes raw maps and holds the ranges it learned: `convert(it,
        quantize="int8")` needs no representative data.

    Raises:
        InputError: An argument is out of range, the store does not fit, or the network has a layer
            without a counterpart in tf_keras.
    """
    epochs, learning_rate = fine_tuning(method, epochs, learning_rate)
    _check(epochs, learning_rate, batch_size, sparsity, clusters)
    check_store(store, input_shapes(model))
    require_tensorflow("Compression")
    import keras

    from dfrnet_keras.tflite.compression.quantization_aware import output_ranges, quantized
    from dfrnet_keras.tflite.compression.tf_keras_copy import TfKerasCopy, tfmot

    result = keras.models.clone_model(model)
    result.set_weights(model.get_weights())
    core, statistics = without_normalization(result)
    copy = TfKerasCopy(core)
    fold = fine_tuning_fold(store, seed)
    batches = _batches(store, fold, statistics, list(copy.network.input_names), batch_size, seed)
    if method == "qat":
        network = quantized(copy, output_ranges(copy, store, fold.train, statistics))
        batches = batches.map(lambda maps, _: (maps, _probabilities(copy.network, maps)))
        _fine_tune(network, batches, method, epochs, learning_rate, verbose)
        return _with_raw_inputs(network, statistics)
    if method == "prune":
        steps = math.ceil(len(fold.train) / batch_size) * epochs
        make = _pruned(sparsity, steps)
        strip = tfmot.sparsity.keras.strip_pruning
    else:
        make = _clustered(clusters)
        strip = tfmot.clustering.keras.strip_clustering
    network = copy.wrapped(lambda layer: make(layer) if _is_large(layer) else layer)
    _fine_tune(network, batches, method, epochs, learning_rate, verbose)
    copy.return_weights(strip(network))
    return result


def fine_tuning_fold(store: FeatureStore, seed: int = 0) -> Fold:
    """The clips that `compress` trains on, and those of the subjects that it holds out."""
    from dfrnet_keras.evaluation.folds import all_subjects_fold

    return all_subjects_fold(store, validation="subjects", seed=seed)


def fine_tuning(
    method: str, epochs: int | None = None, learning_rate: float | None = None
) -> tuple[int, float]:
    """Epochs and learning rate of a method, its own where `None` is given."""
    check_choice("method", method, FINE_TUNING)
    own_epochs, own_rate = FINE_TUNING[method]
    return (
        own_epochs if epochs is None else epochs,
        own_rate if learning_rate is None else learning_rate,
    )


def _check(
    epochs: int, learning_rate: float, batch_size: int, sparsity: float, clusters: int
) -> None:
    if epochs < 1 or batch_size < 1 or not learning_rate > 0:
        raise InputError(
            f"epochs is {epochs}, batch_size {batch_size}, learning_rate {learning_rate}: "
            "give 1 or more, 1 or more, and above 0."
        )
    if not 0 < sparsity < 1:
        raise InputError(f"sparsity is {sparsity}: give a share between 0 and 1.")
    if clusters < 2:
        raise InputError(f"clusters is {clusters}: give 2 or more.")


def _pruned(sparsity: float, steps: int) -> Callable[[Any], Any]:
    import tensorflow_model_optimization as tfmot

    pruning = tfmot.sparsity.keras
    schedule = pruning.PolynomialDecay(
        initial_sparsity=0.0,
        final_sparsity=sparsity,
        begin_step=0,
        end_step=max(1, 3 * steps // 4),
        frequency=max(1, steps // 40),
    )
    return partial(pruning.prune_low_magnitude, pruning_schedule=schedule)


def _clustered(clusters: int) -> Callable[[Any], Any]:
    import tensorflow_model_optimization as tfmot

    clustering = tfmot.clustering.keras
    return partial(
        clustering.cluster_weights,
        number_of_clusters=clusters,
        cluster_centroids_init=clustering.CentroidInitialization.KMEANS_PLUS_PLUS,
    )


def _is_large(layer: Any) -> bool:
    from tf_keras import layers as stock

    kind = isinstance(layer, (stock.Conv2D, stock.Dense))
    if not kind or isinstance(layer, stock.DepthwiseConv2D):
        return False
    return math.prod(layer.kernel.shape) >= _SMALLEST_KERNEL


def _batches(
    store: FeatureStore,
    fold: Fold,
    statistics: Mapping[str, tuple[NDArray, NDArray]],
    names: list[str],
    batch_size: int,
    seed: int,
) -> Any:
    from dfrnet_keras.pipeline import make_dataset

    dataset = make_dataset(
        {name: store.arrays[name][fold.train] for name in names},
        store.labels[fold.train],
        batch_size=batch_size,
        shuffle=True,
        augment=True,
        flow_range=store.flow_range,
        seed=seed,
    )

    def normalized(maps: dict[str, Any], labels: Any) -> Any:
        maps = normalize(maps, statistics)
        return tuple(maps[name] for name in names), labels

    return dataset.map(normalized)


def _fine_tune(
    network: Any, batches: Any, method: str, epochs: int, learning_rate: float, verbose: int
) -> None:
    import tensorflow_model_optimization as tfmot
    import tf_keras

    losses = tf_keras.losses
    # Only quantisation-aware training has the network's own probabilities as targets.
    loss = (
        losses.CategoricalCrossentropy if method == "qat" else losses.SparseCategoricalCrossentropy
    )
    network.compile(
        optimizer=tf_keras.optimizers.Adam(learning_rate),
        loss=loss(from_logits=_gives_logits(network)),
    )
    callbacks = [tfmot.sparsity.keras.UpdatePruningStep()] if method == "prune" else []
    history = network.fit(batches, epochs=epochs, callbacks=callbacks, verbose=verbose)
    if not np.isfinite(history.history["loss"]).all():
        raise InputError("The fine-tuning failed: its loss is not finite; lower --learning-rate.")


def _gives_logits(network: Any) -> bool:
    last = network.layers[-1]
    activation = getattr(getattr(last, "layer", last), "activation", None)
    activation = getattr(activation, "activation", activation)
    return getattr(activation, "__name__", "") != "softmax"


def _probabilities(network: Any, maps: Any) -> Any:
    """What a float network answers to normalised maps, as targets for its quantised copy."""
    import tensorflow as tf

    answers = network(list(maps), training=False)
    return tf.nn.softmax(answers) if _gives_logits(network) else answers


def _with_raw_inputs(network: Any, statistics: Mapping[str, tuple[NDArray, NDArray]]) -> Any:
    import tf_keras

    inputs = {
        name: tf_keras.Input(tensor.shape[1:], name=name)
        for name, tensor in zip(network.input_names, network.inputs, strict=True)
    }
    normalized = dict(inputs)
    for name, (mean, deviation) in statistics.items():
        layer = tf_keras.layers.Normalization(mean=mean, variance=deviation**2)
        normalized[name] = layer(inputs[name])
    answers = network(list(normalized.values()))
    return tf_keras.Model(list(inputs.values()), answers, name=network.name)
