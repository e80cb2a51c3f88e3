"""A build that may be interrupted: which rows are whole, and the arrays they lie in."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.store.files import allocate

# Type and channels of each array of a store that is computed from frames.
ARRAYS = {"flow": (np.float16, 3), "apex": (np.uint8, 3), "difference": (np.uint8, 1)}


class DoneRow(NamedTuple):
    """What is noted of a row that is whole.

    Attributes:
        checksum: Of its maps, from `checksum`.
        apex: Index of the frame they were made from, as in `StoredClip`.
        flags: As in `StoredClip`.
    """

    checksum: int
    apex: int
    flags: tuple[str, ...]


def note_line(row: int, done: DoneRow) -> str:
    """The line of the log that says a row is whole."""
    return json.dumps([row, *done]) + "\n"


def open_partial(
    folder: Path, plan: dict[str, Any], count: int
) -> tuple[dict[str, np.memmap], dict[int, DoneRow]]:
    """The arrays of an interrupted build and the rows that are whole, or new empty arrays."""
    size = plan["settings"]["size"]
    shapes = {name: (count, size, size, channels) for name, (_, channels) in ARRAYS.items()}
    try:
        if json.loads((folder / "plan.json").read_text(encoding="utf-8")) == plan:
            arrays: dict[str, np.memmap] = {
                name: np.load(folder / f"{name}.npy", mmap_mode="r+", allow_pickle=False)
                for name in ARRAYS
            }
            if all(
                (arrays[name].shape, arrays[name].dtype) == (shapes[name], dtype)
                for name, (dtype, _) in ARRAYS.items()
            ):
                return arrays, _rows_done(folder / "done.jsonl", arrays)
    except (OSError, ValueError, EOFError):
        pass  # nothing there, or nothing that can be gone on with
    if folder.exists() and any(folder.iterdir()) and not (folder / "plan.json").exists():
        raise InputError(f"{folder} is in the way of the build: move it away")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    try:
        return {
            name: allocate(folder / f"{name}.npy", dtype, shapes[name])
            for name, (dtype, _) in ARRAYS.items()
        }, {}
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)  # a full disk is not made fuller
        raise


def _rows_done(log: Path, arrays: Mapping[str, NDArray]) -> dict[int, DoneRow]:
    """Rows noted as done whose maps still have the checksum noted with them."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    noted: dict[int, DoneRow] = {}
    for line in lines:
        try:
            row, value, apex, flags = json.loads(line)
            noted[int(row)] = DoneRow(int(value), int(apex), tuple(map(str, flags)))
        except (ValueError, TypeError):
            continue  # the line that was being written when the process ended
    count = len(next(iter(arrays.values())))
    done = {
        row: noted[row]
        for row in sorted(noted)
        if 0 <= row < count and checksum(arrays, row) == noted[row].checksum
    }
    # Written anew, so that the next line does not continue a broken one.
    fresh = log.with_suffix(".new")
    fresh.write_text("".join(note_line(row, done[row]) for row in done), encoding="utf-8")
    os.replace(fresh, log)
    return done


def checksum(arrays: Mapping[str, NDArray], row: int) -> int:
    """CRC-32 of all maps of a row."""
    value = 0
    for name in ARRAYS:
        value = zlib.crc32(np.ascontiguousarray(arrays[name][row]).data, value)
    return value
