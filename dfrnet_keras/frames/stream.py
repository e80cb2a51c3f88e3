"""A recording frame by frame, each with its time, from any place on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames.files import list_frames
from dfrnet_keras.frames.read import read_image
from dfrnet_keras.frames.video import timed_frames, video_length

_USUAL_RATE = 30.0  # frames a second, where a video does not say


class TimedFrame(NamedTuple):
    """A frame of a recording.

    Attributes:
        number: Counted from 0.
        second: When it was taken, from the first frame on; always later than the one before.
        picture: uint8 `(H, W)` gray or `(H, W, 3)` RGB.
    """

    number: int
    second: float
    picture: NDArray[np.uint8]


def stream_frames(
    path: str | Path, *, start: int = 0, rate: float | None = None, gray: bool = True
) -> Iterator[TimedFrame]:
    """The frames of a video, or of a folder of pictures, one at a time.

    Args:
        path: The video or the folder.
        start: Number of the first frame to give out.
        rate: Frames a second; by default what the video says of each frame. A folder needs it.
        gray: Give the gray values alone.

    Yields:
        The frames.

    Raises:
        InputError: The file cannot be read, or a folder has no rate. Truncation and a change of
            size are found after the frames before it were given out.
    """
    path = Path(path)
    if path.is_dir():
        if rate is None:
            raise InputError(
                f"{path} is a folder of frames, which does not say how fast they were taken: give "
                "--rate, the frames a second"
            )
        for index, file in enumerate(list_frames(path)[start:], start):
            yield TimedFrame(index, index / rate, read_image(file, gray=gray))
        return
    step = 1 / (rate or video_length(path)[1] or _USUAL_RATE)
    second, first = -step, None
    frames = timed_frames(path, range(start, sys.maxsize), gray=gray)
    for index, (said, picture) in enumerate(frames):
        first = said if first is None else first
        # Containers without times say 0, or the same again.
        later = rate is None and (said - first > second if index else True)
        second = said - first if later else second + step
        if picture is not None:
            yield TimedFrame(index, second, picture)
