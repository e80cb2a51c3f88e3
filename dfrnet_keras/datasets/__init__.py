"""The datasets: who is seen in each clip, where its frames lie and which class it shows."""

from __future__ import annotations

import os
from pathlib import Path

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES, Clip
from dfrnet_keras.errors import InputError

__all__ = ["DATASETS", "MEGC2019_CLASSES", "Clip", "dataset_root", "load_dataset"]

DATASETS = ("flow-folder", "synthetic", "synthetic-strong")
_SYNTHETIC = ("synthetic", "synthetic-strong")


def load_dataset(
    name: str, root: str | Path | None = None, *, classes: str = "megc2019"
) -> list[Clip]:
    """List the clips of a dataset.

    Args:
        name: One of `DATASETS`: `"flow-folder"`; `"synthetic"`, drawn clips about as hard to tell
            apart as real ones; `"synthetic-strong"`, the same people moving three times as far,
            which a network learns in minutes.
        root: The dataset's folder. By default `$DFR_KERAS_DATA/<name>`. Synthetic clips need no
            folder: where there is none they are drawn and kept in the cache.
        classes: How labels are mapped to classes; only `"megc2019"`: negative, positive, surprise.

    Returns:
        The clips, in an order that does not change from call to call.

    Raises:
        InputError: The name or the classes are unknown, there is no such folder, or what is in it
            cannot be used.
    """
    if classes != "megc2019":
        raise InputError(f"The classes {classes!r} are unknown: use 'megc2019'")
    folder = dataset_root(name, root)
    if name in _SYNTHETIC:
        from dfrnet_keras.datasets.synthetic import STRONG, load_synthetic

        return load_synthetic(folder, **(STRONG if name == "synthetic-strong" else {}))
    from dfrnet_keras.datasets.flow_folder import load_flow_folder

    assert folder is not None  # only synthetic clips do without a folder
    return load_flow_folder(folder)


def dataset_root(name: str, root: str | Path | None = None) -> Path | None:
    """Decide where a dataset lies.

    Args:
        name: One of `DATASETS`.
        root: The folder, if the user named one; it is returned as it is.

    Returns:
        The folder; `None` for synthetic clips that lie nowhere yet.

    Raises:
        InputError: The name is unknown, or no folder was given and `$DFR_KERAS_DATA/<name>` is
            not there.
    """
    if name not in DATASETS:
        raise InputError(f"The dataset {name!r} is unknown: use one of {', '.join(DATASETS)}")
    if root is not None:
        return Path(root)
    data = os.environ.get("DFR_KERAS_DATA")
    if data and (Path(data) / name).is_dir():
        return Path(data) / name
    if name in _SYNTHETIC:
        return None
    tried = f"there is no {Path(data) / name}" if data else "DFR_KERAS_DATA is not set"
    raise InputError(
        f"No folder was given for the dataset {name!r} and {tried}: "
        "name the dataset's folder as root"
    )
