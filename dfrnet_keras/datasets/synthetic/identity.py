"""Invented people: thirty numbers for a face, and where that face lies in the picture.

Everything is in face units: x to the right, y downwards, the origin between the eyes and the tip
of the nose, the chin at y = 1, the eyes near y = -0.12, the mouth near y = 0.53.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# Each trait is uniform between its two bounds.
_TRAITS = {
    "face_width": (0.70, 0.82), "eye_x": (0.30, 0.36), "eye_y": (-0.15, -0.09),
    "eye_width": (0.13, 0.165), "eye_height": (0.05, 0.075), "brow_rise": (0.18, 0.24),
    "brow_width": (0.17, 0.22), "brow_thickness": (0.025, 0.045), "brow_arch": (0.02, 0.07),
    "brow_tilt": (-0.12, 0.12), "nose_width": (0.11, 0.16), "nose_y": (0.22, 0.30),
    "mouth_y": (0.50, 0.56), "mouth_width": (0.22, 0.30), "upper_lip": (0.030, 0.055),
    "lower_lip": (0.045, 0.075), "hairline": (-0.86, -0.68), "hair_side": (0.0, 0.12),
    "light_x": (-0.45, 0.45), "light_y": (-0.5, -0.1), "skin_tone": (0.0, 1.0),
    "skin_brightness": (0.92, 1.08), "skin_texture": (0.6, 1.4), "hair_brightness": (0.6, 3.0),
    "lip_brightness": (0.9, 1.1), "iris_hue": (0.0, 1.0), "beard": (-0.6, 0.35),
    "freckles": (0.0, 1.0), "fold": (0.02, 0.10), "glasses": (-0.85, 0.15),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Identity:
    """One invented person.

    Attributes:
        seed: The numbers that the person follows from.
        traits: Shape, light and surface of the face, by name.
        gains: How strongly the person moves each action unit; the median person has 1.
    """

    seed: tuple[int, ...]
    traits: dict[str, float]
    gains: dict[int, float]


class Framing(NamedTuple):
    """Where the face lies in the picture.

    Attributes:
        width, height: Size of the picture in pixels.
        cx, cy: Where the origin of the face units falls, in pixels.
        scale: Pixels for one face unit.
    """

    width: int
    height: int
    cx: float
    cy: float
    scale: float

    @classmethod
    def cropped(cls, size: int) -> Framing:
        """A square that the face fills, as a face detector would cut it."""
        scale = 0.55 * size
        return cls(size, size, (size - 1) / 2, (size - 1) / 2 - 0.1 * scale, scale)

    @classmethod
    def raw(cls, width: int = 640, height: int = 480) -> Framing:
        """A camera picture with the head in the middle and room around it."""
        return cls(width, height, (width - 1) / 2, (height - 1) / 2, height / 3.2)


def make_identity(seed: int | tuple[int, ...], units: tuple[int, ...] = ()) -> Identity:
    """Draw a person.

    Args:
        seed: Equal seeds give equal people.
        units: Action units to draw gains for; any other has gain 1.
    """
    seed = (seed,) if isinstance(seed, int) else tuple(seed)
    rng = np.random.default_rng([*seed, 1])
    traits = {name: float(rng.uniform(low, high)) for name, (low, high) in _TRAITS.items()}
    # One generator a unit: adding a unit leaves everybody else's smile as it was.
    gains = {
        unit: float(np.exp(np.random.default_rng([*seed, unit, 2, 9]).normal(0, 0.35)))
        for unit in units
    }
    return Identity(seed, traits, gains)
