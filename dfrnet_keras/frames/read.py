"""Reads images and video, and refuses the damaged ones that OpenCV lets through.

OpenCV fills the missing part of a truncated JPEG with gray and cuts 16-bit pictures down to 8 bits,
each without a word. Here the first is an `InputError`. So is the second where pictures stand alone;
the frames of a clip are brought to 8 bits by one scale for all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames.damage import image_damage
from dfrnet_keras.frames.files import is_video, list_frames
from dfrnet_keras.frames.video import decode, from_bgr


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
    image = _decoded(path)
    if image.dtype != np.uint8:
        raise InputError(
            f"{path} holds more than 8 bits a channel ({image.dtype}): convert it to 8 bits"
        )
    return from_bgr(image, gray)


def _decoded(path: str | Path) -> NDArray:
    """A picture as OpenCV decodes it, uint8 or deeper."""
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
    return image


class _FrameReader:
    """Reads the pictures of one clip; such of 16 bits lose the lowest, the same ones in all.

    Cameras of 10, 12 or 14 bits write files of 16: how many bits are in use is read off the first
    frame of the clip. Had each frame a scale of its own, the light would flicker.
    """

    def __init__(self, frames: Sequence[str | Path]) -> None:
        self._first = frames[0]
        self._dropped: int | None = None

    def __call__(self, path: str | Path, gray: bool) -> NDArray[np.uint8]:
        image = _decoded(path)
        if image.dtype == np.uint8:
            return from_bgr(image, gray)
        if image.dtype != np.uint16:
            raise InputError(f"{path} holds {image.dtype}: convert it to 8 or 16 bits a channel")
        if self._dropped is None:
            first = image if path == self._first else _decoded(self._first)
            used = int(first.max()).bit_length()
            self._dropped = max(0, used + used % 2 - 8)
        return from_bgr(np.minimum(image >> self._dropped, 255).astype(np.uint8), gray)


def read_frames(
    frames: Sequence[str | Path], indexes: Sequence[int], *, gray: bool = False
) -> list[NDArray[np.uint8]]:
    """Some frames of a clip.

    Args:
        frames: Paths of the frame images in order of time, or the path of one video.
        indexes: Which frames, counted from 0, in any order.
        gray: Return the gray values alone.

    Returns:
        One uint8 array for each index, `(H, W, 3)` RGB, or `(H, W)` if `gray`. Pictures of 16
        bits a channel are brought to 8, all of a clip by one scale.

    Raises:
        InputError: A file cannot be read (see `read_image`), a video ends before the frames it
            announces, the frames differ in size, or an index is out of range.
    """
    order = sorted(set(indexes))
    images = dict(zip(order, iterate_frames(frames, order, gray=gray), strict=True))
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
    video = len(frames) == 1 and is_video(frames[0])
    end: int | None = None
    wanted: Sequence[int]
    needed: Sequence[int]
    if isinstance(indexes, slice):
        end, start = indexes.stop, indexes.start or 0
        wanted = range(start, end if end is not None else sys.maxsize if video else len(frames))
        # Of an open or an empty slice the first frame must be there, of others all of them.
        needed = wanted if wanted and end is not None else range(start, start + 1)
    else:
        wanted = needed = indexes
        if any(later <= earlier for earlier, later in pairwise(indexes)):
            raise InputError("the indexes of the frames are not in order: sort them, each once")
    if video:
        _check_moving_picture(Path(frames[0]))
        count = 0
        # Unless a closed slice ends before, read to the end: only there does damage show.
        for count, image in enumerate(decode(frames[0], wanted, gray=gray), start=1):
            if image is not None:
                yield image
            if count == end:
                return
        _check_indexes(needed, count, frames[0])
        return
    _check_indexes(needed, len(frames), frames[0])
    shape: tuple[int, ...] | None = None
    read = _FrameReader(frames)
    for index in wanted:
        image = read(frames[index], gray)
        if shape not in (None, image.shape):
            raise InputError(
                f"{frames[index]} is {image.shape[1]} x {image.shape[0]} pixels and "
                f"{frames[wanted[0]]} {shape[1]} x {shape[0]}: all frames of a clip must have "
                "one size"
            )
        shape = image.shape
        yield image


def _check_moving_picture(path: Path) -> None:
    """Refuse a truncated GIF or APNG: unlike videos they do not say how many frames they hold."""
    if path.suffix.lower() in (".apng", ".gif") and path.is_file():
        damage = image_damage(path.read_bytes())
        if damage:
            raise InputError(f"{path} is truncated or damaged ({damage}): replace the file")


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
    return np.stack(list(iterate_frames(frames, slice(None), gray=gray)))


def _check_indexes(indexes: Sequence[int], count: int, path: str | Path) -> None:
    for index in indexes:
        if not 0 <= index < count:
            raise InputError(
                f"frame {index} of the clip that starts with {path} does not exist: "
                f"it has {count} frames, counted from 0"
            )
