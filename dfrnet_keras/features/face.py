"""Cuts the face out of every frame of a clip, upright and always in one place.

It is found on the onset frame (with landmarks, on the first few frames), and one transform serves
the whole clip: found anew on each frame, a face jitters by 3 or 4 pixels, which is more than a
micro-expression moves.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.features.face_detection import (
    EYE_DISTANCE,
    EYE_LINE,
    FINDERS,
    Face,
    find_face,
    find_faces,
)

CROPS = ("auto", "face", "none")
_LARGEST_CUT = 8192  # pixels: a side that no memory minds, and larger than any face of a camera
# Faces are cut out at least this large, so that maps of any size have the same apex.
_SMALLEST_CUT = 224
# With landmarks the place of the eyes is the median of this many frames: a blink does not move it.
_FRAMES_LOOKED_AT = {"cascades": 1, "landmarks": 5}


class FaceCutter:
    """Cuts the face out of the frames of one clip, which are given one after the other.

    Args:
        crop: `"face"`: find the face in the first frame and cut it out of all. `"none"`: the
            frames are faces already cut out, return them as they are. `"auto"`: the one or the
            other, by whether the face fills the first frame.
        size: Width and height of the maps in pixels; faces are cut out 224 pixels wide or more.
        finder: How faces are found, see `find_face`.
        which: Of several faces, `"largest"`, or the number of one, counted from 1 on the left. By
            default the one that the detector is surest of.

    Attributes:
        looks_at: How many frames `fit` makes use of.
        face: The face that is cut out; `None` where frames are returned whole.
        flags: Those of `find_face` that matter to the crop.
        others: How many further faces it found, where nobody said which one is meant.
        box_side: Width of the face that was found in pixels of the frame; 0 where none was, or
            none was looked for.

    Raises:
        InputError: The crop or the finder is unknown, or no face can be chosen.
    """

    def __init__(
        self,
        crop: str = "auto",
        *,
        size: int = _SMALLEST_CUT,
        finder: str = "cascades",
        which: str | int | None = None,
    ) -> None:
        check_choice("crop", crop, CROPS)
        check_choice("The finder of faces", finder, FINDERS)
        if which is not None and crop == "none":
            raise InputError("crop is 'none', which uses frames whole: no face can be chosen")
        self.looks_at = _FRAMES_LOOKED_AT[finder]
        self.face: Face | None = None
        self.flags: tuple[str, ...] = ()
        self.others = 0
        self.box_side = 0.0
        self._crop = crop
        self._finder = finder
        self._which = which
        self._side = max(size, _SMALLEST_CUT)
        self._fitted = crop == "none"

    def fit(self, frames: Sequence[NDArray[np.uint8]]) -> None:
        """Find the face in the first frames of a clip; with `"cascades"`, in the very first."""
        if self._fitted or not frames:
            return
        self._fitted = True
        looked_at = list(frames[: self.looks_at])
        face = self._chosen(looked_at[0])
        for frame in looked_at[1:]:
            if "face_not_found" not in face.flags:
                break
            face = self._chosen(frame)
        if len(looked_at) > 1 and "face_not_found" not in face.flags:
            face = _steadied(face, looked_at, self._finder)
        self.face, self.flags, self.box_side = face, face.flags, face.box_side
        self.others = face.others if self._which is None else 0
        if self._crop == "auto" and face.fills(looked_at[0].shape):
            # Eyes matter only where they say how to cut.
            self.face = None
            self.flags = tuple(flag for flag in self.flags if flag == "face_not_found")

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The face of a frame, uint8 of the side that was asked for, or the frame itself."""
        self.fit([frame])
        return frame if self.face is None else cut_face(frame, self.face, self._side)

    def _chosen(self, frame: NDArray[np.uint8]) -> Face:
        if self._which is None and self._finder == "cascades":
            return find_face(frame)
        if self._which is None:
            return find_face(frame, self._finder)
        faces = find_faces(frame, self._finder)
        if self._which == "largest":
            return max(faces, key=lambda face: face.box_side, default=find_face(frame))
        number = int(self._which)
        if not 1 <= number <= len(faces):
            raise InputError(
                f"face {number} was asked for and {len(faces)} were found: they are counted from 1 "
                "on the left"
            )
        return faces[number - 1]


def frames_needed(onset: int, apex: int, finder: str = "cascades") -> list[int]:
    """Indexes of the frames that a clip with a known apex is cut by: all others may be left out.

    Args:
        onset: Index of the onset frame.
        apex: Index of the apex, after the onset.
        finder: See `find_face`.

    Returns:
        The onset and what follows it as far as the face is looked for there, then the apex.
    """
    return [*range(onset, min(onset + _FRAMES_LOOKED_AT[finder], apex)), apex]


def _steadied(face: Face, frames: Sequence[NDArray[np.uint8]], finder: str) -> Face:
    """The same face with its eyes at their median over some frames."""
    places = []
    for frame in frames:
        near = [
            other
            for other in find_faces(frame, finder)
            if np.hypot(*(other.middle - face.middle)) < face.box_side / 4
        ]
        places += [(face.left_eye, face.right_eye) for face in near[:1]]
    if not places:
        return face
    left, right = (tuple(eye) for eye in np.median(places, axis=0).tolist())
    return replace(face, left_eye=left, right_eye=right)


def cut_faces(
    frames: Iterable[NDArray[np.uint8]],
    crop: str = "auto",
    *,
    size: int = _SMALLEST_CUT,
    finder: str = "cascades",
) -> Iterator[NDArray[np.uint8]]:
    """The faces of a clip, one frame at a time.

    Args:
        frames: uint8 frames of one size, RGB or gray, the onset frame first.
        crop: See `FaceCutter`.
        size: See `FaceCutter`.
        finder: See `find_face`.

    Yields:
        uint8 pictures of the face, or the frames where faces fill them.

    Raises:
        InputError: See `FaceCutter` and `find_face`.
    """
    cutter = FaceCutter(crop, size=size, finder=finder)
    source = iter(frames)
    first = list(islice(source, cutter.looks_at))
    cutter.fit(first)
    return map(cutter, chain(first, source))


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
