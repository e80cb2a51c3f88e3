"""Reads images and video, and refuses the damaged ones that OpenCV lets through.

OpenCV fills the missing part of a truncated JPEG with gray, stops early in a truncated video and
cuts 16-bit pictures down to 8 bits, each without a word. Every such file is an `InputError` here.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames.damage import image_damage
from dfrnet_keras.frames.files import is_video, list_frames


def read_image(path: str | Path, *, gray: bool = False) -> NDArray[np.uint8]:
    """One picture.

    Args:
        path: JPEG, PNG, BMP, TIFF or any other file that OpenCV decodes, 8 bits a channel.
        gray: Return the gray values alone.

    Returns:
        uint8 array, `(H, W, 3)` RGB, or `(H, W)` if `gray`.

    Raises:
        InputError: The file is missing, truncated, no image, or holds more than 8 bits a channel.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: check the path of the frame") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path") from error
    damage = image_damage(data)
    if damage:
        raise InputError(f"{path} is truncated or damaged ({damage}): replace the file")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        image = None
    if image is None:
        raise InputError(f"{path} is not an image that can be read: give a JPEG, PNG or BMP file")
    if image.dtype != np.uint8:
        raise InputError(
            f"{path} holds more than 8 bits a channel ({image.dtype}): convert it to 8 bits"
        )
    return _from_bgr(image, gray)


def read_frames(
    frames: Sequence[str | Path], indexes: Sequence[int], *, gray: bool = False
) -> list[NDArray[np.uint8]]:
    """Some frames of a clip.

    Args:
        frames: Paths of the frame images in order of time, or the path of one video.
        indexes: Which frames, counted from 0, in any order.
        gray: Return the gray values alone.

    Returns:
        One uint8 array for each index, `(H, W, 3)` RGB, or `(H, W)` if `gray`.

    Raises:
        InputError: A file cannot be read (see `read_image`), a video ends before the frames it
            announces, the frames differ in size, or an index is out of range.
    """
    if len(frames) == 0:
        raise InputError("the clip has no frames: give the paths of its images or of its video")
    if len(frames) == 1 and is_video(frames[0]):
        wanted = set(indexes)
        kept: dict[int, NDArray[np.uint8]] = {}
        count = 0
        # Read to the end: only there does a truncated video differ from a whole one.
        for count, image in enumerate(_decode(Path(frames[0]), gray, wanted), start=1):
            if image is not None:
                kept[count - 1] = image
        _check_indexes(indexes, count, frames[0])
        return [kept[index] for index in indexes]
    _check_indexes(indexes, len(frames), frames[0])
    images = {index: read_image(frames[index], gray=gray) for index in dict.fromkeys(indexes)}
    first = next(iter(images), None)
    for index, image in images.items():
        if first is not None and image.shape != images[first].shape:
            raise InputError(
                f"{frames[index]} is {_size(image)} pixels and {frames[first]} "
                f"{_size(images[first])}: all frames of a clip must have one size"
            )
    return [images[index] for index in indexes]


def iterate_frames(
    frames: Sequence[str | Path], indexes: Sequence[int] | slice, *, gray: bool = False
) -> Iterator[NDArray[np.uint8]]:
    """Some frames of a clip, one at a time: no more than one is held in memory.

    Args:
        frames: Paths of the frame images in order of time, or the path of one video.
        indexes: Which frames, counted from 0, each larger than the one before; or a slice without
            a step, which may be open. A video is read no further than a closed slice reaches.
        gray: Return the gray values alone.

    Yields:
        One uint8 array for each index, `(H, W, 3)` RGB, or `(H, W)` if `gray`.

    Raises:
        InputError: As for `read_frames`, or the indexes are not in order. Damage that shows at
            the end of a video alone is found after the last frame was given out.
    """
    if len(frames) == 0:
        raise InputError("the clip has no frames: give the paths of its images or of its video")
    if not isinstance(indexes, slice) and any(
        later <= earlier for earlier, later in pairwise(indexes)
    ):
        raise InputError("the indexes of the frames are not in order: sort them, each once")
    if len(frames) == 1 and is_video(frames[0]):
        yield from _iterate_video(Path(frames[0]), indexes, gray)
        return
    if isinstance(indexes, slice):
        stop = len(frames) if indexes.stop is None else indexes.stop
        indexes = range(indexes.start or 0, stop)
        _check_indexes([indexes.start], len(frames), frames[0])  # even of an empty part
    _check_indexes(indexes, len(frames), frames[0])
    shape: tuple[int, ...] | None = None
    for index in indexes:
        image = read_image(frames[index], gray=gray)
        if shape not in (None, image.shape):
            raise InputError(
                f"{frames[index]} is {_size(image)} pixels and {frames[indexes[0]]} "
                f"{shape[1]} x {shape[0]}: all frames of a clip must have one size"
            )
        shape = image.shape
        yield image


