"""The files of a feature store: its arrays, its index, and whether they are whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.views import VIEW_OF_MAP

BUILD_AGAIN = "build the store again with overwrite (dfr-keras prepare --overwrite)"
_FORMAT = 1


@dataclass(frozen=True)
class StoredClip:
    """One row of a store.

    Attributes:
        dataset: Name of the dataset the clip comes from.
        subject: Name of the person, unique within the dataset.
        name: Name of the clip, unique within its subject.
        label: Number of the class, an index into the store's `classes`.
        apex: Index among the clip's frames of the apex that the maps were made from, annotated or
            spotted; `None` for ready-made maps.
        flags: What a reader of results may want to know about the clip: `"apex_not_annotated"`;
            `"apex_spotted"`; `"face_not_found"`, where the middle of the frames was taken;
            `"eyes_not_found"`, where they were placed by the box of the face;
            `"already_cropped"`, where the faces of other datasets of the store were cut out and
            this clip's frames were used whole.
        action_units: See `Clip`.
    """

    dataset: str
    subject: str
    name: str
    label: int
    apex: int | None
    flags: tuple[str, ...] = ()
    action_units: tuple[str, ...] | None = None

    @property
    def person(self) -> tuple[str, str]:
        """Dataset and subject."""
        return self.dataset, self.subject

    @property
    def key(self) -> str:
        """As `Clip.key`."""
        return f"{self.dataset}/{self.subject}/{self.name}"

    def as_dict(self) -> dict[str, Any]:
        """What the index holds: as before there were action units, where the clip has none."""
        content = asdict(self)
        if self.action_units is None:
            del content["action_units"]
        return content

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> StoredClip:
        """A row of the index."""
        units = row.get("action_units")
        return cls(**{**row, "flags": tuple(row["flags"]),
                      "action_units": None if units is None else tuple(units)})  # fmt: skip


def allocate(file: Path, dtype: Any, shape: tuple[int, ...]) -> np.memmap:
    """A new array of zeros on disk, with room set aside for all of it."""
    array = np.lib.format.open_memmap(file, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):
        # Without room set aside, a full disk ends the process inside a memory map, not with an
        # error that says so.
        with file.open("r+b") as handle:
            os.posix_fallocate(handle.fileno(), 0, file.stat().st_size)
    return array


def write_index(
    folder: Path,
    rows: Iterable[StoredClip],
    *,
    classes: Sequence[str],
    settings: Mapping[str, Any],
    source: str,
    skipped: Sequence[tuple[str, str]] = (),
) -> None:
    """Describe the arrays in `folder` in its `index.json`."""
    arrays = {}
    for name in VIEW_OF_MAP:
        file = folder / f"{name}.npy"
        if file.is_file():
            array = np.load(file, mmap_mode="r", allow_pickle=False)
            arrays[name] = {
                "dtype": str(array.dtype),
                "shape": list(array.shape),
                "sha256": file_sha256(file),
            }
    index: dict[str, Any] = {
        "format": _FORMAT,
        "classes": list(classes),
        "size": settings["size"],
        "flow_range": settings["flow_range"],
        "settings": dict(settings),
        "source": source,
        "skipped": [list(pair) for pair in skipped],
        "arrays": arrays,
        "rows": [row.as_dict() for row in rows],
    }
    index["digest"] = _content_digest(index)
    (folder / "index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")


def looks_like_store(path: Path) -> bool:
    """Whether a folder holds a store's files and nothing else, so that it may be replaced."""
    names = {"index.json", *(f"{name}.npy" for name in VIEW_OF_MAP)}
    return path.is_dir() and {entry.name for entry in path.iterdir()} <= names


def digest_of(value: object) -> str:
    """SHA-256 of a value that JSON can hold."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_index(path: Path) -> dict[str, Any]:
    """The index of a store, held against its own checksum."""
    file = path / "index.json"
    if not file.is_file():
        raise InputError(
            f"{path} is not a feature store (it has no index.json): build one with "
            "dfr-keras prepare"
        )
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
        whole = (
            index["format"] == _FORMAT
            and index["digest"] == _content_digest(index)
            and bool(index["rows"])
            and bool(index["arrays"])
            and set(index["arrays"]) <= set(VIEW_OF_MAP)
        )
        about = index["source"], index["skipped"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file} is damaged: {BUILD_AGAIN}") from error
    if not whole or not all(isinstance(value, (str, list)) for value in about):
        raise InputError(f"{file} is damaged or of another version: {BUILD_AGAIN}")
    return index


def open_arrays(path: Path) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """The index of a store and its arrays, memory-mapped and held against the index."""
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
            raise InputError(f"{file} is not the array that index.json describes: {BUILD_AGAIN}")
    return index, arrays


def _content_digest(index: Mapping[str, Any]) -> str:
    # Neither the version nor the time stamps of the source files change what a model sees.
    kept = {name: index[name] for name in ("format", "classes", "size", "flow_range", "arrays")}
    settings = {name: value for name, value in index["settings"].items() if name != "version"}
    return digest_of({**kept, "rows": index["rows"], "settings": settings})
