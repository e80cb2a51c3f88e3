"""Writing `.tflite` files and what lies beside them, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from dfrnet_keras.errors import InputError
from dfrnet_keras.tflite.conversion.description import labels_text
from dfrnet_keras.tflite.runtime.metadata import read_metadata


def write_tflite(path: str | os.PathLike[str], content: bytes, *, overwrite: bool = False) -> Path:
    """Write a file under another name first, then give it its own.

    Raises:
        InputError: The file is there already and is not to be replaced.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise InputError(f"{path} is there already: give --overwrite or another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial-{os.getpid()}-{path.name}")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_labels(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write `labels.txt` beside a `.tflite` file: its classes, one a line, in their order."""
    labels = Path(path).with_name("labels.txt")
    text = labels_text(read_metadata(path)["classes"])
    # Several files of one network share it.
    same = labels.is_file() and labels.read_text(encoding="utf-8") == text
    return labels if same else write_tflite(labels, text.encode(), overwrite=overwrite)
