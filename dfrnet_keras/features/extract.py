"""From the frames of a clip to the three maps that DFR-Net looks at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.apex import BEST_SPOTTER, ApexSpotter
from dfrnet_keras.features.face import FaceCutter
from dfrnet_keras.features.flow import frame_difference, optical_flow, optical_strain
from dfrnet_keras.features.gray import picture_array

# Micro motion is a pixel or less at 224: on a smaller grid nothing of it is left to measure, so
# small maps are computed at this size and then shrunk, as STSTNet does.
SMALLEST_FLOW_SIZE = 128
# A frame with more pixels than a square of this side is shrunk as soon as it is read.
_LARGEST_KEPT = 512
# Of a longer clip the apex frame is read again rather than all its faces kept: 38 MB of 224 x 224.
_FACES_KEPT = 256


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
    frames: Iterable[NDArray],
    *,
    onset: int = 0,
    apex: int | None = None,
    size: int = 224,
    flow_method: str | None = "tvl1",
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
        flow_method: See `optical_flow`; `None` leaves flow and strain at zero.
        strain_cross_term: See `optical_strain`.
        remove_global_motion: See `optical_flow`.

    Returns:
        The maps, see `Features`.

    Raises:
        InputError: There are fewer than two frames, their sizes differ, they are not uint8, or
            an index or size is out of range.
    """
    frames = [picture_array(frame, f"frame {index}") for index, frame in enumerate(frames)]
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
    first, second = resize_crop(frames[onset], size), resize_crop(frames[apex], size)
    maps = np.zeros((size, size, 3), np.float32)
    if flow_method is not None:
        side = max(size, SMALLEST_FLOW_SIZE)
        flow = optical_flow(
            first if side == size else resize_crop(frames[onset], side),
            second if side == size else resize_crop(frames[apex], side),
            method=flow_method,
            remove_global_motion=remove_global_motion,
        )
        maps = np.dstack([flow, optical_strain(flow, cross_term=strain_cross_term)])
        if side != size:
            shrunk = cv2.resize(maps, (size, size), interpolation=cv2.INTER_AREA)
            maps = np.asarray(shrunk, np.float32)
            maps[..., :2] *= size / side
    return Features(
        apex=colour(second),
        difference=frame_difference(first, second)[..., None],
        flow=maps,
    )


class ClipFeatures(NamedTuple):
    """What `extract_clip` makes of a clip.

    Attributes:
        features: The three maps.
        onset_frame: The onset frame as the maps saw it, uint8 `(S, S, 3)` RGB.
        apex: Index of the apex among the frames given.
        flags: `"apex_spotted"` where nobody gave the apex, and those of `find_face`.
        timings: Seconds spent, by `"read"`, `"face"`, `"apex"` and `"maps"`.
        faces: Onset and apex frame as they were cut out, uint8, before they were brought to the
            size of the maps.
        frame_count: Number of frames given.
        others: Number of further faces, about as large, in the onset frame, unless one was chosen.
        box_side: Width of the face in pixels of the frames; 0 where none was found or looked for.
    """

    features: Features
    onset_frame: NDArray[np.uint8]
    apex: int
    flags: tuple[str, ...]
    timings: dict[str, float]
    faces: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    frame_count: int
    others: int
    box_side: float = 0.0


