"""Finds a face and its eyes in a picture, with the cascades that come with OpenCV."""

from __future__ import annotations

import functools
import itertools
import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.gray import gray_picture

# Where the eyes come to lie in a crop, as parts of its side: the face then reaches from the brows'
# upper edge and some forehead to the chin, as in the cropped editions of the datasets.
EYE_LINE = 0.36
EYE_DISTANCE = 0.35
# Where they lie in the box of the detector, measured on faces with known eyes.
_BOX_EYES = ((0.31, 0.40), (0.69, 0.40))
_DETECTION_SIDE = 480  # pixels; faces of the datasets are some 200 wide on such a picture
_SMALLEST_EYE = 7  # part of the width of a face; that of an eye is about a quarter of it
_CROPPED_SHARE = 0.6  # a box that takes this part of the picture's longer side fills the picture
# Small faces are looked for where no larger one is: they take four times as long to find.
_FACE_SHARES = (0.2, 0.1)
_TURNS = (0.0, -20.0, 20.0)  # degrees: the detector sees up to about 15 to either side
# Weight of a box that is believed without eyes: upright faces have 56 to 58, and what is taken for
# a face in textures has 54 to 56.
_SURE = 56.0
_AGAIN = 0.87  # scale of the second look: not one of the detector's own steps of 1.1
_CASCADES = {
    "face": "haarcascade_frontalface_alt2.xml",
    "eye with glasses": "haarcascade_eye_tree_eyeglasses.xml",
    "eye": "haarcascade_eye.xml",
}


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
    """

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    box_side: float
    flags: tuple[str, ...] = ()
    others: int = 0

    def fills(self, shape: tuple[int, ...]) -> bool:
        """Whether a picture `(H, W, ...)` is a face already cut out.

        Where no face was found the outline decides: cut-out faces are about square, pictures of
        cameras are not.
        """
        longer, shorter = max(shape[:2]), min(shape[:2])
        if "face_not_found" in self.flags:
            return longer < 1.3 * shorter
        return self.box_side >= _CROPPED_SHARE * longer


def find_face(frame: NDArray) -> Face:
    """Find the face and its eyes with the cascades that come with OpenCV.

    Tried in this order: a face a fifth of the picture's shorter side wide or more, upright, then
    turned by 20 degrees to either side; then the same for faces half as wide. Of several faces the
    one the detector is surest of is taken; then eyes, also behind glasses; then eyes where the box
    of the face has them; at last the middle of the picture.

    Args:
        frame: uint8 `(H, W, 3)` RGB, `(H, W, 1)` or `(H, W)` gray.

    Returns:
        The face; its flags say what could not be found.

    Raises:
        InputError: The frame is no picture, or this OpenCV has no cascades.
    """
    gray = gray_picture(frame, "the frame")
    height, width = gray.shape
    scale = _DETECTION_SIDE / min(height, width)
    # Small pictures are enlarged, or the eyes would be smaller than the detector's window.
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if max(size) > 8 * _DETECTION_SIDE:  # a strip: no face fits in
        return _middle(width, height)
    small = _stretch(np.asarray(cv2.resize(gray, size, interpolation=interpolation), np.uint8))
    for share, turn in itertools.product(_FACE_SHARES, _TURNS):
        about = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), turn, 1.0)
        turned = small if turn == 0 else np.asarray(cv2.warpAffine(small, about, size), np.uint8)
        box = _surest_box(turned, share)
        if box is None:
            continue
        x, y, side, weight, others = box
        eyes = _find_eyes(turned[y : y + side, x : x + side])
        found = eyes is not None
        if not found and weight < _SURE:
            continue
        if turn != 0 and not _seen_again(turned, (x + side / 2, y + side / 2), side):
            continue
        points = np.array(eyes if found else _BOX_EYES) * (1 if found else side) + (x, y)
        back = cv2.invertAffineTransform(about)
        points = points @ back[:, :2].T + back[:, 2]
        # Pixel centres lie at whole numbers, so half a pixel goes with each change of scale.
        points = (points + 0.5) / (size[0] / width, size[1] / height) - 0.5
        left, right = (tuple(point) for point in points.tolist())
        return Face(left, right, side / scale, () if found else ("eyes_not_found",), others)
    return _middle(width, height)


def _stretch(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture over the whole range of gray: the detector passes over dark, flat ones."""
    low, high = np.percentile(gray, (1, 99))
    if high - low < 8:
        return gray
    table = np.rint((np.arange(256) - low) * (255 / (high - low))).clip(0, 255)
    return np.asarray(cv2.LUT(gray, table.astype(np.uint8)), np.uint8)


