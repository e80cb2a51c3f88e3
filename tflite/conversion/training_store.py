"""The store that a network was trained on: finding, checking and sampling it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore

_LOG = logging.getLogger(__name__)


def find_training_store(
    model: str | os.PathLike[str], description: Mapping[str, Any]
) -> FeatureStore | None:
    """Find the store that a network was trained on.

    Args:
        model: A run folder, or a file in one: the run's settings name the store.
        description: That of the network, with the digest of the store: one with that digest is
            looked for among the prepared stores.
    """
    from dfrnet_keras.store import FeatureStore, default_path

    digest = description.get("store", {}).get("digest")
    run = Path(model) if Path(model).is_dir() else Path(model).parent
    candidates: list[Path] = []
    if (run / "settings.json").is_file():
        try:
            settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
            candidates.append(Path(settings["store"]["path"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass  # a folder of something else
    candidates += sorted(path.parent for path in default_path("any").parent.glob("*/index.json"))
    for path in candidates:
        try:
            store = FeatureStore.open(path)
        except InputError:
            continue  # moved or damaged: it cannot be the one
        if digest is not None and store.digest == digest:
            return store
    return None


def open_training_store(
    model: str | os.PathLike[str],
    description: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    path: str | os.PathLike[str] | None = None,
) -> FeatureStore | None:
    """Open the store that was given, else the one that is found, if it fits the network.

    A store that fits but is not the one of the training is used with a warning in the log.

    Args:
        model: See `find_training_store`.
        description: Likewise.
        shapes: See `check_store`.
        path: The store that the user gave.

    Returns:
        The store; `None` where none was given and none is found.

    Raises:
        InputError: It cannot be opened or does not fit, see `check_store`.
    """
    from dfrnet_keras.store import FeatureStore

    store = (
        find_training_store(model, description) if path is None else FeatureStore.open(Path(path))
    )
    if store is not None:
        check_store(store, shapes, description.get("flow_range"))
        if description.get("store", {}).get("digest") not in (None, store.digest):
            _LOG.warning("Warning: %s is not the store of the training.", store.path)
    return store


def check_store(
    store: FeatureStore, shapes: Mapping[str, tuple[int, ...]], flow_range: str | None = None
) -> None:
    """Refuse a store that a network cannot take its maps from.

    Args:
        store: The store.
        shapes: Input name to shape `(1, H, W, channels)` of the network.
        flow_range: That of the store which the network was trained on, if known.

    Raises:
        InputError: The store lacks a map, or has maps of another size, channels or range.
    """
    fault = ""
    for name, shape in shapes.items():
        if name not in store.arrays:
            fault = f"has no {name}, which the network takes"
        elif store.arrays[name].shape[1:] != tuple(shape[1:]):
            found = store.arrays[name].shape[1:]
            fault = f"holds {name} of {found}, but the network takes {tuple(shape[1:])}"
    if not fault and flow_range not in (None, store.flow_range) and "flow" in shapes:
        fault = f"holds flow in {store.flow_range}, but the network was trained on {flow_range}"
    if fault:
        raise InputError(f"{store.path} {fault}: give the store that it was trained on.")


def store_maps(
    store: FeatureStore, names: Iterable[str], rows: NDArray
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Maps of some rows of a store, one clip at a time, `(1, H, W, channels)`."""
    names = list(names)
    for row in rows:
        yield {name: store.arrays[name][[row]].astype(np.float32) for name in names}


def sample_rows(store: FeatureStore, count: int, seed: int = 0) -> NDArray[np.int64]:
    """At most so many rows of a store, drawn at random, each class in its share."""
    shuffled = np.random.default_rng(seed).permutation(len(store))
    by_class = shuffled[np.argsort(store.labels[shuffled], kind="stable")]
    if count >= len(store):
        return np.sort(by_class)
    return np.sort(by_class[np.linspace(0, len(store) - 1, count).round().astype(np.int64)])
