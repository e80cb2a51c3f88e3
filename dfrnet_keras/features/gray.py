"""Frames as people have them: arrays, pictures of Pillow, gray values."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError


def picture_array(frame: Any, name: str) -> NDArray:
    """A frame as an array; a picture of Pillow becomes one.

    Args:
        frame: An array, or a picture of Pillow of any mode.
        name: What errors call it.

    Raises:
        InputError: It is neither, `None` for one.
    """
    if isinstance(frame, np.ndarray):
        return frame
    if hasattr(frame, "convert") and hasattr(frame, "mode"):
        # The values of other modes are indexes, other colours or more than 8 bits a channel; the
        # last become arrays as they are, which are refused.
        eight_bits = frame.mode[0] not in "IF"
        as_is = frame.mode in ("L", "RGB") or not eight_bits
        return np.asarray(frame if as_is else frame.convert("RGB"))
    if frame is None:
        raise InputError(
            f"{name} is None, as OpenCV gives for a file that it cannot read: give uint8 arrays"
        )
    if not hasattr(frame, "__array__"):
        raise InputError(f"{name} is of type {type(frame).__name__}: give uint8 arrays")
    return np.asarray(frame)


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
