"""Opens, decodes and measures videos, and refuses truncated ones, where OpenCV stops in silence."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError


@contextmanager
def open_video(path: str | Path) -> Iterator[cv2.VideoCapture]:
    """A video opened for reading, which is closed at the end of the block.

    Raises:
        InputError: The file does not exist or is no video that can be read.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist: check the path of the video")
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise _unreadable(path)
        yield capture
    finally:
        capture.release()


def _unreadable(path: str | Path) -> InputError:
    return InputError(f"{path} is not a video that can be read, or is truncated: replace it")


def decode(
    path: str | Path, wanted: Container[int], *, gray: bool = False
) -> Iterator[NDArray[np.uint8] | None]:
    """Every frame of a video; `None` in place of the frames that are not wanted.

    Args:
        path: The video.
        wanted: Indexes of the frames to decode, counted from 0.
        gray: Give the gray values alone.

    Raises:
        InputError: The file is no video that can be read, is truncated, or changes its size.
    """
    for _, picture in timed_frames(path, wanted, gray=gray):
        yield picture


def timed_frames(
    path: str | Path, wanted: Container[int], *, gray: bool = False
) -> Iterator[tuple[float, NDArray[np.uint8] | None]]:
    """The same, each with what the video says of when it was taken, in seconds."""
    count = 0
    with open_video(path) as capture:
        announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        shape: tuple[int, ...] | None = None
        while capture.grab():
            second, image = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, None
            if count in wanted:
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
            yield second, None if image is None else from_bgr(image, gray)
    reason = _truncated(path, count, announced)
    if reason is not None:
        raise reason


def _truncated(path: str | Path, count: int, announced: int) -> InputError | None:
    """What to say of a video that ended after `count` frames; `None` where that is its length."""
    if count == 0:
        return _unreadable(path)
    # An AVI counts its frames; other containers may guess from the length in seconds.
    spare = 0 if Path(path).suffix.lower() == ".avi" else max(2, announced // 20)
    if count + spare >= announced:
        return None
    return InputError(
        f"{path} is truncated: it announces {announced} frames and holds {count}; replace the file"
    )


def from_bgr(image: NDArray, gray: bool) -> NDArray[np.uint8]:
    """The RGB or gray picture of one that OpenCV decoded."""
    code = cv2.COLOR_BGR2GRAY if gray else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def video_length(path: str | Path) -> tuple[int, float]:
    """How long a video says it is, without reading it.

    Args:
        path: The video.

    Returns:
        Number of frames and frames a second; either is 0 where the file does not say.

    Raises:
        InputError: The file does not exist or is no video that can be read.
    """
    with open_video(path) as capture:
        count, rate = (capture.get(name) for name in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS))
    return max(0, int(count)), float(rate) if 0 < rate < 1e5 else 0.0


def frame_times(path: str | Path, *, stop: float | None = None) -> list[float]:
    """Time of each frame, which need not be at even steps, in seconds from the first one.

    Args:
        path: The video.
        stop: Read no further than the first frame after this time, in seconds.

    Raises:
        InputError: The file is no video that can be read, or does not say when its frames were
            taken.
    """
    times: list[float] = []
    with open_video(path) as capture:
        while capture.grab():
            times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
            if stop is not None and times[-1] - times[0] > stop:
                break
    if not times:
        raise _unreadable(path)
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise InputError(
            f"{path} does not say when each frame was taken: use --onset and --offset (frames) "
            "instead of --start and --end"
        )
    return [time - times[0] for time in times]
