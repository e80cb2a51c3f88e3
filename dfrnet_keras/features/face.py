"""Cuts the face out of every frame of a clip, upright and always in one place.

It is found on the onset frame, and one transform serves the whole clip: found anew on each frame, a
face jitters by 3 or 4 pixels, which is more than a micro-expression moves.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.face_detection import EYE_DISTANCE, EYE_LINE, Face, find_face

__all__ = ["CROPS", "Face", "FaceCutter", "crop_face", "cut_face", "cut_faces", "find_face"]

CROPS = ("auto", "face", "none")
_LARGEST_CUT = 8192  # pixels: a side that no memory minds, and larger than any face of a camera
# Faces are cut out at least this large, so that maps of any size have the same apex.
_SMALLEST_CUT = 224


class FaceCutter:
    """Cuts the face out of the frames of one clip, which are given one after the other.

    Args:
        crop: `"face"`: find the face in the first frame and cut it out of all. `"none"`: the
            frames are faces already cut out, return them as they are. `"auto"`: the one or the
            other, by whether the face fills the first frame.
        size: Width and height of the maps in pixels; faces are cut out 224 pixels wide or more.

    Attributes:
        face: The face that is cut out; `None` where frames are returned whole.
        flags: Those of `find_face` that matter to the crop.
        others: How many further faces it found.

    Raises:
        InputError: The crop is unknown.
    """

    def __init__(self, crop: str = "auto", *, size: int = _SMALLEST_CUT) -> None:
        if crop not in CROPS:
            raise InputError(f"crop is {crop!r}: use one of {', '.join(CROPS)}")
        self.face: Face | None = None
        self.flags: tuple[str, ...] = ()
        self.others = 0
        self._crop = crop
        self._side = max(size, _SMALLEST_CUT)
        self._started = crop == "none"

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The face of a frame, uint8 of the side that was asked for, or the frame itself."""
        if not self._started:
            self._started = True
            self.face = find_face(frame)
            self.flags, self.others = self.face.flags, self.face.others
            if self._crop == "auto" and self.face.fills(frame.shape):
                # Eyes matter only where they say how to cut.
                self.face = None
                self.flags = tuple(flag for flag in self.flags if flag == "face_not_found")
        return frame if self.face is None else cut_face(frame, self.face, self._side)


def cut_faces(
    frames: Iterable[NDArray[np.uint8]], crop: str = "auto", *, size: int = _SMALLEST_CUT
) -> Iterator[NDArray[np.uint8]]:
    """The faces of a clip, one frame at a time.

    Args:
        frames: uint8 frames of one size, RGB or gray, the onset frame first.
        crop: See `FaceCutter`.
        size: See `FaceCutter`.

    Yields:
        uint8 pictures of the face, or the frames where faces fill them.

    Raises:
        InputError: See `FaceCutter` and `find_face`.
    """
    return map(FaceCutter(crop, size=size), frames)


def crop_face(
    frames: Sequence[NDArray] | NDArray, *, size: int = 224, face: Face | None = None
) -> NDArray[np.uint8]:
    """Cut the face out of all frames of a clip, upright and with the eyes always in one place.

    Args:
        frames: uint8 frames, `(n, H, W, 3)` RGB, `(n, H, W, 1)` or `(n, H, W)` gray, the onset
            frame first.
        size: Width and height of the result in pixels.
        face: What `find_face` found; by default, in the first frame. If it finds no face
            there, the middle of the frames is cut out, with a `UserWarning`.

    Returns:
        uint8 `(n, size, size, 3)`, or `(n, size, size)` for gray frames. What lies outside the
        frame repeats its border.

    Raises:
        InputError: There is no frame, frames are no pictures or differ in size, or `size` is
            below 2.
    """
    if len(frames) == 0:
        raise InputError("the clip has no frames: give one or more, the onset first")
    if size < 2:
        raise InputError(f"size is {size}: give the width of the crop in pixels, 2 or more")
    first = frames[0].shape
    for index, frame in enumerate(frames):
        if frame.shape != first:
            raise InputError(
                f"frame {index} has shape {frame.shape} and frame 0 {first}: "
                "give frames of one size"
            )
    if face is None:
        face = find_face(frames[0])
        if "face_not_found" in face.flags:
            warnings.warn("no face was found: the middle of the frames is cut out", stacklevel=2)
    return np.stack([cut_face(frame, face, size) for frame in frames])


def cut_face(frame: NDArray, face: Face, size: int) -> NDArray[np.uint8]:
    """One frame of `crop_face`."""
    if frame.ndim == 3 and frame.shape[2] == 1:
        frame = frame[..., 0]
    (left_x, left_y), (right_x, right_y) = face.left_eye, face.right_eye
    across, down = right_x - left_x, right_y - left_y
    scale = EYE_DISTANCE * size / max(float(np.hypot(across, down)), 1e-6)
    # A face larger than the crop is cut larger and then shrunk, so that no detail is skipped and
    # comes back as a false pattern.
    finer = min(max(1, int(np.ceil(1 / scale - 1e-9))), max(1, _LARGEST_CUT // size))
    scale *= finer
    angle = np.arctan2(down, across)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    eyes = np.array([left_x + right_x, left_y + right_y]) / 2
    target = np.array([0.5, EYE_LINE]) * size * finer - 0.5
    matrix = np.column_stack([turn, target - turn @ eyes])
    cut = cv2.warpAffine(
        np.ascontiguousarray(frame),
        matrix,
        (size * finer, size * finer),
        flags=cv2.INTER_CUBIC if finer == 1 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if finer > 1:
        cut = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)
