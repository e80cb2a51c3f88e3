"""From the frames of a clip to the three maps that DFR-Net looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.flow import frame_difference, optical_flow, optical_strain

# Micro motion is a pixel or less at 224: on a smaller grid nothing of it is left to measure, so
# small maps are computed at this size and then shrunk, as STSTNet does.
SMALLEST_FLOW_SIZE = 128


class Features(NamedTuple):
    """The three inputs of DFR-Net for one clip, `S` pixels wide and high.

    Attributes:
        apex: The apex frame, uint8 `(S, S, 3)` RGB.
        difference: Absolute gray difference of apex and onset (equation 8), uint8 `(S, S, 1)`.
        flow: float32 `(S, S, 3)`: u and v in pixels of this map, optical strain (equation 7).
    """

    apex: NDArray[np.uint8]
    difference: NDArray[np.uint8]
    flow: NDArray[np.float32]


def extract_features(
    frames: Sequence[NDArray] | NDArray,
    *,
    onset: int = 0,
    apex: int | None = None,
    size: int = 224,
    flow_method: str = "tvl1",
    strain_cross_term: bool = False,
    remove_global_motion: bool = False,
) -> Features:
    """Apex frame, frame difference, and optical flow with strain of one clip.

    Both frames are brought to `size` before anything is computed. Where `size` is below 128 the
    flow and strain are computed at 128 and shrunk: averages over the pixels that fall together.

    Args:
        frames: The frames in order of time, `(n, H, W, 3)` RGB, `(n, H, W, 1)` or `(n, H, W)`
            gray, uint8, or a list of such frames. The face should fill the frame; frames that
            are not square are stretched.
        onset: Index of the first frame of the movement.
        apex: Index of the frame of strongest movement. `None` takes the middle between the onset
            and the last frame, rounded up: the last of two frames, and never the onset.
        size: Width and height of the maps in pixels.
        flow_method: See `optical_flow`.
        strain_cross_term: See `optical_strain`.
        remove_global_motion: See `optical_flow`.

    Returns:
        The maps, see `Features`.

    Raises:
        InputError: There are fewer than two frames, their sizes differ, they are not uint8, or
            an index or size is out of range.
    """
    count = len(frames)
    _check_frames(frames)
    if size < 2:
        raise InputError(f"size is {size}: give the width of the maps in pixels, 2 or more")
    if not 0 <= onset < count - 1:
        raise InputError(
            f"onset is {onset}: give an index from 0 to {count - 2}, before the last frame"
        )
    if apex is None:
        apex = onset + (count - onset) // 2
    elif not onset < apex < count:
        raise InputError(
            f"apex is {apex}: give an index from {onset + 1} to {count - 1}, after the onset"
        )
    first, second = _resize(frames[onset], size), _resize(frames[apex], size)
    flow_size = max(size, SMALLEST_FLOW_SIZE)
    flow = optical_flow(
        first if flow_size == size else _resize(frames[onset], flow_size),
        second if flow_size == size else _resize(frames[apex], flow_size),
        method=flow_method,
        remove_global_motion=remove_global_motion,
    )
    maps = np.dstack([flow, optical_strain(flow, cross_term=strain_cross_term)])
    if flow_size != size:
        maps = np.asarray(cv2.resize(maps, (size, size), interpolation=cv2.INTER_AREA), np.float32)
        maps[..., :2] *= size / flow_size
    return Features(
        apex=np.repeat(second[..., None], 3, axis=2) if second.ndim == 2 else second,
        difference=frame_difference(first, second)[..., None],
        flow=maps,
    )


def _check_frames(frames: Sequence[NDArray] | NDArray) -> None:
    if len(frames) < 2:
        raise InputError(f"the clip has {len(frames)} frame(s): give two or more, onset first")
    first = frames[0].shape
    for index, frame in enumerate(frames):
        if frame.dtype != np.uint8:
            raise InputError(f"frame {index} has dtype {frame.dtype}: give uint8 frames")
        if frame.ndim not in (2, 3) or (frame.ndim == 3 and frame.shape[2] not in (1, 3)):
            raise InputError(
                f"frame {index} has shape {frame.shape}: give (height, width, 3) RGB or "
                "(height, width) gray"
            )
        if frame.shape != first:
            raise InputError(
                f"frame {index} has shape {frame.shape} and frame 0 {first}: "
                "give frames of one size"
            )


def _resize(frame: NDArray, size: int) -> NDArray:
    """The frame at `size` x `size`; a single channel is returned without its axis."""
    if frame.ndim == 3 and frame.shape[2] == 1:
        frame = frame[..., 0]
    height, width = frame.shape[:2]
    if (height, width) == (size, size):
        return frame
    shrinking = height * width > size * size
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(frame), (size, size), interpolation=interpolation)
