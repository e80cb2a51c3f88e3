"""The feature store: the maps of all clips of a dataset, computed once and read memory-mapped.

A store is a folder with one .npy file per array and `index.json`, which says whose maps they are,
how they were made and what their checksums are. A folder is written under another name and
renamed when it is whole, so a store that is there is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES, Clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.apex import BEST_SPOTTER
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.features.views import VIEW_OF_MAP
from dfrnet_keras.store.build import build_store, build_store_from_maps
from dfrnet_keras.store.files import (
    BUILD_AGAIN,
    StoredClip,
    file_sha256,
    open_arrays,
)


class FeatureStore:
    """Feature maps of many clips; made by `build`, `build_from_maps` or `open`.

    Attributes:
        path: The folder.
        rows: One `StoredClip` per clip.
        labels: Class numbers, int64 `(n,)`.
        classes: Names of the classes, in the order of their numbers.
        features: Which arrays are there: T (flow), S (apex) and D (difference), in that order.
        size: Width and height of the maps in pixels.
        flow_range: `"pixels"` where u and v are pixels, so a mirrored map has -u; `"bytes"` where
            each channel was scaled to 0..255, so a mirrored map has 255 - u.
        settings: How the maps were made, the package's version included.
        digest: SHA-256 of the content: arrays, rows, classes and settings, not the version.
        arrays: Read-only memory maps `(n, size, size, channels)`: `"flow"` (float16 pixels or
            uint8, 3 channels: u, v, strain), `"apex"` (uint8, RGB), `"difference"` (uint8, 1).
        skipped: `(key, reason)` of each clip that could not be used.
        source: SHA-256 of the clips and the sizes and times of their files.
    """

    def __init__(self, path: Path, index: Mapping[str, Any], arrays: dict[str, NDArray]) -> None:
        self.path = path
        self.rows = tuple(StoredClip.from_dict(row) for row in index["rows"])
        self.labels = np.array([row.label for row in self.rows], np.int64)
        self.classes = tuple(index["classes"])
        self.features = "".join(letter for name, letter in VIEW_OF_MAP.items() if name in arrays)
        self.size = int(index["size"])
        self.flow_range = str(index["flow_range"])
        self.settings: dict[str, Any] = dict(index["settings"])
        self.digest = str(index["digest"])
        self.arrays = arrays
        self.skipped = tuple((str(key), str(reason)) for key, reason in index["skipped"])
        self.source = str(index["source"])
        self._checksums = {name: about["sha256"] for name, about in index["arrays"].items()}

    @property
    def preparation(self) -> Preparation:
        """How the maps were made."""
        known = {"size": self.size, "flow_range": self.flow_range}
        return Preparation.from_settings(self.settings | known)

    def crop_of(self, row: StoredClip) -> str:
        """`"face"` or `"none"`: what the store decided for the dataset of a clip."""
        if self.preparation.crop != "auto":
            return self.preparation.crop
        return "none" if "already_cropped" in row.flags else "face"

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"FeatureStore({str(self.path)!r}, {len(self)} clips, {self.features}, {self.size})"

    @classmethod
    def build(
        cls,
        clips: Sequence[Clip],
        path: str | Path,
        *,
        size: int = 224,
        flow_method: str = "tvl1",
        strain_cross_term: bool = False,
        remove_global_motion: bool = False,
        crop: str = "auto",
        apex: str = "annotated",
        spotter: str = BEST_SPOTTER,
        face_finder: str = "cascades",
        classes: Sequence[str] = MEGC2019_CLASSES,
        jobs: int = 1,
        progress: Callable[[int, int], None] | None = None,
        overwrite: bool = False,
        flow_batch: int | None = None,
    ) -> FeatureStore:
        """Compute the maps of clips, or open the store where that was done before.

        A clip that cannot be used is skipped and listed in `skipped`. A build that is interrupted
        leaves its work in `<path>.partial` and goes on from there when called again.

        Args:
            clips: The clips.
            path: Folder to make.
            size: Width and height of the maps in pixels.
            flow_method: See `features.optical_flow`.
            strain_cross_term: See `features.optical_strain`.
            remove_global_motion: See `features.optical_flow`.
            crop: `"face"` finds the face in the onset frame and cuts it out of the clip, `"none"`
                uses frames whole. `"auto"` looks at a few clips of each dataset: where faces
                fill the frames, as in an edition that comes cropped, they are used whole.
            apex: `"annotated"`, or a method of `features.spot_apex` for every clip, annotated or
                not.
            spotter: The method for clips that nobody annotated, where `apex` is `"annotated"`.
            face_finder: See `features.find_face`.
            classes: Names of the classes, in the order of their numbers.
            jobs: Number of processes; -1 for one per processor.
            progress: Called with (clips done, clips in all) at the start and after each clip.
            overwrite: Replace a store that is there, whatever is in it.
            flow_batch: Clips whose flow ilk `layers.OpticalFlow` computes at a time; 0: each
                where its frames are read; `None`: 64 where Keras has an accelerator, else 0.

        Raises:
            InputError: No clip could be used, `path` holds something else or a store of other
                clips or settings, or it cannot be written.
        """
        preparation = Preparation(
            size,
            flow_method,
            strain_cross_term,
            remove_global_motion,
            crop,
            apex,
            spotter,
            face_finder=face_finder,
        )
        built = build_store(
            clips, path, preparation, classes, jobs, progress, overwrite, flow_batch
        )
        return cls.open(built)

    @classmethod
    def build_from_maps(
        cls,
        clips: Sequence[Clip],
        path: str | Path,
        *,
        classes: Sequence[str] = MEGC2019_CLASSES,
        progress: Callable[[int, int], None] | None = None,
        overwrite: bool = False,
    ) -> FeatureStore:
        """Store ready-made flow maps, or open the store where that was done before.

        Args:
            clips: Clips with one frame each: the picture of the map, square RGB, of one size.
            path: Folder to make.
            classes: Names of the classes, in the order of their numbers.
            progress: Called with (clips done, clips in all) at the start and after each clip.
            overwrite: Replace a store that is there, whatever is in it.

        Returns:
            The store, with flow alone, uint8, `flow_range` "bytes".

        Raises:
            InputError: A map cannot be read, is not square or differs in size from the first, or
                `path` is not usable, see `build`.
        """
        return cls.open(build_store_from_maps(clips, path, classes, progress, overwrite))

    @classmethod
    def open(cls, path: str | Path) -> FeatureStore:
        """Open a store. The index is checked in full, the arrays by type, shape and length.

        Args:
            path: The store's folder.

        Raises:
            InputError: It is not there, not whole, or not a store.
        """
        return cls(Path(path), *open_arrays(Path(path)))

    def verify(self) -> None:
        """Read every array and compare it with its checksum.

        Raises:
            InputError: An array has changed since the store was built.
        """
        for name, expected in self._checksums.items():
            if file_sha256(self.path / f"{name}.npy") != expected:
                raise InputError(
                    f"{self.path / f'{name}.npy'} has changed since it was written: {BUILD_AGAIN}"
                )

    def take(self, indexes: ArrayLike) -> dict[str, NDArray]:
        """Copy some rows into memory.

        Args:
            indexes: Row numbers, or a boolean mask of length n.

        Returns:
            Name to array `(len(indexes), size, size, channels)`, in the types of the store.
        """
        rows = np.asarray(indexes)
        rows = rows if rows.size else rows.astype(np.int64)
        return {name: np.array(array[rows]) for name, array in self.arrays.items()}
