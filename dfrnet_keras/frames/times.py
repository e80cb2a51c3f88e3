"""When each frame of a video was taken, which need not be at even steps."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2

from dfrnet_keras.errors import InputError


def frame_times(path: str | Path, *, stop: float | None = None) -> list[float]:
    """Time of each frame in seconds from the first one, as the file says it.

    Args:
        path: The video.
        stop: Read no further than the first frame after this time, in seconds.

    Raises:
        InputError: The file is no video that can be read, or does not say when its frames were
            taken.
    """
    times: list[float] = []
    capture = cv2.VideoCapture(str(path))
    try:
        while capture.grab():
            times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
            if stop is not None and times[-1] - times[0] > stop:
                break
    finally:
        capture.release()
    if not times:
        raise InputError(f"{path} is not a video that can be read, or is truncated: replace it")
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise InputError(
            f"{path} does not say when each frame was taken: use --onset and --offset (frames) "
            "instead of --start and --end"
        )
    return [time - times[0] for time in times]
