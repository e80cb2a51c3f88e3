"""The feature store of a dataset: where it lies, found if it is there and built if it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dfrnet_keras import __version__
from dfrnet_keras.cache import cache_folder
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.apex import BEST_SPOTTER
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.store.feature_store import FeatureStore, StoredClip
from dfrnet_keras.store.files import digest_of

__all__ = ["FeatureStore", "StoredClip", "default_path", "find_or_build", "open_or_build"]


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
    return cache_folder("stores") / "-".join([dataset, *shown, identity])


def open_or_build(
    dataset: str,
    root: str | Path | None = None,
    *,
    path: str | Path | None = None,
    size: int = 224,
    flow_method: str = "tvl1",
    strain_cross_term: bool = False,
    remove_global_motion: bool = False,
    crop: str = "auto",
    apex: str = "annotated",
    spotter: str = BEST_SPOTTER,
    face_finder: str = "cascades",
    classes: str = "megc2019",
    edition: str | None = None,
    camera: str | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    overwrite: bool = False,
    flow_batch: int | None = None,
) -> FeatureStore:
    """The store of a dataset with these settings, built if it is not there yet.

    Args:
        dataset: See `load_dataset`.
        root: See `load_dataset`.
        path: Folder of the store; by default see `default_path`.
        size: See `FeatureStore.build`, as for all that follow. The maps of `"flow-folder"` are
            ready-made: nothing of this applies to them.
        flow_method: Method of optical flow.
        strain_cross_term: Whether strain has its cross term.
        remove_global_motion: Whether the movement of the whole face is taken out of the flow.
        crop: Whether faces are cut out: `"auto"`, `"face"` or `"none"`.
        apex: `"annotated"`, or how every apex is spotted.
        spotter: How the apex of a clip without annotation is spotted.
        face_finder: How faces are found, see `features.find_face`.
        classes: See `load_dataset`, as for the two that follow.
        edition: `"raw"` or `"cropped"`.
        camera: `"HS"`, `"VIS"` or `"NIR"`.
        jobs: Number of processes.
        progress: Called with (clips done, clips in all).
        overwrite: Replace a store that is there.
        flow_batch: See `FeatureStore.build`.

    Raises:
        InputError: See `load_dataset`, `FeatureStore.build` and `FeatureStore.build_from_maps`.
    """
    from dfrnet_keras.datasets import class_names, dataset_root, load_dataset
    from dfrnet_keras.datasets.tasks import plain_task

    reading = {"classes": plain_task(classes), "edition": edition, "camera": camera}
    clips = load_dataset(dataset, root, **reading)  # type: ignore[arg-type]
    root = dataset_root(dataset, root)
    if dataset == "flow-folder":
        path = path or default_path(dataset, root)
        return FeatureStore.build_from_maps(clips, path, progress=progress, overwrite=overwrite)
    how = Preparation(
        size,
        flow_method,
        strain_cross_term,
        remove_global_motion,
        crop,
        apex,
        spotter,
        face_finder=face_finder,
    )
    path = path or default_path(dataset, root, **_identity(how), **_given(reading))
    return FeatureStore.build(
        clips,
        path,
        **_identity(how),
        classes=class_names(dataset, classes),
        jobs=jobs,
        progress=progress,
        overwrite=overwrite,
        flow_batch=flow_batch,
    )


def find_or_build(
    dataset: str,
    root: str | Path | None = None,
    *,
    size: int | None = None,
    flow_method: str | None = None,
    classes: str = "megc2019",
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> FeatureStore:
    """The store that was prepared for a dataset, whatever its settings, or one built now.

    Args:
        dataset: See `load_dataset`.
        root: See `load_dataset`.
        size: Width and height of the maps; `None` takes those of the prepared store, or 224.
        flow_method: Method of optical flow; `None` takes that of the prepared store, or "tvl1".
        classes: See `load_dataset`.
        jobs: See `FeatureStore.build`.
        progress: See `FeatureStore.build`.

    Returns:
        The store. Where several were prepared, the one with `open_or_build`'s own settings.

    Raises:
        InputError: Several stores fit and none has those settings, or see `open_or_build`.
    """
    from dfrnet_keras.datasets import dataset_root, load_dataset
    from dfrnet_keras.datasets.tasks import plain_task
    from dfrnet_keras.store.build import source_of

    wanted = {"version": __version__, "size": size, "flow_method": flow_method}
    fits = []
    if dataset != "flow-folder":  # ready-made maps have no settings to choose among
        source = source_of(load_dataset(dataset, root, classes=classes))
        for file in sorted(cache_folder("stores").glob(f"{dataset}-*/index.json")):
            try:
                store = FeatureStore.open(file.parent)
            except InputError:
                continue  # damaged: the build below says so if this is the one it needs
            if store.source == source and all(
                value in (None, store.settings.get(name)) for name, value in wanted.items()
            ):
                fits.append(store)
    usual = Preparation(size=size or 224, flow_method=flow_method or "tvl1")
    if len(fits) > 1:
        given = _given({"classes": plain_task(classes)})
        plain = default_path(dataset, dataset_root(dataset, root), **_identity(usual), **given)
        fits = [store for store in fits if store.path.name == plain.name] or fits
    if len(fits) > 1:
        raise InputError(
            f"Several stores of {dataset} fit ({', '.join(store.path.name for store in fits)}): "
            "say which size and flow method to use, or name one store"
        )
    if fits:
        return fits[0]
    return open_or_build(
        dataset, root, **_identity(usual), classes=classes, jobs=jobs, progress=progress
    )


def _identity(how: Preparation) -> dict[str, Any]:
    """What the maps of a store that is built from frames depend on."""
    return {**how.options, "apex": how.apex}


def _given(reading: dict[str, str | None]) -> dict[str, str]:
    """What was asked for beside the usual: only that is part of a store's default path."""
    usual = {"classes": "megc2019", "edition": None, "camera": None}
    return {name: value for name, value in reading.items() if value and value != usual[name]}
