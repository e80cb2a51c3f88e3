"""Where the parts of an aligned face lie, and how far each has moved between two pictures of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.face_detection import EYE_DISTANCE

SIDE = 192  # pixels of the aligned face: movements of a camera pixel remain half of one
EYES = EYE_DISTANCE * SIDE  # pixels between the eyes there, the unit of all displacements
_STILL = 0.012  # eye distances by which a part may differ from the movement of the head
_LINEAR = 0.7  # pixels: a larger displacement is refined, for the first step falls short of it


class Region(NamedTuple):
    """A rectangle of the aligned face; centre and half size in parts of its side."""

    name: str
    x: float
    y: float
    width: float
    height: float


def _both_sides(name: str, x: float, y: float, width: float, height: float) -> list[Region]:
    return [
        Region(f"left {name}", x, y, width, height),
        Region(f"right {name}", 1 - x, y, width, height),
    ]


# The first is what moves with the skull alone; left is the left of the picture.
REGIONS: tuple[Region, ...] = (
    Region("nose bridge", 0.5, 0.47, 0.06, 0.11),
    *_both_sides("inner brow", 0.43, 0.235, 0.06, 0.06),
    *_both_sides("outer brow", 0.27, 0.235, 0.06, 0.06),
    *_both_sides("eye", 0.325, 0.365, 0.08, 0.045),
    *_both_sides("nose wing", 0.43, 0.56, 0.045, 0.05),
    *_both_sides("cheek", 0.28, 0.50, 0.07, 0.06),
    *_both_sides("mouth corner", 0.375, 0.70, 0.06, 0.055),
    *_both_sides("lip", 0.46, 0.67, 0.04, 0.04),
    *_both_sides("chin", 0.46, 0.86, 0.05, 0.06),
)
NAMES = tuple(region.name for region in REGIONS)


def places(*words: str) -> NDArray[np.intp]:
    """Numbers of the regions whose names end in one of the words."""
    return np.array([k for k, name in enumerate(NAMES) if name.endswith(words)], np.intp)


EYE = places("eye")
LOWER = places("mouth corner", "lip", "chin")
SKIN = np.setdiff1d(np.arange(1, len(REGIONS)), EYE)  # all that expressions are read from
CENTRES = np.array([(region.x, region.y) for region in REGIONS]) / EYE_DISTANCE  # eye distances
# How much each says about the head: the bridge most, lids and jaw nothing.
_RIGID = np.array([4.0 if k == 0 else 0.0 if k in EYE else 0.4 if k in LOWER else 1.0
                   for k in range(len(REGIONS))])  # fmt: skip


def _design() -> NDArray[np.float64]:
    """What shift right, shift down, growth and turn do to each region: `(regions * 2, 4)`."""
    x, y = (CENTRES - CENTRES[0]).T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = [np.stack([one, zero, x, -y], -1), np.stack([zero, one, y, x], -1)]
    return np.stack(rows, axis=1).reshape(-1, 4)


_DESIGN = _design()
_PRODUCTS = np.einsum("rci,rcj->rij", *[_DESIGN.reshape(-1, 2, 4)] * 2).reshape(-1, 16)


class RegionFlow:
    """Displacement of each region against one reference picture.

    Lucas and Kanade's least squares over a region as a whole: one displacement of it is far more
    exact than the mean of a dense flow, and a blink does not spread to the brows.

    Args:
        reference: float32 `(SIDE, SIDE)`, blurred, from `FaceTracker`.
    """

    def __init__(self, reference: NDArray[np.float32]) -> None:
        self.reference = reference
        slopes: Any = np.gradient(reference.astype(np.float64))
        rows, columns = slopes
        self._boxes, self._solve, self._centred = [], [], []
        for region in REGIONS:
            left, top = round((region.x - region.width) * SIDE), round((region.y - region.height)
                                                                       * SIDE)  # fmt: skip
            width, height = round(2 * region.width * SIDE), round(2 * region.height * SIDE)
            box = (slice(top, top + height), slice(left, left + width))
            gradient = np.stack([columns[box].ravel(), rows[box].ravel()])
            gradient -= gradient.mean(1, keepdims=True)  # the light of a region may change
            normal = gradient @ gradient.T
            # A region without texture, under a beam of light, is said not to move.
            normal += np.eye(2) * (1e-3 * np.trace(normal) + 1.0)
            self._boxes.append((box, (width, height)))
            self._solve.append(np.linalg.solve(normal, gradient))
            self._centred.append(reference[box].ravel() - reference[box].mean())

    def __call__(self, picture: NDArray[np.float32]) -> NDArray[np.float64]:
        """How far the regions went from the reference to a picture.

        Returns:
            `(regions, 2)`, to the right and downwards, in pixels of the aligned face.
        """
        moved = np.empty((len(REGIONS), 2))
        for k, (box, size) in enumerate(self._boxes):
            solve, centred = self._solve[k], self._centred[k]
            patch: NDArray = picture[box].ravel()
            moved[k] = solve @ (centred - (patch - patch.mean()))
            for _ in range(3):
                if np.abs(moved[k]).max() < _LINEAR:
                    break
                middle = (
                    box[1].start + (size[0] - 1) / 2 + moved[k, 0],
                    box[0].start + (size[1] - 1) / 2 + moved[k, 1],
                )
                patch = np.asarray(cv2.getRectSubPix(picture, size, middle), np.float32).ravel()
                step = solve @ (centred - (patch - patch.mean()))
                moved[k] += step
                if np.abs(step).max() < 0.1:
                    break
        limit = np.array([size for _, size in self._boxes]) / 2
        return np.clip(moved, -limit, limit)


def without_head(moved: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take out the shift, turn and growth that most regions follow: that of the head.

    Args:
        moved: `(n, regions, 2)` displacements, in eye distances.

    Returns:
        The same shape: what the face did by itself.
    """
    frames, flat = len(moved), moved.reshape(len(moved), -1)
    weights = np.broadcast_to(_RIGID, moved.shape[:2])
    rest = moved
    for _ in range(4):
        normal = (weights @ _PRODUCTS).reshape(frames, 4, 4) + 1e-6 * np.eye(4)
        right = (weights[..., None] * moved).reshape(frames, -1) @ _DESIGN
        motion = np.linalg.solve(normal, right[..., None])[..., 0]
        rest = (flat - motion @ _DESIGN.T).reshape(moved.shape)
        far = np.hypot(rest[..., 0], rest[..., 1])
        weights = _RIGID / (1 + (far / _STILL) ** 2) ** 2
    return rest