def extract_clip(
    frames: Iterable[NDArray],
    *,
    apex: int | None = None,
    crop: str = "auto",
    spotter: str = BEST_SPOTTER,
    size: int = 224,
    flow_method: str | None = "tvl1",
    strain_cross_term: bool = False,
    remove_global_motion: bool = False,
    face_finder: str = "cascades",
    which_face: str | int | None = None,
    again: Callable[[int], NDArray] | None = None,
) -> ClipFeatures:
    """From frames as a camera gave them to the maps: face, apex, flow.

    The frames are taken one after the other and only their faces are kept, so a long clip of large
    frames may come from a generator.

    Args:
        frames: The frames from the onset to the offset, uint8 `(H, W, 3)` RGB or gray. Where the
            apex is known, the frames that `frames_needed` names are enough: with cascades the
            onset and the apex frame.
        apex: Index of the apex among these frames; `None` spots it.
        crop: `"face"`: find the face in the first frame and cut it out of all (`crop_face`).
            `"none"`: the frames are faces already cut out, use them whole. `"auto"`: the one or
            the other, by whether the face fills the first frame.
        spotter: How the apex is spotted, see `spot_apex`.
        size: See `extract_features`, as for all that follow.
        flow_method: Method of optical flow.
        strain_cross_term: Whether strain has its cross term.
        remove_global_motion: Whether the movement of the whole face is taken out of the flow.
        face_finder: How faces are found, see `find_face`.
        which_face: Which of several faces is meant, see `FaceCutter`.
        again: Gives a frame once more, by its index among these frames. With it a clip of any
            length takes some 50 MB and 3 KB a frame; without, its faces are all kept.

    Raises:
        InputError: See `extract_features`, `find_face` and `spot_apex`, or `crop` is unknown.
    """
    cut = FaceCutter(crop, size=size, finder=face_finder, which=which_face)
    spot = ApexSpotter(spotter) if apex is None else None
    timings = dict.fromkeys(("read", "face", "apex", "maps"), 0.0)
    kept: dict[int, NDArray[np.uint8]] = {}
    count = 0

    source = _checked(frames, timings)
    first = list(islice(source, cut.looks_at if apex is None else min(cut.looks_at, max(apex, 1))))
    with _timed(timings, "face"):
        cut.fit(first)
    for count, frame in enumerate(chain(first, source), start=1):
        if spot is None and count - 1 not in (0, apex):
            continue
        with _timed(timings, "face"):
            face = _bounded(cut(frame), size)
        if again is None or len(kept) < _FACES_KEPT:
            kept[count - 1] = face
        if spot is not None:
            with _timed(timings, "apex"):
                spot.add(face)
    if count < 2:
        raise InputError(f"the clip has {count} frame(s): give two or more, onset first")
    flags = cut.flags
    if spot is not None:
        with _timed(timings, "apex"):
            apex = spot.apex()
        flags = ("apex_spotted", *flags)
    if apex is None or not 0 < apex < count:
        raise InputError(f"apex is {apex}: give an index from 1 to {count - 1}, after the onset")
    if apex not in kept:
        assert again is not None  # or all were kept
        with _timed(timings, "read"):
            frame = again(apex)
        kept[apex] = _bounded(cut(frame), size)
    pair = kept[0], kept[apex]
    with _timed(timings, "maps"):
        features = extract_features(
            pair,
            onset=0,
            apex=1,
            size=size,
            flow_method=flow_method,
            strain_cross_term=strain_cross_term,
            remove_global_motion=remove_global_motion,
        )
    onset_frame = colour(resize_crop(pair[0], size))
    return ClipFeatures(
        features, onset_frame, apex, flags, timings, pair, count, cut.others, cut.box_side
    )


@contextmanager
def _timed(timings: dict[str, float], step: str) -> Iterator[None]:
    """Adds the time that a block takes to one of the timings."""
    started = time.perf_counter()
    try:
        yield
    finally:
        timings[step] += time.perf_counter() - started


def _checked(frames: Iterable[NDArray], timings: dict[str, float]) -> Iterator[NDArray]:
    """The same frames as arrays of one size; getting them is timed as `"read"`."""
    source = iter(frames)
    shape: tuple[int, ...] | None = None
    index = 0
    while True:
        with _timed(timings, "read"):
            try:
                frame = next(source)
            except StopIteration:
                return
            frame = picture_array(frame, f"frame {index}")
            _check_frame(frame, index, shape)
        shape = shape or frame.shape
        index += 1
        yield frame


def _bounded(frame: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    side = max(size, _LARGEST_KEPT)
    return resize_crop(frame, side) if frame.shape[0] * frame.shape[1] > side * side else frame


def colour(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(frame[..., None], 3, axis=2) if frame.ndim == 2 else frame


def _check_frames(frames: Sequence[NDArray]) -> None:
    if len(frames) < 2:
        raise InputError(f"the clip has {len(frames)} frame(s): give two or more, onset first")
    for index, frame in enumerate(frames):
        _check_frame(frame, index, frames[0].shape)


def _check_frame(frame: NDArray, index: int, first: tuple[int, ...] | None) -> None:
    if frame.dtype != np.uint8:
        raise InputError(f"frame {index} has dtype {frame.dtype}: give uint8 frames")
    if frame.ndim not in (2, 3) or (frame.ndim == 3 and frame.shape[2] not in (1, 3)):
        raise InputError(
            f"frame {index} has shape {frame.shape}: give (height, width, 3) RGB or "
            "(height, width) gray"
        )
    if frame.shape != (first or frame.shape):
        raise InputError(
            f"frame {index} has shape {frame.shape} and frame 0 {first}: give frames of one size"
        )


def resize_crop(frame: NDArray, size: int) -> NDArray:
    """The frame at `size` x `size`; a single channel is returned without its axis."""
    if frame.ndim == 3 and frame.shape[2] == 1:
        frame = frame[..., 0]
    height, width = frame.shape[:2]
    if (height, width) == (size, size):
        return frame
    shrinking = height * width > size * size
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(frame), (size, size), interpolation=interpolation)
