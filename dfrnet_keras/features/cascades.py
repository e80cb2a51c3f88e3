"""What the cascades that come with OpenCV see: boxes of faces, and eyes in them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError

_SMALLEST_EYE = 7  # part of the width of a face; that of an eye is about a quarter of it
# Weight of a box that is believed without eyes: upright faces have 56 to 58, and what is taken for
# a face in textures has 54 to 56.
SURE = 56.0
_AGAIN = 0.87  # scale of the second look: not one of the detector's own steps of 1.1
_CASCADES = {
    "face": "haarcascade_frontalface_alt2.xml",
    "eye with glasses": "haarcascade_eye_tree_eyeglasses.xml",
    "eye": "haarcascade_eye.xml",
}


def stretch(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture over the whole range of gray: the detector passes over dark, flat ones."""
    low, high = np.percentile(gray, (1, 99))
    if high - low < 8:
        return gray
    table = np.rint((np.arange(256) - low) * (255 / (high - low))).clip(0, 255)
    return np.asarray(cv2.LUT(gray, table.astype(np.uint8)), np.uint8)


class Box(NamedTuple):
    """Left, top, side and weight of a box, and the number of others beside it."""

    x: int
    y: int
    side: int
    weight: float
    others: int


def boxes(gray: NDArray[np.uint8], share: float) -> Iterator[Box]:
    """Boxes of faces, the surest first: it need not be the largest.

    Others are counted that are more than half as large, lie beside it and would be believed
    without eyes.

    Looked for are those that take this share of the picture's shorter side, or more.
    """
    smallest = max(20, round(min(gray.shape) * share))
    found, _, weights = _cascade("face").detectMultiScale3(
        gray,
        scaleFactor=1.1,
        minNeighbors=3,
        minSize=(smallest, smallest),
        outputRejectLevels=True,
    )
    places, sure = np.asarray(found).reshape(-1, 4), np.ravel(weights)
    for index in np.argsort(-sure, kind="stable"):
        x, y, side, _ = (int(number) for number in places[index])
        apart = np.abs(places[:, :2] + places[:, 2:] / 2 - (x + side / 2, y + side / 2)).max(axis=1)
        others = (sure >= SURE) & (places[:, 2] > side / 2) & (apart > side / 2)
        yield Box(x, y, side, float(sure[index]), int(others.sum()))


def seen_again(gray: NDArray[np.uint8], middle: tuple[float, float], side: int) -> bool:
    """Whether a face is found in the same place at another scale as well.

    What is taken for one by chance, as parts of a face that lies on its side are, is not.
    """
    smaller = cv2.resize(gray, None, fx=_AGAIN, fy=_AGAIN, interpolation=cv2.INTER_AREA)
    share = 0.8 * _AGAIN * side / min(smaller.shape)
    box = next(boxes(np.asarray(smaller, np.uint8), share), None)
    if box is None:
        return False
    x, y, found = (number / _AGAIN for number in box[:3])
    return max(abs(x + found / 2 - middle[0]), abs(y + found / 2 - middle[1])) < 0.2 * side


def find_eyes(face: NDArray[np.uint8]) -> list[tuple[float, float]] | None:
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