def _surest_box(gray: NDArray[np.uint8], share: float) -> tuple[int, int, int, float, int] | None:
    """Left, top, side and weight of the surest face, and the number of others.

    The surest need not be the largest. Others are counted that are more than half as large, lie
    beside it and would be believed without eyes.

    Looked for are those that take this share of the picture's shorter side, or more.
    """
    smallest = max(20, round(min(gray.shape) * share))
    boxes, _, weights = _cascade("face").detectMultiScale3(
        gray,
        scaleFactor=1.1,
        minNeighbors=3,
        minSize=(smallest, smallest),
        outputRejectLevels=True,
    )
    if len(boxes) == 0:
        return None
    surest = int(np.argmax(weights))
    places, sure = np.asarray(boxes), np.ravel(weights)
    x, y, side, _ = (int(number) for number in boxes[surest])
    apart = np.abs(places[:, :2] + places[:, 2:] / 2 - (x + side / 2, y + side / 2)).max(axis=1)
    others = (sure >= _SURE) & (places[:, 2] > side / 2) & (apart > side / 2)
    return x, y, side, float(sure[surest]), int(others.sum())


def _seen_again(gray: NDArray[np.uint8], middle: tuple[float, float], side: int) -> bool:
    """Whether a face is found in the same place at another scale as well.

    What is taken for one by chance, as parts of a face that lies on its side are, is not.
    """
    smaller = cv2.resize(gray, None, fx=_AGAIN, fy=_AGAIN, interpolation=cv2.INTER_AREA)
    box = _surest_box(np.asarray(smaller, np.uint8), 0.8 * _AGAIN * side / min(smaller.shape))
    if box is None:
        return False
    x, y, found, *_ = (number / _AGAIN for number in box)
    return max(abs(x + found / 2 - middle[0]), abs(y + found / 2 - middle[1])) < 0.2 * side


def _find_eyes(face: NDArray[np.uint8]) -> list[tuple[float, float]] | None:
    """The surest pair of eyes in a picture of a face, in pixels of that picture."""
    side = face.shape[1]
    upper = np.ascontiguousarray(face[: int(0.6 * side)])
    for name in ("eye with glasses", "eye"):
        boxes, _, weights = _cascade(name).detectMultiScale3(
            upper,
            scaleFactor=1.05,
            minNeighbors=3,
            minSize=(side // _SMALLEST_EYE, side // _SMALLEST_EYE),
            maxSize=(side // 2, side // 2),
            outputRejectLevels=True,
        )
        eyes = [
            (x + (width - 1) / 2, y + (height - 1) / 2, float(weight))
            for (x, y, width, height), weight in zip(boxes, np.ravel(weights), strict=True)
        ]
        pairs = [
            (left[2] + right[2], left, right)
            for left in eyes
            for right in eyes
            if _are_a_pair(left, right, side)
        ]
        if pairs:
            _, left, right = max(pairs)
            return [left[:2], right[:2]]
    return None


def _are_a_pair(left: tuple[float, ...], right: tuple[float, ...], side: int) -> bool:
    """Whether two eyes are as far apart, as level and as low as those of a face in its box."""
    across, down = (right[0] - left[0]) / side, (right[1] - left[1]) / side
    middle, height = (left[0] + right[0]) / 2 / side, (left[1] + right[1]) / 2 / side
    return (
        0.25 < across < 0.6
        and abs(down) < 0.5 * across
        and 0.35 < middle < 0.65
        and 0.28 < height < 0.52
    )


def _middle(width: int, height: int) -> Face:
    """The middle of a picture, placed as if a face filled its shorter side."""
    side = min(width, height)
    x, y = (width - 1) / 2, (height - 1) / 2 + (EYE_LINE - 0.5) * side
    half = EYE_DISTANCE * side / 2
    return Face((x - half, y), (x + half, y), 0.0, ("face_not_found",))


def _cascade(name: str) -> cv2.CascadeClassifier:
    # A cascade holds buffers of its own: each thread has its own one.
    return _load_cascade(name, threading.get_ident())


@functools.lru_cache(maxsize=64)
def _load_cascade(name: str, thread: int) -> cv2.CascadeClassifier:
    data = getattr(cv2, "data", None)
    if data is None or not hasattr(cv2, "CascadeClassifier"):
        raise InputError(
            f"OpenCV {cv2.__version__} finds no faces: install opencv-python-headless>=4.10,<5"
        )
    file = Path(data.haarcascades) / _CASCADES[name]
    cascade = cv2.CascadeClassifier(str(file)) if file.is_file() else None
    if cascade is None or cascade.empty():
        raise InputError(f"{file} is missing: install opencv-python-headless>=4.10,<5 again")
    return cascade
