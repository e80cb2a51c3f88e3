"""What a reader should know about a clip before believing the answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import ClipFeatures
from dfrnet_keras.features.face import find_face
from dfrnet_keras.features.flow import global_motion, optical_flow
from dfrnet_keras.features.gray import gray_picture
from dfrnet_keras.frames import frame_times, video_length

# A micro-expression takes half a second: 100 frames of the fastest cameras in use.
_LONGEST = 0.5  # seconds
_MOST_FRAMES = 100
# Parts of the width of a face. A micro-expression moves a face of 224 pixels by one or two, a
# nod by four; another person in its place is 18 and more, a face that has left 8 and more.
_FAR = 6 / 224
# Correlation of the gray values: 0.99 and more within a micro-expression, also under a flicker of
# the light; 0.97 where the head nods; below 0.7 where another person is in its place.
_ALIKE = 0.9
# What follows was chosen on drawn clips whose true movement is known (docs/faces.md): beyond it the
# flow of an expression of 1.5 pixels, seen by a camera with noise of 3 gray values, correlates by
# about 0.6 or less with the truth, where it is 0.92 in good pictures.
_SIDE = 224
# Gray value that a twentieth of the face exceeds: 130 and more in a room, below this at dusk.
_DARKEST = 30
# Detail of 2 to 4 pixels of 224 over the range of gray: 0.039 and more of sharp faces, 0.023 and
# less of such as are blurred by 8 pixels, one half on either side at 5 pixels.
_LEAST_DETAIL = 0.022
_SMALLEST_FACE = 50  # pixels of the frame; of fewer the noise is stronger than the movement
# Mean way of the face as one whole, of its width: 0.85 of 224 pixels at most where a sitting
# person drifts, 1.2 in the median where the head turns or nods by 3.
_HEAD = 1.2 / 224


def check_maps(made: ClipFeatures, face_finder: str = "cascades") -> tuple[str, ...]:
    """Hold the onset and the apex frame of a clip against each other.

    Args:
        made: What `extract_clip` made of it.
        face_finder: How it found the face, see `features.find_face`.

    Returns:
        Some of: `"no_face"`: none was found in the onset frame. `"too_dark"`, `"too_blurred"`
        (or of too few pixels): the flow hardly shows the movement. `"nothing_moved"`: the two
        frames do not differ. `"large_motion"`: they differ by far more than a micro-expression
        does. `"head_moves"`: so much of the movement is that of the whole head that it may hide
        an expression. `"face_left"`: the face of the onset frame is not near the same place on the
        apex frame. `"several_faces"`: others as large were found.
    """
    flags = ["several_faces"] if made.others else []
    if "face_not_found" in made.flags:
        flags.append("no_face")
    first, second = (gray_picture(face, "a face") for face in made.faces)
    if np.percentile(cv2.absdiff(first, second), 99.9) <= 1:
        return (*flags, *_quality([first], made), "nothing_moved")
    flow = made.features.flow
    far = float(np.percentile(np.hypot(flow[..., 0], flow[..., 1]), 95)) / flow.shape[1]
    if far > _FAR or _likeness(first, second) < _ALIKE:
        flags.append("large_motion")
        # Looking for a face takes longer than all else: only where there is reason to.
        if "no_face" not in flags and not _same_place(*made.faces, face_finder):
            flags.append("face_left")
        return (*flags, *_quality([first], made))
    if _head_way(first, second) > _HEAD:
        flags.append("head_moves")
    return (*flags, *_quality([first, second], made))


def takes_too_long(first: int, last: int, video: str | Path | None) -> bool:
    """Whether a part is longer than a micro-expression.

    Args:
        first: Index of its first frame.
        last: Index of its last frame.
        video: The video it is in; pictures have no rate, and 100 frames are taken for the limit.
    """
    rate = 0.0 if video is None else video_length(video)[1]
    if video is None or not rate:
        return last - first > _MOST_FRAMES
    if last - first <= _LONGEST * rate + 1:
        return False
    if last - first > 10 * _LONGEST * rate:
        return True
    try:  # the rate is an average, but not that much of one
        times = frame_times(video)
    except InputError:
        return True
    return times[last] - times[first] > _LONGEST + 1 / rate


def _quality(faces: Sequence[NDArray[np.uint8]], made: ClipFeatures) -> list[str]:
    """What keeps a face from being measured."""
    if "face_not_found" in made.flags:
        return []
    found = {"too_blurred": 0 < made.box_side < _SMALLEST_FACE, "too_dark": False}
    for face in faces:
        # Hair, background and border are left out.
        skin = _resized(face, _SIDE)[20:-20, 30:-30]
        low, high = np.percentile(skin, (5, 95))
        fine, coarse = (cv2.GaussianBlur(skin, (0, 0), blur) for blur in (2.0, 4.0))
        found["too_dark"] |= bool(high < _DARKEST)
        found["too_blurred"] |= bool((fine - coarse).std() < _LEAST_DETAIL * (high - low))
    return [flag for flag, holds in found.items() if holds]


def _head_way(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """How far the face goes as one whole, in the mean of its points, in parts of its width."""
    side = _SIDE // 2
    flow = optical_flow(_resized(first, side), _resized(second, side), method="dis")
    way = global_motion(flow, rounds=10)[side // 7 : -side // 7, side // 7 : -side // 7]
    return float(np.hypot(way[..., 0], way[..., 1]).mean()) / side


def _resized(face: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    shrinking = face.shape[0] * face.shape[1] > side * side
    how = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    resized = cv2.resize(face, (side, side), interpolation=how)
    return np.clip(resized.astype(np.float32), 0, 255)


def _likeness(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    size = (32, 32)
    pair = [cv2.resize(gray, size, interpolation=cv2.INTER_AREA) for gray in (first, second)]
    centred = [gray.astype(np.float64) - gray.mean() for gray in pair]
    norms = [float(np.sqrt((gray**2).sum())) for gray in centred]
    return float((centred[0] * centred[1]).sum()) / max(norms[0] * norms[1], 1e-9)


def _same_place(onset: NDArray[np.uint8], apex: NDArray[np.uint8], finder: str) -> bool:
    faces = [find_face(frame, finder) for frame in (onset, apex)]
    if "face_not_found" in faces[0].flags:
        return True  # the cut is too narrow for the detector, so it cannot tell
    if "face_not_found" in faces[1].flags:
        return False
    return bool(np.hypot(*(faces[1].middle - faces[0].middle)) < 0.3 * faces[0].box_side)
