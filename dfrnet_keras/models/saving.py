"""A network's `.keras` file, with a description of what it was trained on inside."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    import keras

# Keras reads the members it knows and leaves others alone.
_DESCRIPTION = "dfrnet_keras.json"


def save_network(
    model: keras.Model,
    path: str | os.PathLike[str],
    description: dict[str, Any],
    *,
    overwrite: bool = False,
) -> Path:
    """Write a network and its description into one `.keras` file, whole or not at all.

    Args:
        model: The network; it is written without its optimizer and losses, and stays compiled.
        path: The file to write; must end in `.keras`.
        description: What prediction needs (classes in order, size, flow method, range) and what a
            reader wants to know (training, leave-one-subject-out figures); JSON can hold it.
        overwrite: Whether a file that exists is replaced.

    Raises:
        InputError: The file exists and may not be replaced, or cannot be written.
    """
    with whole_file(path, overwrite=overwrite) as partial:
        with _not_compiled(model):
            model.save(partial)
        with zipfile.ZipFile(partial, "a", zipfile.ZIP_DEFLATED) as file:
            file.writestr(_DESCRIPTION, json.dumps(description, indent=1))
    return Path(path)


@contextmanager
def _not_compiled(model: keras.Model) -> Iterator[None]:
    """Keras writes the optimizer, which triples the file, even when told not to."""
    if not model.compiled:
        yield
        return
    optimizer = model.optimizer
    model.compiled, model.optimizer = False, None
    try:
        yield
    finally:
        model.compiled, model.optimizer = True, optimizer


def load_network(path: str | os.PathLike[str]) -> tuple[keras.Model, dict[str, Any]]:
    """Read a network, not compiled, and its description: empty where the file has none.

    Raises:
        InputError: The file is missing, is not a `.keras` file, is damaged, or holds a layer that
            is not registered.
    """
    import keras

    path = Path(path)
    if path.suffix != ".keras" or not path.is_file() or not zipfile.is_zipfile(path):
        raise InputError(f"{path} is not a .keras file: give one that `dfr-keras fit` wrote.")
    try:
        with zipfile.ZipFile(path) as file:
            there = _DESCRIPTION in file.namelist()
            description = json.loads(file.read(_DESCRIPTION)) if there else {}
        return keras.saving.load_model(path, compile=False, safe_mode=True), description
    except (TypeError, ValueError, OSError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"{path} cannot be loaded ({reason}): it is damaged, or has layers of its own, which "
            "keras.saving.register_keras_serializable makes known."
        ) from error
