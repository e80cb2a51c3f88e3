"""How a feature store is built: in parallel, resumable, and never half."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dfrnet_keras import __version__
from dfrnet_keras.atomic import whole_folder
from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.errors import InputError, check_jobs
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.store.batched_flow import add_flow, batch_of_flow
from dfrnet_keras.store.checkpoint import DoneRow, checksum, note_line, open_partial
from dfrnet_keras.store.clip_maps import decide_crops, maps_of_clip
from dfrnet_keras.store.files import (
    BUILD_AGAIN,
    StoredClip,
    allocate,
    digest_of,
    looks_like_store,
    open_arrays,
    write_index,
)

Progress = Callable[[int, int], None]


def build_store(
    clips: Sequence[Clip],
    path: str | Path,
    preparation: Preparation,
    classes: Sequence[str],
    jobs: int,
    progress: Progress | None,
    overwrite: bool,
    flow_batch: int | None = None,
) -> Path:
    """Compute the maps of clips; the arguments are those of `FeatureStore.build`."""
    path = Path(path)
    check_jobs(jobs)
    batch = batch_of_flow(flow_batch, preparation)
    _check_clips(clips, classes)
    crops = decide_crops(clips, preparation.crop, preparation.face_finder)
    # What was decided is kept where it is the same for all: prediction does likewise.
    decided = set(crops.values())
    how = replace(preparation, crop=decided.pop() if len(decided) == 1 else "auto")
    source = source_of(clips)
    return _once(
        path, _settings(how), source, overwrite,
        lambda: _compute(clips, path, how, crops, classes, source, jobs, progress, batch),
    )  # fmt: skip


def build_store_from_maps(
    clips: Sequence[Clip],
    path: str | Path,
    classes: Sequence[str],
    progress: Progress | None,
    overwrite: bool,
) -> Path:
    """Store ready-made maps; the arguments are those of `FeatureStore.build_from_maps`."""
    from dfrnet_keras.frames import read_image

    path = Path(path)
    _check_clips(clips, classes)
    source = source_of(clips)
    first = read_image(clips[0].frames[0])
    size = first.shape[0]
    if first.shape != (size, size, 3):
        raise InputError(
            f"{clips[0].frames[0]} is {first.shape[1]} x {size} pixels: give square maps"
        )
    settings = _settings(Preparation(size=size, flow_range="bytes"))

    def store_maps() -> None:
        with whole_folder(path, overwrite=True) as folder:
            flow = allocate(folder / "flow.npy", np.uint8, (len(clips), *first.shape))
            _report(progress, 0, len(clips))
            for row, clip in enumerate(clips):
                picture = read_image(clip.frames[0])
                if picture.shape != first.shape:
                    raise InputError(
                        f"{clip.frames[0]} is {picture.shape[1]} x {picture.shape[0]} pixels, "
                        f"others are {size} x {size}: give maps of one size"
                    )
                flow[row] = picture
                _report(progress, row + 1, len(clips))
            flow.flush()
            rows = [_stored(clip, classes) for clip in clips]
            write_index(folder, rows, classes=classes, settings=settings, source=source)

    return _once(path, settings, source, overwrite, store_maps)


def _once(
    path: Path,
    settings: Mapping[str, Any],
    source: str,
    overwrite: bool,
    make: Callable[[], None],
) -> Path:
    """Make a store unless it is there; another process may make it while this one waits."""
    if not _is_built(path, settings, source, overwrite):
        with _sole_builder(path):
            if not _is_built(path, settings, source, overwrite):
                make()
    return path


def _compute(
    clips: Sequence[Clip],
    path: Path,
    how: Preparation,
    crops: Mapping[str, str],
    classes: Sequence[str],
    source: str,
    jobs: int,
    progress: Progress | None,
    batch: int,
) -> None:
    from joblib import Parallel, delayed

    partial = path.with_name(f"{path.name}.partial")
    settings = _settings(how)
    arrays, done = open_partial(partial, {"settings": settings, "source": source}, len(clips))
    _report(progress, len(done), len(clips))
    reasons: dict[int, str] = {}
    work = (
        delayed(maps_of_clip)(row, clip.absolute(), how, crops[clip.dataset], jobs != 1, batch > 0)
        for row, clip in enumerate(clips)
        if row not in done
    )
    with (partial / "done.jsonl").open("a", encoding="utf-8") as log:
        # Results are written as they come: no more than a few clips are ever held in memory.
        results = Parallel(n_jobs=jobs, return_as="generator_unordered")(work)
        for row, result in add_flow(results, how, batch) if batch else results:
            if isinstance(result, str):
                reasons[row] = result
            else:
                for name, maps in result.arrays.items():
                    arrays[name][row] = maps
                done[row] = DoneRow(checksum(arrays, row), result.apex, result.flags)
                log.write(note_line(row, done[row]))
                log.flush()
            _report(progress, len(done) + len(reasons), len(clips))
    skipped = [(clips[row].key, reasons[row]) for row in sorted(reasons)]
    if not done:
        shutil.rmtree(partial)
        raise InputError(
            f"None of the {len(clips)} clips can be used: mend or replace them; "
            f"the first, {skipped[0][0]}: {skipped[0][1]}"
        )
    kept = sorted(done)
    with whole_folder(path, overwrite=True) as folder:
        for name, array in arrays.items():
            array.flush()
            if skipped:
                _copy_rows(array, kept, folder / f"{name}.npy")
            else:
                _link(partial / f"{name}.npy", folder / f"{name}.npy")
        rows = [_stored(clips[row], classes, done[row].apex, done[row].flags) for row in kept]
        write_index(
            folder, rows, classes=classes, settings=settings, source=source, skipped=skipped
        )
    shutil.rmtree(partial)


def _check_clips(clips: Sequence[Clip], classes: Sequence[str]) -> None:
    if not clips:
        raise InputError("There are no clips to store: give at least one")
    keys: set[str] = set()
    for clip in clips:
        if clip.label not in classes:
            raise InputError(
                f"The clip {clip.key} has the label {clip.label!r}, which is not among the "
                f"classes {', '.join(classes)}: map it to one of them or leave the clip out"
            )
        if clip.key in keys:
            raise InputError(f"The clip {clip.key} is listed twice: give each clip once")
        keys.add(clip.key)


def _settings(how: Preparation) -> dict[str, Any]:
    return {"version": __version__, **how.as_dict()}


def source_of(clips: Sequence[Clip]) -> str:
    """A digest that changes when a clip, its annotation or one of its files does."""
    return digest_of(
        [
            [clip.key, clip.label, clip.onset, clip.apex, clip.offset, *map(_file, clip.frames),
             *([] if clip.action_units is None else [list(clip.action_units)])]
            for clip in clips
        ]
    )  # fmt: skip


def _file(path: Path) -> list[object]:
    try:
        about = os.stat(path)
    except OSError:
        return [os.path.basename(path), None]
    return [os.path.basename(path), about.st_size, about.st_mtime_ns]


def _is_built(path: Path, settings: Mapping[str, Any], source: str, overwrite: bool) -> bool:
    """Whether this very store is there already; refuses to replace anything else."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return False
    if not looks_like_store(path):
        raise InputError(f"{path} holds something other than a store: choose another folder")
    if overwrite:
        return False
    index, _ = open_arrays(path)
    theirs = index["settings"]
    other = [
        f"{name} {theirs.get(name)!r} instead of {settings.get(name)!r}"
        for name in sorted({*settings, *theirs})
        if theirs.get(name) != settings.get(name)
    ]
    if index["source"] != source:
        other.append("other clips or files than there are now")
    if other:
        raise InputError(
            f"The store {path} was built with {' and '.join(other)}: {BUILD_AGAIN}, "
            "or choose another folder"
        )
    return True


@contextmanager
def _sole_builder(path: Path) -> Iterator[None]:
    """Hold the lock of a store, so that two processes do not build it at once."""
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock")):
            # What a build left behind whose process was ended (mkdtemp adds eight letters).
            for folder in path.parent.glob(f".partial-{glob.escape(path.name)}-????????"):
                shutil.rmtree(folder, ignore_errors=True)
            yield
    except OSError as error:
        raise InputError(
            f"The store {path} cannot be written ({error}): mend that or choose another folder"
        ) from error


def _copy_rows(array: np.memmap, rows: Sequence[int], file: Path) -> None:
    copy = allocate(file, array.dtype, (len(rows), *array.shape[1:]))
    for target, row in enumerate(rows):
        copy[target] = array[row]
    copy.flush()


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # not every file system has hard links
        shutil.copyfile(source, target)


def _stored(
    clip: Clip, classes: Sequence[str], apex: int | None = None, flags: tuple[str, ...] = ()
) -> StoredClip:
    label = list(classes).index(clip.label)
    return StoredClip(clip.dataset, clip.subject, clip.name, label, apex, flags, clip.action_units)


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
