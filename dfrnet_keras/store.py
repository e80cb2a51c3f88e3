"""The feature store: the maps of all clips of a dataset, computed once and read memory-mapped.

A store is a folder with one .npy file per array and `index.json`, which says whose maps they are,
how they were made and what their checksums are. A folder is written under another name and
renamed when it is whole, so a store that is there is complete.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dfrnet_keras import __version__
from dfrnet_keras.datasets.clip import MEGC2019_CLASSES, Clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.store_files import (
    BUILD_AGAIN,
    LETTERS,
    StoredClip,
    digest_of,
    file_sha256,
    read_index,
)

__all__ = ["FeatureStore", "StoredClip", "default_path", "find_or_build", "open_or_build"]


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
        self.rows = tuple(
            StoredClip(**{**row, "flags": tuple(row["flags"])}) for row in index["rows"]
        )
        self.labels = np.array([row.label for row in self.rows], np.int64)
        self.classes = tuple(index["classes"])
        self.features = "".join(letter for name, letter in LETTERS.items() if name in arrays)
        self.size = int(index["size"])
        self.flow_range = str(index["flow_range"])
        self.settings: dict[str, Any] = dict(index["settings"])
        self.digest = str(index["digest"])
        self.arrays = arrays
        self.skipped = tuple((str(key), str(reason)) for key, reason in index["skipped"])
        self.source = str(index["source"])
        self._checksums = {name: about["sha256"] for name, about in index["arrays"].items()}

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
        classes: Sequence[str] = MEGC2019_CLASSES,
        jobs: int = 1,
        progress: Callable[[int, int], None] | None = None,
        overwrite: bool = False,
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
            classes: Names of the classes, in the order of their numbers.
            jobs: Number of processes; -1 for one per processor.
            progress: Called with (clips done, clips in all) at the start and after each clip.
            overwrite: Replace a store that is there, whatever is in it.

        Returns:
            The store.

        Raises:
            InputError: No clip could be used, `path` holds something else or a store of other
                clips or settings, or it cannot be written.
        """
        from dfrnet_keras.preparation import build_store

        settings = {
            "version": __version__,
            "size": size,
            "flow_method": flow_method,
            "strain_cross_term": strain_cross_term,
            "remove_global_motion": remove_global_motion,
            "flow_range": "pixels",
        }
        build_store(clips, Path(path), settings, classes, jobs, progress, overwrite)
        return cls.open(path)

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
        from dfrnet_keras.preparation import build_store_from_maps

        settings = {"version": __version__, "flow_range": "bytes"}
        build_store_from_maps(clips, Path(path), settings, classes, progress, overwrite)
        return cls.open(path)

    @classmethod
    def open(cls, path: str | Path) -> FeatureStore:
        """Open a store. The index is checked in full, the arrays by type, shape and length.

        Args:
            path: The store's folder.

        Raises:
            InputError: It is not there, not whole, or not a store.
        """
        path = Path(path)
        index = read_index(path)
        arrays: dict[str, NDArray] = {}
        for name, about in index["arrays"].items():
            file = path / f"{name}.npy"
            try:
                arrays[name] = np.load(file, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise InputError(f"{file} is missing or damaged: {BUILD_AGAIN}") from error
            found = str(arrays[name].dtype), list(arrays[name].shape)
            if found != (about["dtype"], about["shape"]) or len(index["rows"]) != found[1][0]:
                raise InputError(
                    f"{file} is not the array that index.json describes: {BUILD_AGAIN}"
                )
        return cls(path, index, arrays)

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


def default_path(dataset: str, root: str | Path | None = None, **settings: object) -> Path:
    """Where the store of a dataset lies unless the user says otherwise.

    Args:
        dataset: Name of the dataset.
        root: The dataset's folder, if it has one.
        **settings: What the maps depend on.

    Returns:
        `$DFR_KERAS_HOME/stores/<dataset>-...`, by default under `~/.cache/dfr-keras`. Another
        root, other settings and another version of the package give another path.
    """
    where = None if root is None else str(Path(root).expanduser().resolve())
    identity = digest_of([dataset, where, settings, __version__])[:10]
    shown = [str(settings[name]) for name in ("size", "flow_method") if name in settings]
    return _default_folder() / "-".join([dataset, *shown, identity])


def open_or_build(
    dataset: str,
    root: str | Path | None = None,
    *,
    path: str | Path | None = None,
    size: int = 224,
    flow_method: str = "tvl1",
    strain_cross_term: bool = False,
    remove_global_motion: bool = False,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    overwrite: bool = False,
) -> FeatureStore:
    """The store of a dataset with these settings, built if it is not there yet.

    Args:
        dataset: See `load_dataset`.
        root: See `load_dataset`.
        path: Folder of the store; by default see `default_path`.
        size: See `FeatureStore.build`, as for all that follow. The maps of `"flow-folder"` are
            ready-made: size, flow, strain and global motion do not apply to them.
        flow_method: Method of optical flow.
        strain_cross_term: Whether strain has its cross term.
        remove_global_motion: Whether the movement of the whole face is taken out of the flow.
        jobs: Number of processes.
        progress: Called with (clips done, clips in all).
        overwrite: Replace a store that is there.

    Returns:
        The store.

    Raises:
        InputError: See `load_dataset`, `FeatureStore.build` and `FeatureStore.build_from_maps`.
    """
    from dfrnet_keras.datasets import dataset_root, load_dataset

    clips = load_dataset(dataset, root)
    root = dataset_root(dataset, root)
    if dataset == "flow-folder":
        path = path or default_path(dataset, root)
        return FeatureStore.build_from_maps(clips, path, progress=progress, overwrite=overwrite)
    settings: dict[str, Any] = {
        "size": size,
        "flow_method": flow_method,
        "strain_cross_term": strain_cross_term,
        "remove_global_motion": remove_global_motion,
    }
    path = path or default_path(dataset, root, **settings)
    return FeatureStore.build(
        clips, path, **settings, jobs=jobs, progress=progress, overwrite=overwrite
    )


def find_or_build(
    dataset: str,
    root: str | Path | None = None,
    *,
    size: int | None = None,
    flow_method: str | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> FeatureStore:
    """The store that was prepared for a dataset, whatever its settings, or one built now.

    Args:
        dataset: See `load_dataset`.
        root: See `load_dataset`.
        size: Width and height of the maps; `None` takes those of the prepared store, or 224.
        flow_method: Method of optical flow; `None` takes that of the prepared store, or "tvl1".
        jobs: See `FeatureStore.build`.
        progress: See `FeatureStore.build`.

    Returns:
        The store. Where several were prepared, the one with `open_or_build`'s own settings.

    Raises:
        InputError: Several stores fit and none has those settings, or see `open_or_build`.
    """
    from dfrnet_keras.datasets import load_dataset
    from dfrnet_keras.preparation import source_of

    wanted = {"version": __version__, "size": size, "flow_method": flow_method}
    fits = []
    if dataset != "flow-folder":  # ready-made maps have no settings to choose among
        source = source_of(load_dataset(dataset, root))
        for file in sorted(_default_folder().glob(f"{dataset}-*/index.json")):
            try:
                store = FeatureStore.open(file.parent)
            except InputError:
                continue  # damaged: the build below says so if this is the one it needs
            if store.source == source and all(
                value in (None, store.settings.get(name)) for name, value in wanted.items()
            ):
                fits.append(store)
    usual = {"size": size or 224, "flow_method": flow_method or "tvl1"}
    if len(fits) > 1:
        plain = {**usual, "strain_cross_term": False, "remove_global_motion": False}
        fits = [
            store for store in fits if all(store.settings[key] == plain[key] for key in plain)
        ] or fits
    if len(fits) > 1:
        raise InputError(
            f"Several stores of {dataset} fit ({', '.join(store.path.name for store in fits)}): "
            "say which size and flow method to use, or name one store"
        )
    if fits:
        return fits[0]
    return open_or_build(dataset, root, **usual, jobs=jobs, progress=progress)  # type: ignore[arg-type]


def _default_folder() -> Path:
    home = os.environ.get("DFR_KERAS_HOME") or Path.home() / ".cache" / "dfr-keras"
    return Path(home).expanduser() / "stores"
