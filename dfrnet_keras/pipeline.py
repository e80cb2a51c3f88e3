"""From the arrays of a store to augmented batches, with TensorFlow or without."""

from __future__ import annotations

import itertools
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dfrnet_keras.errors import InputError, check_choice

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

FLOW_RANGES = ("pixels", "bytes")


def make_dataset(
    features: Mapping[str, NDArray],
    labels: ArrayLike | None = None,
    *,
    batch_size: int = 32,
    shuffle: bool | None = None,
    augment: bool = False,
    flow_range: str = "pixels",
    seed: int | None = None,
) -> tf.data.Dataset:
    """Batches of feature maps as a `tf.data.Dataset`, for one pass or for many.

    With `augment` half of the clips, drawn anew in every pass, are mirrored (the width reversed
    and u negated), and each is cropped at random: moved by up to `size / 28` pixels, rounded up,
    up or down and left or right, its border repeated where nothing is left. All maps of a clip
    are mirrored and moved alike.

    Every pass over the dataset is shuffled and augmented differently. Two datasets made with the
    same arguments and seed yield the same passes, and so does `make_batches`.

    Args:
        features: Name to array `(n, H, W, channels)` of any number type, memory-mapped or not;
            `"flow"` holds u in its first channel.
        labels: Class numbers `(n,)`, or `None` for batches without labels.
        batch_size: Number of clips in a batch; the last batch holds what is left.
        shuffle: Whether each pass has another order; by default whatever `augment` is.
        augment: Whether to mirror and crop.
        flow_range: `"pixels"`: the mirror of u is -u; `"bytes"`: it is 255 - u.
        seed: Fixes shuffling and augmentation; `None` draws one.

    Returns:
        A dataset of `(maps, labels)`, or of `maps` alone: a dict of float32 tensors
        `(batch, H, W, channels)` in the range of the arrays, and int64 labels `(batch,)`.

    Raises:
        InputError: The arrays are not maps of one size, or an argument is out of range.
    """
    import tensorflow as tf

    plan = BatchPlan(features, labels, batch_size, shuffle, augment, flow_range, seed)
    names = list(plan.features)
    kinds = [tf.float32] * len(names) + ([] if plan.labels is None else [tf.int64])
    passes = itertools.count()

    def order() -> Iterator[tuple[int, int, NDArray[np.int64]]]:
        epoch = next(passes)  # called once per pass: this is how a pass knows its number
        for number, rows in enumerate(plan.rows(epoch)):
            yield epoch, number, rows

    def gather(epoch: NDArray, number: NDArray, rows: NDArray) -> list[NDArray]:
        arrays = list(plan.maps(int(epoch), int(number), rows).values())
        return arrays if plan.labels is None else [*arrays, plan.labels[rows]]

    def load(epoch: Any, number: Any, rows: Any) -> Any:
        tensors = tf.numpy_function(gather, [epoch, number, rows], kinds, stateful=False)
        maps = {}
        for name, tensor in zip(names, tensors, strict=False):
            tensor.set_shape((None, *plan.features[name].shape[1:]))
            maps[name] = tensor
        if plan.labels is None:
            return maps
        tensors[-1].set_shape((None,))
        return maps, tensors[-1]

    # Only row numbers go through TensorFlow's queue. The batches are gathered by NumPy, which lets
    # go of the interpreter lock while it copies, so several are made at once.
    scalar = tf.TensorSpec((), tf.int64)
    dataset = tf.data.Dataset.from_generator(
        order, output_signature=(scalar, scalar, tf.TensorSpec((None,), tf.int64))
    )
    workers = min(4, os.cpu_count() or 1)
    dataset = dataset.map(load, num_parallel_calls=workers, deterministic=True)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(plan)))
    # There is nothing to optimise in two steps; looking for it takes longer than a pass over
    # small maps, and the tuner starts each pass with one worker.
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    return dataset.prefetch(2).with_options(options)


def make_batches(
    features: Mapping[str, NDArray],
    labels: ArrayLike | None = None,
    *,
    batch_size: int = 32,
    shuffle: bool | None = None,
    augment: bool = False,
    flow_range: str = "pixels",
    seed: int | None = None,
) -> keras.utils.PyDataset:
    """The batches of `make_dataset` as NumPy arrays, for any Keras backend.

    Args:
        features: See `make_dataset`, as for all other arguments.
        labels: Class numbers `(n,)`, or `None` for batches without labels.
        batch_size: Number of clips in a batch.
        shuffle: Whether each pass has another order.
        augment: Whether to mirror and crop.
        flow_range: `"pixels"` or `"bytes"`.
        seed: Fixes shuffling and augmentation.

    Returns:
        A `keras.utils.PyDataset` for `fit`, `evaluate` and `predict`, which can also be iterated
        over; each iteration is another pass. `fit` is to be called with `shuffle=False`, or it
        shuffles the batches once more.

    Raises:
        InputError: See `make_dataset`.
    """
    import keras

    plan = BatchPlan(features, labels, batch_size, shuffle, augment, flow_range, seed)

    class Batches(keras.utils.PyDataset):
        def __init__(self) -> None:
            super().__init__()
            self._epoch = 0
            self._rows = plan.rows(0)

        def __len__(self) -> int:
            return len(plan)

        def __getitem__(self, number: int) -> Any:
            return self._batch(self._epoch, number, self._rows[number])

        def on_epoch_end(self) -> None:
            self._epoch += 1
            self._rows = plan.rows(self._epoch)

        def __iter__(self) -> Iterator[Any]:
            epoch, batches = self._epoch, self._rows
            # Counted at the start, so that a pass broken off is not repeated.
            self.on_epoch_end()
            for number, rows in enumerate(batches):
                yield self._batch(epoch, number, rows)

        def _batch(self, epoch: int, number: int, rows: NDArray) -> Any:
            maps = plan.maps(epoch, number, rows)
            return maps if plan.labels is None else (maps, plan.labels[rows])

    return Batches()


