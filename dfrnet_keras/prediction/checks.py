"""What a reader should know about a clip before believing the answer."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import ClipFeatures
from dfrnet_keras.features.face import find_face
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


def check_maps(made: ClipFeatures) -> tuple[str, ...]:
    """Hold the onset and the apex frame of a clip against each other.

    Args:
        made: What `extract_clip` made of it.

    Returns:
        Some of: `"nothing_moved"`: the two frames do not differ. `"large_motion"`: they differ by
        far more than a micro-expression does. `"face_left"`: the face of the onset frame is not
        near the same place on the apex frame. `"several_faces"`: others as large were found.
    """
    flags = ["several_faces"] if made.others else []
    first, second = (gray_picture(face, "a face") for face in made.faces)
    if np.percentile(cv2.absdiff(first, second), 99.9) <= 1:
        return (*flags, "nothing_moved")
    flow = made.features.flow
    far = float(np.percentile(np.hypot(flow[..., 0], flow[..., 1]), 95)) / flow.shape[1]
    if far > _FAR or _likeness(first, second) < _ALIKE:
        flags.append("large_motion")
        # Looking for a face takes longer than all else: only where there is reason to.
        if "face_not_found" not in made.flags and not _same_place(*made.faces):
            flags.append("face_left")
    return tuple(flags)


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
    try:  # the rate is an average
        times = frame_times(video)
    except InputError:
        return True
    return times[last] - times[first] > _LONGEST + 1 / rate


def _likeness(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    size = (32, 32)
    pair = [cv2.resize(gray, size, interpolation=cv2.INTER_AREA) for gray in (first, second)]
    centred = [gray.astype(np.float64) - gray.mean() for gray in pair]
    norms = [float(np.sqrt((gray**2).sum())) for gray in centred]
    return float((centred[0] * centred[1]).sum()) / max(norms[0] * norms[1], 1e-9)


def _same_place(onset: NDArray[np.uint8], apex: NDArray[np.uint8]) -> bool:
    faces = [find_face(frame) for frame in (onset, apex)]
    if "face_not_found" in faces[0].flags:
        return True  # the cut is too narrow for the detector, so it cannot tell
    if "face_not_found" in faces[1].flags:
        return False
    middles = [np.mean([face.left_eye, face.right_eye], axis=0) for face in faces]
    return bool(np.hypot(*(middles[1] - middles[0])) < 0.3 * faces[0].box_side)