def _iterate_video(
    path: Path, indexes: Sequence[int] | slice, gray: bool
) -> Iterator[NDArray[np.uint8]]:
    last, wanted = None, indexes
    if isinstance(indexes, slice):
        last = None if indexes.stop is None else indexes.stop - 1
        wanted = range(indexes.start or 0, sys.maxsize if last is None else last + 1)
    assert not isinstance(wanted, slice)
    count = 0
    for image in _decode(path, gray, wanted):
        count += 1
        if image is not None:
            yield image
        if count - 1 == last:
            return
    # Of an open slice the first frame must be there, of anything else all of them.
    _check_indexes(
        wanted[:1] if last is None and isinstance(indexes, slice) else wanted, count, path
    )


def read_clip(
    source: str | Path | Sequence[str | Path], *, gray: bool = False
) -> NDArray[np.uint8]:
    """All frames of a clip.

    Args:
        source: A video, a folder of images (taken in natural order), or the paths of the frames.
        gray: Return the gray values alone.

    Returns:
        uint8 array `(n, H, W, 3)` RGB, or `(n, H, W)` if `gray`.

    Raises:
        InputError: As for `read_frames`, or a folder holds no image.
    """
    frames: Sequence[str | Path]
    if isinstance(source, str | Path):
        frames = (source,) if Path(source).is_file() else list_frames(source)
    else:
        frames = tuple(source)
    if len(frames) == 1 and is_video(frames[0]):
        images = [image for image in _decode(Path(frames[0]), gray) if image is not None]
    else:
        images = read_frames(frames, range(len(frames)), gray=gray)
    return np.stack(images)


def video_length(path: str | Path) -> tuple[int, float]:
    """How long a video says it is, without reading it.

    Args:
        path: The video.

    Returns:
        Number of frames and frames a second; either is 0 where the file does not say.

    Raises:
        InputError: The file does not exist or is no video that can be read.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist: check the path of the video")
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise InputError(f"{path} is not a video that can be read, or is truncated: replace it")
        count, rate = (
            float(capture.get(name)) for name in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS)
        )
    finally:
        capture.release()
    return max(0, int(count)), rate if 0 < rate < 1e5 else 0.0


def _check_indexes(indexes: Sequence[int], count: int, path: str | Path) -> None:
    for index in indexes:
        if not 0 <= index < count:
            raise InputError(
                f"frame {index} of the clip that starts with {path} does not exist: "
                f"it has {count} frames, counted from 0"
            )


def _from_bgr(image: NDArray, gray: bool) -> NDArray[np.uint8]:
    code = cv2.COLOR_BGR2GRAY if gray else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def _size(image: NDArray) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"


def _decode(
    path: Path, gray: bool, wanted: Container[int] | None = None
) -> Iterator[NDArray[np.uint8] | None]:
    """Every frame of a video; `None` in place of the frames that are not wanted."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: check the path of the video")
    capture = cv2.VideoCapture(str(path))
    try:
        announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        shape: tuple[int, ...] | None = None
        count = 0
        while capture.grab():
            image = None
            if wanted is None or count in wanted:
                success, image = capture.retrieve()
                if not success:
                    break
                if shape not in (None, image.shape):
                    raise InputError(
                        f"{path} changes its size at frame {count}: "
                        "all frames of a clip must have one size"
                    )
                shape = image.shape
            count += 1
            yield None if image is None else _from_bgr(image, gray)
    finally:
        capture.release()
    if count == 0:
        raise InputError(f"{path} is not a video that can be read, or is truncated: replace it")
    # An AVI counts its frames; other containers may guess from the length in seconds.
    spare = 0 if path.suffix.lower() == ".avi" else max(2, announced // 20)
    if count + spare < announced:
        raise InputError(
            f"{path} is truncated: it announces {announced} frames and holds {count}; "
            "replace the file"
        )