class BatchPlan:
    """What each batch of each pass holds: a function of the seed alone.

    Args:
        features, labels, batch_size, shuffle, augment, flow_range, seed: See `make_dataset`.
    """

    def __init__(
        self,
        features: Mapping[str, NDArray],
        labels: ArrayLike | None,
        batch_size: int = 32,
        shuffle: bool | None = None,
        augment: bool = False,
        flow_range: str = "pixels",
        seed: int | None = None,
    ) -> None:
        self.features = dict(features)
        self.count, self.size = _check_features(self.features)
        self.labels = None if labels is None else np.asarray(labels)
        if self.labels is not None:
            if self.labels.shape != (self.count,) or self.labels.dtype.kind not in "iu":
                raise InputError(
                    f"labels is {self.labels.dtype} {self.labels.shape}: give one class number "
                    f"for each of the {self.count} clips"
                )
            self.labels = self.labels.astype(np.int64)
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}: give 1 or more")
        check_choice("flow_range", flow_range, FLOW_RANGES)
        if seed is not None and seed < 0:
            raise InputError(f"seed is {seed}: give 0 or more, or None")
        self.batch_size = batch_size
        self.shuffle = augment if shuffle is None else shuffle
        self.augment = augment
        self.flow_range = flow_range
        self.seed = secrets.randbits(63) if seed is None else int(seed)

    def __len__(self) -> int:
        return math.ceil(self.count / self.batch_size)

    def rows(self, epoch: int) -> list[NDArray[np.int64]]:
        """The clips of each batch of a pass."""
        rows = np.arange(self.count, dtype=np.int64)
        if self.shuffle:
            # 0 and 1 keep the draws of the order apart from those of the batches.
            np.random.default_rng([self.seed, 0, epoch]).shuffle(rows)
        return np.split(rows, range(self.batch_size, self.count, self.batch_size))

    def draws(
        self, epoch: int, number: int, count: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which clips of a batch are mirrored, `(count,)`, and how far down and to the right each
        is moved, `(count, 2)`.
        """
        rng = np.random.default_rng([self.seed, 1, epoch, number])
        mirrored = rng.random(count) < 0.5
        reach = max(math.ceil(length / 28) for length in self.size)
        return mirrored, rng.integers(-reach, reach, size=(count, 2), endpoint=True)

    def maps(
        self, epoch: int, number: int, indexes: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float32]]:
        """The maps of one batch."""
        if not self.augment:
            return {name: maps[indexes].astype(np.float32) for name, maps in self.features.items()}
        mirrored, moves = self.draws(epoch, number, len(indexes))
        maps = {
            name: _place(array, indexes, mirrored, moves) for name, array in self.features.items()
        }
        if "flow" in maps:
            u = maps["flow"][..., 0]
            if self.flow_range == "bytes":
                u[mirrored] = 255 - u[mirrored]
            else:
                u[mirrored] *= -1
        return maps


def _check_features(features: Mapping[str, NDArray]) -> tuple[int, tuple[int, int]]:
    """The number of clips and the height and width that all maps share."""
    if not features:
        raise InputError("features is empty: give at least one array of maps")
    sizes = {}
    for name, array in features.items():
        if array.ndim != 4 or 0 in array.shape:
            raise InputError(
                f"{name} has the shape {array.shape}: give (clips, height, width, channels)"
            )
        sizes[name] = array.shape[:3]
    if len(set(sizes.values())) > 1:
        raise InputError(f"The maps differ in number or size, {sizes}: give maps of one size")
    count, height, width = next(iter(sizes.values()))
    return count, (height, width)


def _place(
    array: NDArray, indexes: NDArray, mirrored: NDArray[np.bool_], moves: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Copy maps, mirrored and moved, borders repeated; cast on the way, in a single pass."""
    height, width = array.shape[1:3]
    out = np.empty((len(indexes), *array.shape[1:]), np.float32)
    for target, index, mirror, (down, right) in zip(
        out, indexes, mirrored, moves.tolist(), strict=True
    ):
        source = array[index, :, ::-1] if mirror else array[index]
        top, bottom = max(down, 0), height + min(down, 0)
        left, end = max(right, 0), width + min(right, 0)
        target[top:bottom, left:end] = source[
            top - down : bottom - down, left - right : end - right
        ]
        # Columns first: the rows copied afterwards then hold their corners too.
        target[top:bottom, :left] = target[top:bottom, left : left + 1]
        target[top:bottom, end:] = target[top:bottom, end - 1 : end]
        target[:top] = target[top]
        target[bottom:] = target[bottom - 1]
    return out
