"""A network's `.keras` file, with what it was trained on inside."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    import keras

# Keras reads the members it knows and leaves others alone.
_DESCRIPTION = "dfrnet_keras.json"


def save_network(
    model: keras.Model, path: str | os.PathLike[str], description: dict[str, Any]
) -> Path:
    """Write a network and its description into one `.keras` file, whole or not at all.

    Args:
        model: The network; it is written without an optimizer.
        path: Where to; must end in `.keras`.
        description: What prediction needs to know (classes in order, size, flow method, range) and
            what a reader wants to know (training, leave-one-subject-out figures); JSON can hold it.

    Raises:
        InputError: Where the file is there already.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path} is there already: delete it or choose another folder.")
    partial = path.with_name(f"partial-{os.getpid()}-{path.name}")
    model.optimizer = None  # Keras would keep it, three times the size of the network.
    try:
        model.save(partial)
        with zipfile.ZipFile(partial, "a", zipfile.ZIP_DEFLATED) as file:
            file.writestr(_DESCRIPTION, json.dumps(description, indent=1))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def load_network(path: str | os.PathLike[str]) -> tuple[keras.Model, dict[str, Any]]:
    """Read a network and its description; a description that is not there is empty.

    Raises:
        InputError: Where the file is missing or is not a `.keras` file.
    """
    import keras

    import dfrnet_keras.layers  # noqa: F401 - registers the layers that the file names

    path = Path(path)
    if not path.is_file() or not zipfile.is_zipfile(path):
        raise InputError(f"{path} is not a .keras file: give one that `dfr-keras fit` wrote.")
    with zipfile.ZipFile(path) as file:
        there = _DESCRIPTION in file.namelist()
        description = json.loads(file.read(_DESCRIPTION)) if there else {}
    return keras.saving.load_model(path, safe_mode=True), description
