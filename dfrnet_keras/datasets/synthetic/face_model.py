"""Flow of a scanned face model: any person, pose, action unit and side, on any face layout.

`face_model.npz` holds the front of the ICT Face Model Light in 1,400 points
(`benchmarks/reduce_face_model.py`); `face_model_license.txt` is its licence (MIT), which goes with
whatever is made from it.

Reference:
    Li et al., "Learning Formation of Physically-Based Face Attributes", CVPR 2020.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dfrnet_keras.datasets.synthetic.flow import FaceLayout

# Action unit -> movements of the model that it is made of, each with its share. A name that ends
# in _ has two sides; the model calls the side of the face's owner left, which is right in the map.
UNIT_SHAPES: dict[int, tuple[tuple[str, float], ...]] = {
    1: (("browInnerUp_", 1),),
    2: (("browOuterUp_", 1),),
    4: (("browDown_", 1),),
    5: (("eyeWide_", 1),),
    6: (("cheekRaiser_", 1), ("cheekSquint_", 0.3)),
    7: (("eyeSquint_", 1),),
    9: (("noseSneer_", 1),),
    10: (("mouthUpperUp_", 1),),
    12: (("mouthSmile_", 1),),
    14: (("mouthDimple_", 1),),
    15: (("mouthFrown_", 1),),
    17: (("mouthShrugLower", 1),),
    20: (("mouthStretch_", 1),),
    24: (("mouthPress_", 1), ("mouthRollLower", 0.2), ("mouthRollUpper", 0.2)),
    26: (("jawOpen", 1), ("mouthLowerDown_", 0.3)),
    45: (("eyeBlink_", 1),),
}
UNITS = tuple(UNIT_SHAPES)
UNIT_NAMES = {
    1: "inner brow up", 2: "outer brow up", 4: "brow down", 5: "upper lid up", 6: "cheek up",
    7: "lid tight", 9: "nose wrinkled", 10: "upper lip up", 12: "lip corner up", 14: "dimple",
    15: "lip corner down", 17: "chin up", 20: "lips stretched", 24: "lips tight or pressed",
    26: "lips part or jaw drops", 45: "blink",
}  # fmt: skip
_SIDES = ("_R", "_L")  # left and right half of the map


class Head:
    """One person in one pose, in a map.

    Args:
        random: What person and pose are drawn from.
        layout: Where eyes and mouth lie.
        size: Height and width of the map in pixels.
        pose: Standard deviation of turn and nod, in radians.
    """

    def __init__(
        self, random: np.random.Generator, layout: FaceLayout, size: int = 28, pose: float = 0.12
    ) -> None:
        from scipy.spatial import Delaunay

        model = _model()
        weights = random.normal(0, 1, len(model["identities"]))
        points = model["neutral"] + np.tensordot(weights, model["identities"], 1)
        self._rotation = _rotation(*random.normal(0, pose, 2))
        points = points @ self._rotation.T
        right, left, mouth = points[model["corners"]].reshape(3, 2, 3).mean(1)
        eyes = (left + right) / 2
        across = 2 * layout.eye_offset / abs(left[0] - right[0])
        down = (layout.mouth_row - layout.eye_row) / abs(eyes[1] - mouth[1])
        self._scale = np.array([across, -down])
        flat = (points[:, :2] - eyes[:2]) * self._scale + (0.5, layout.eye_row)
        mesh = Delaunay(flat)
        pixels = (np.arange(size) + 0.5) / size
        grid = np.stack(np.meshgrid(pixels, pixels), -1).reshape(-1, 2)
        found = mesh.find_simplex(grid)
        part = mesh.transform[found]
        share = np.einsum("nij,nj->ni", part[:, :2], grid - part[:, 2])
        self._shares = np.c_[share, 1 - share.sum(1)] * (found >= 0)[:, None]
        self._points = mesh.simplices[found]
        self._own = (points - points.mean(0)) @ self._rotation
        self.size = size

    def _field(self, moved: NDArray) -> NDArray[np.float64]:
        flat = (moved @ self._rotation.T)[:, :2] * self._scale
        field = np.einsum("nk,nkc->nc", self._shares, flat[self._points])
        return field.reshape(self.size, self.size, 2)

    def shape(self, name: str) -> NDArray[np.float64]:
        """Flow of one movement of the model at full strength, `(size, size, 2)` in map sides."""
        return self._field(_model()["expressions"][_model()["places"][name]])

    def unit(self, unit: int, sides: ArrayLike) -> NDArray[np.float64]:
        """Flow of an action unit.

        Args:
            unit: One of `UNITS`.
            sides: Strength in the left and in the right half of the map, 1 being the model's most.
        """
        return self.both(UNIT_SHAPES[unit], sides)

    def both(self, shapes: tuple[tuple[str, float], ...], sides: ArrayLike) -> NDArray[np.float64]:
        """Flow of movements of the model by name and share; a name that ends in _ has two sides."""
        total = np.zeros((self.size, self.size, 2))
        for name, share in shapes:
            if name.endswith("_"):
                for end, strength in zip(_SIDES, np.asarray(sides).tolist(), strict=True):
                    total += share * strength * self.shape(name[:-1] + end)
            else:
                total += share * float(np.asarray(sides).mean()) * self.shape(name)
        return total

    def turn(self, angles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Flow of a small turn of the head around x, y and z, in radians, with its parallax."""
        return self._field(np.cross(angles, self._own))


@cache
def _model() -> dict:
    with np.load(Path(__file__).with_name("face_model.npz"), allow_pickle=False) as file:
        model = {name: file[name] for name in file.files}
    for name in ("neutral", "expressions", "identities"):
        model[name] = model[name].astype(np.float64)
    model["places"] = {str(name): place for place, name in enumerate(model.pop("names"))}
    return model


def _rotation(turn: float, nod: float) -> NDArray[np.float64]:
    from scipy.spatial.transform import Rotation

    return Rotation.from_euler("yx", [turn, nod]).as_matrix().T
