"""The flow of many clips at a time, by the layer: an accelerator is faster at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import SMALLEST_FLOW_SIZE
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.store.clip_maps import ClipMaps

_ON_ACCELERATOR = 64  # clips: beyond, reading the frames is all that takes time
# Keras takes seconds to load, so it is asked only where Linux has a device that it may see.
_DEVICES = ("nvidia[0-9]*", "kfd", "accel*", "dxg")


def batch_of_flow(given: int | None, how: Preparation) -> int:
    """How many clips have their flow computed at a time; 0: each where its frames are read.

    Args:
        given: What the user said; `None` is 64 where Keras computes on an accelerator, else 0.
        how: How the maps are made.

    Raises:
        InputError: There is no layer for this flow.
    """
    if how.flow_method != "ilk" or how.remove_global_motion:
        if given:
            raise InputError(
                "only the flow ilk can be computed in batches, and without --remove-global-motion: "
                "leave the batch out"
            )
        return 0
    if given is None:
        present = any(chain.from_iterable(map(Path("/dev").glob, _DEVICES)))
        return _ON_ACCELERATOR if present and _on_accelerator() else 0
    return given


def _on_accelerator() -> bool:
    from keras import ops

    return "cpu" not in str(ops.zeros(1).device).lower()


def add_flow(
    results: Iterable[tuple[int, ClipMaps | str]], how: Preparation, batch: int
) -> Iterator[tuple[int, ClipMaps | str]]:
    """The results of `maps_of_clip`, called with `pair=True`, with their flow."""
    from dfrnet_keras.models.frames_network import map_network

    network = map_network(["flow"], how, crop_size=max(how.size, SMALLEST_FLOW_SIZE))
    results = iter(results)
    while some := list(islice(results, batch)):
        made = [maps for _, maps in some if not isinstance(maps, str)]
        if made:
            onset, apex = np.stack([maps.pair for maps in made], axis=1)
            flows = network.predict_on_batch({"onset": onset, "apex": apex})["flow"]
            for maps, flow in zip(made, flows, strict=True):
                maps.arrays["flow"] = flow.astype(np.float16)
        yield from some
