"""Small stores with the maps that a test asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dfrnet_keras.datasets import MEGC2019_CLASSES
from dfrnet_keras.store import FeatureStore, StoredClip
from dfrnet_keras.store.files import write_index


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., FeatureStore]:
    """Makes a store of noise: people of SMIC and SAMM in turn, one clip of each class."""

    def make(views: str, *, subjects: int = 6, size: int = 16) -> FeatureStore:
        folder = tmp_path / f"store-{views}"
        folder.mkdir()
        rows = [
            StoredClip(("smic", "samm")[number % 2], f"s{number}", f"c{label}", label, None)
            for number in range(subjects)
            for label in range(3)
        ]
        random = np.random.default_rng(0)
        for letter, name, channels in (("T", "flow", 3), ("S", "apex", 3), ("D", "difference", 1)):
            if letter in views:
                maps = random.integers(0, 256, (len(rows), size, size, channels), np.uint8)
                np.save(folder / f"{name}.npy", maps)
        settings = {"version": "0", "size": size, "flow_range": "bytes"}
        write_index(folder, rows, classes=MEGC2019_CLASSES, settings=settings, source="made")
        return FeatureStore.open(folder)

    return make
