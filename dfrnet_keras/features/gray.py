"""Gray pictures from frames as people have them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError


def gray_picture(frame: NDArray, name: str) -> NDArray[np.uint8]:
    """Gray values of a frame.

    Args:
        frame: uint8, `(H, W, 3)` RGB, `(H, W, 1)` or `(H, W)` gray.
        name: What errors call it.

    Returns:
        uint8 `(H, W)`, contiguous in memory.

    Raises:
        InputError: It is no such picture, or an empty one.
    """
    frame = np.asarray(frame)
    if frame.ndim == 3 and frame.shape[2] == 1:
        frame = frame[..., 0]
    good = frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 3)
    if not good or frame.dtype != np.uint8 or 0 in frame.shape:
        raise InputError(
            f"{name} is {frame.dtype} of shape {frame.shape}: give uint8, (height, width, 3) RGB "
            "or (height, width) gray"
        )
    frame = np.ascontiguousarray(frame)
    return frame if frame.ndim == 2 else np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
