"""The clips that someone names on a command line, and the part of them that is meant."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

import cv2

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import frame_times
from dfrnet_keras.frames.files import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    in_order,
    is_leftover,
    is_video,
    list_frames,
    natural_key,
)


def find_clips(
    arguments: Sequence[str | Path], failed: list[tuple[str, str]] | None = None
) -> list[tuple[str, tuple[Path, ...]]]:
    """The clips that someone named.

    Args:
        arguments: Videos, folders of frames, and patterns such as `recordings/*.avi` or
            `clip7/*.png`. Images named by themselves or by a pattern are the frames of one clip
            for each folder they lie in.
        failed: Takes `(argument, reason)` of each that is none, where others are clips.

    Returns:
        Name and frames of each clip: paths of images in natural order, or of one video.

    Raises:
        InputError: Something is not there, or is none of these.
    """
    clips: dict[str, list[Path]] = {}
    refused: list[tuple[str, str]] = []
    for argument in arguments:
        try:
            for path in _expand(argument):
                name, frames = _frames_of(path)
                clips[name] = [*clips.get(name, ()), *frames]
        except InputError as error:
            refused.append((str(argument), str(error)))
    if refused and (failed is None or not clips):
        raise InputError(refused[0][1])
    if failed is not None:
        failed += refused
    return [(name, in_order(dict.fromkeys(frames))) for name, frames in clips.items()]


def frames_between(
    frames: Sequence[Path], start: float | None, end: float | None
) -> tuple[int, int | None]:
    """The frames of a video that were taken nearest to two times.

    Args:
        frames: Those of a clip, from `find_clips`.
        start: Seconds from the first frame; by default the first frame.
        end: The same of the last frame; by default the last one.

    Returns:
        Indexes of the first and the last frame; `None` is the last of the video.

    Raises:
        InputError: The clip is no video, does not say when its frames were taken, or is shorter.
    """
    if start is None and end is None:
        return 0, None
    if not (len(frames) == 1 and is_video(frames[0])):
        raise InputError(
            f"{frames[0]} is no video and has no seconds: use --onset and --offset (frames) "
            "instead of --start and --end"
        )
    latest = max(start or 0.0, end or 0.0)
    times = frame_times(frames[0], stop=latest)
    step = times[-1] - times[-2] if len(times) > 1 else 0.0
    if latest > times[-1] + step:
        raise InputError(
            f"{latest:g} seconds is past the end of {frames[0]}: its last frame is at "
            f"{times[-1]:.2f} seconds"
        )
    first, last = (
        None if wanted is None else min(range(len(times)), key=lambda k: abs(times[k] - wanted))
        for wanted in (start, end)
    )
    return first or 0, last


def single_picture(path: Path) -> str:
    """What is wrong with a clip that is one file and no video."""
    try:
        count = cv2.imcount(str(path)) if path.is_file() else 1
    except cv2.error:
        count = 1
    if count > 1:
        return (
            f"{path} is one file of {count} pictures, which is not read: give a video, or each "
            "picture as a file of its own"
        )
    return f"{path} is the one frame of the clip, which needs 2 or more, onset first"


def check_order(onset: int, apex: int | None, offset: int | None) -> None:
    """Refuse indexes that do not come one after the other, or begin below 0."""
    if onset < 0:
        raise InputError(f"onset is {onset}: frames are counted from 0")
    if offset is not None and offset <= onset:
        raise InputError(f"offset is {offset}: give a frame after the onset, {onset}")
    if apex is not None and (apex <= onset or (offset is not None and apex > offset)):
        until = "" if offset is None else f" and not after the offset, {offset}"
        raise InputError(f"apex is {apex}: give a frame after the onset, {onset}{until}")


def _frames_of(path: Path) -> tuple[str, list[Path]]:
    """Name of the clip that a path belongs to, and its frames."""
    if path.is_dir():
        return str(path), list(list_frames(path))
    if is_video(path):
        return str(path), [path]
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return str(path.parent), [path]
    raise InputError(
        f"{path} is neither a video nor an image nor a folder by its name: a video ends in "
        f"{_listed(VIDEO_SUFFIXES)}, an image in {_listed(IMAGE_SUFFIXES)}"
    )


def _expand(argument: str | Path) -> list[Path]:
    if Path(argument).exists():
        return [Path(argument)]
    if not glob.has_magic(str(argument)):
        raise InputError(f"{argument} does not exist: give a video, a folder or a pattern")
    found = [Path(name) for name in glob.glob(str(argument), recursive=True)]
    found = sorted((path for path in found if not is_leftover(path.name)), key=natural_key)
    if not found:
        raise InputError(f"nothing is named like {argument}: check the pattern")
    return found


def _listed(suffixes: frozenset[str]) -> str:
    *others, last = sorted(suffixes)
    return f"{', '.join(others)} or {last}"
