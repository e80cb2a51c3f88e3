"""The datasets: subject, frames and class of each clip."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from pathlib import Path

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES, Clip
from dfrnet_keras.datasets.folders import folder_of, no_folder
from dfrnet_keras.datasets.listing import Listing, Problem
from dfrnet_keras.datasets.tasks import TASKS, plain_task, task_classes
from dfrnet_keras.errors import InputError, check_choice

__all__ = [
    "DATASETS",
    "MEGC2019_CLASSES",
    "TASKS",
    "Clip",
    "Listing",
    "Problem",
    "class_names",
    "dataset_root",
    "list_dataset",
    "load_dataset",
]

_LICENSED = ("casme2", "samm", "smic")
_CLIP_SETS = ("4dme", "casme", "casme3", "casme3-c", "mmew")
_SYNTHETIC = ("synthetic", "synthetic-strong")
DATASETS = tuple(sorted((*_LICENSED, *_CLIP_SETS, *_SYNTHETIC, "flow-folder", "megc2019")))


def load_dataset(
    name: str,
    root: str | Path | None = None,
    *,
    classes: str = "megc2019",
    edition: str | None = None,
    camera: str | None = None,
) -> list[Clip]:
    """List the clips of a dataset.

    A partial copy gives the clips that are there. Clips that cannot be used are left out with one
    warning that counts them; `list_dataset` says what is wrong with each. Further warnings name
    subjects of a flow folder that were taken for one person, and clips that are not on the list
    of MEGC 2019.

    Args:
        name: One of `DATASETS`. `"synthetic"` are drawn clips about as hard to classify as real
            ones; `"synthetic-strong"` the same people moving three times as far, which a network
            learns in minutes.
        root: The dataset's folder, as it was distributed, or the one above it. By default
            `$DFR_KERAS_DATA/<name>`; for `"megc2019"` without such a folder, `$DFR_KERAS_DATA`
            itself with its subfolders `casme2`, `smic` and `samm`. Synthetic clips need no
            folder: where there is none they are drawn and kept in the cache.
        classes: `"megc2019"` or `"three"` for negative, positive, surprise; `"five"` or `"seven"`
            of the emotions in the sheet, for the datasets that have them; `"original"` for the
            classes of the dataset's own annotation. `class_names` lists each. Clips of other
            classes are left aside.
        edition: `"raw"` or `"cropped"`, where a dataset comes in both; `None` takes what is there,
            raw before cropped.
        camera: `"HS"`, `"VIS"` or `"NIR"` for SMIC; `None` takes HS.

    Returns:
        The clips, in an order that does not change from call to call.

    Raises:
        InputError: The name, the classes, the edition or the camera is unknown or does not belong
            to the dataset, there is no such folder, or no clip in it can be used.
    """
    listing = list_dataset(name, root, classes=classes, edition=edition, camera=camera)
    if not listing.clips:
        first = f": {listing.problems[0]}" if listing.problems else ""
        raise InputError(f"No clip of {name} can be used{first}")
    for problem in listing.problems:
        if problem.warn:
            warnings.warn(str(problem), stacklevel=2)
    if listing.left_out:
        warnings.warn(
            f"{listing.left_out} clip(s) of {name} cannot be used: "
            f"dfr-keras data check --dataset {name} names them",
            stacklevel=2,
        )
    return list(listing.clips)


def list_dataset(
    name: str,
    root: str | Path | None = None,
    *,
    classes: str = "megc2019",
    edition: str | None = None,
    camera: str | None = None,
) -> Listing:
    """The clips of a dataset and every problem met while reading it.

    Args:
        name, root, classes, edition, camera: As for `load_dataset`.

    Raises:
        InputError: As `load_dataset`; a folder without one usable clip is none.
    """
    class_names(name, classes)
    classes = plain_task(classes)
    if camera is not None and name != "smic":
        raise InputError(f"The camera {camera!r} was given for {name}: only SMIC has several")
    if edition is not None and name in ("flow-folder", *_SYNTHETIC):
        raise InputError(f"The edition {edition!r} was given for {name}: it has only one")
    folder = dataset_root(name, root)
    if name in _SYNTHETIC:
        from dfrnet_keras.datasets.synthetic import STRONG, load_synthetic

        options = STRONG if name == "synthetic-strong" else {}
        return Listing(tuple(load_synthetic(folder, **options)))
    if name in _CLIP_SETS:
        from dfrnet_keras.datasets.clip_sets import SCHEMES
        from dfrnet_keras.datasets.coded import read_coded

        return read_coded(SCHEMES[name], folder or "", classes=classes, edition=edition)
    module = name.replace("-", "_")
    read = getattr(import_module(f"dfrnet_keras.datasets.{module}"), f"read_{module}")
    if name == "flow-folder":
        return read(folder)
    cameras = {"camera": camera} if name == "smic" else {}
    return read(folder, classes=classes, edition=edition, **cameras)


def class_names(name: str, classes: str = "megc2019") -> tuple[str, ...]:
    """Names of the classes of a dataset, in the order of their numbers.

    Args:
        name: One of `DATASETS`.
        classes: One of `TASKS`, see `load_dataset`.

    Raises:
        InputError: The name is unknown, or the dataset has no such classes.
    """
    check_choice("The dataset", name, DATASETS)
    own: tuple[str, ...] = ()
    if name in _CLIP_SETS:
        from dfrnet_keras.datasets.clip_sets import SCHEMES

        own = SCHEMES[name].classes
    elif name in _LICENSED:
        own = import_module(f"dfrnet_keras.datasets.{name}").CLASSES
    return task_classes(name, classes, own)


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
    check_choice("The dataset", name, DATASETS)
    folder = folder_of(name, root)
    if folder is not None or name in _SYNTHETIC:
        return folder
    data = os.environ.get("DFR_KERAS_DATA")
    if data and name in (*_LICENSED, "megc2019"):
        from dfrnet_keras.datasets.megc2019 import PARTS, find_part

        parts = PARTS if name == "megc2019" else (name,)
        found = [part for part in (find_part(Path(data), part) for part in parts) if part]
        if found:
            return Path(data) if name == "megc2019" else found[0]
    raise no_folder(name)
