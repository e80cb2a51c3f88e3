"""Flow of drawn action units: labelled motion of faces without a face, a camera or a licence.

Each action unit is a few hills of motion where its muscles pull, placed on a face by its eyes and
mouth. Clips draw a class, one of the combinations of units that go with it, strengths, sides and
places, and what cameras and heads add. The combinations follow the emotions that the Facial Action
Coding System and the datasets' own tables give them: brows drawn together, wrinkled noses, lifted
upper lips, tight or falling lips (negative), lip corners and cheeks drawn up (positive), brows and
lids up and a dropped jaw (surprise).

Strengths and places were drawn by hand beside mean maps of the development subjects of MEGC 2019
(`benchmarks/halves.py`), never of the others.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.features.flow import optical_strain


@dataclass(frozen=True)
class FaceLayout:
    """Where a face lies in its map, as parts of the map's side.

    Attributes:
        eye_row: Height of the eyes from the top.
        mouth_row: Height of the corners of the mouth.
        eye_offset: Distance of an eye from the midline, which is the middle of the map.
    """

    eye_row: float
    mouth_row: float
    eye_offset: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


# The 28 x 28 maps that STSTNet's authors published for MEGC 2019.
MEGC2019_MAPS = FaceLayout(eye_row=0.27, mouth_row=0.72, eye_offset=0.27)
# What `features.face` cuts: eyes at 0.36 and 0.35 apart; a mouth lies about as far below the eyes
# as they are apart.
CUT_FACES = FaceLayout(eye_row=0.36, mouth_row=0.73, eye_offset=0.175)

# Heights count from the eyes (0) to the mouth (1), distances from the midline in distances of an
# eye from it, extents in the same units. Motion is that of the left half of the map: (to the
# right, downwards); on the right half the first is mirrored.
_HILLS = {
    "inner brow up": [(-0.2, 0.53, 0.16, 0.33, -0.1, -1.0)],
    "outer brow up": [(-0.2, 1.13, 0.16, 0.4, 0.0, -1.0)],
    "brow down": [(-0.2, 0.67, 0.16, 0.47, 0.45, 0.9)],
    "lid up": [(0.0, 1.0, 0.08, 0.29, 0.0, -0.7)],
    "lid tight": [(0.04, 1.0, 0.095, 0.33, 0.0, -0.5)],
    "cheek up": [(0.4, 1.13, 0.24, 0.4, -0.35, -0.8)],
    "smile": [(0.95, 0.73, 0.2, 0.33, -0.6, -0.8), (0.63, 1.2, 0.24, 0.33, -0.55, -0.4)],
    "nose": [(0.4, 0.33, 0.2, 0.24, 0.1, -0.9), (-0.16, 0.4, 0.16, 0.27, 0.3, 0.5)],
    "upper lip": [(0.83, 0.4, 0.14, 0.29, 0.0, -0.9)],
    "dimple": [(0.99, 0.8, 0.16, 0.27, -0.9, -0.15)],
    "corner down": [(1.11, 0.8, 0.17, 0.29, -0.2, 0.9)],
    "chin": [(1.35, 0.07, 0.17, 0.47, 0.0, -0.9)],
    "press": [(0.91, 0.2, 0.095, 0.47, 0.0, 0.5), (1.15, 0.2, 0.095, 0.47, 0.0, -0.6)],
    "stretch": [(1.11, 0.87, 0.16, 0.33, -0.9, 0.3)],
    "jaw": [(1.27, 0.2, 0.24, 0.6, 0.0, 1.0)],
    "blink": [(-0.02, 1.0, 0.095, 0.29, 0.0, 0.8)],
}
ACTION_UNITS = tuple(_HILLS)
UNIT_NUMBERS = {
    "inner brow up": 1, "outer brow up": 2, "brow down": 4, "lid up": 5, "cheek up": 6,
    "lid tight": 7, "nose": 9, "upper lip": 10, "smile": 12, "dimple": 14, "corner down": 15,
    "chin": 17, "stretch": 20, "press": 24, "jaw": 26, "blink": 45,
}  # fmt: skip

# Of each class, combinations of units and how often each is drawn.
_COMBINATIONS = {
    "negative": {
        ("brow down",): 0.28, ("brow down", "lid tight"): 0.12,
        ("brow down", "inner brow up"): 0.05, ("nose",): 0.08, ("nose", "upper lip"): 0.05,
        ("upper lip",): 0.08, ("dimple",): 0.09, ("corner down",): 0.07, ("chin",): 0.06,
        ("press",): 0.05, ("stretch",): 0.03, ("lid tight",): 0.04,
    },
    "positive": {
        ("smile",): 0.40, ("smile", "cheek up"): 0.35, ("cheek up",): 0.10,
        ("smile", "dimple"): 0.15,
    },
    "surprise": {
        ("inner brow up", "outer brow up"): 0.40, ("inner brow up",): 0.15,
        ("outer brow up",): 0.15, ("inner brow up", "outer brow up", "lid up"): 0.10,
        ("inner brow up", "outer brow up", "jaw"): 0.10, ("jaw", "inner brow up"): 0.10,
    },
}  # fmt: skip
_BLINKS = 0.12  # share of clips in which the lids move besides
_ONE_SIDED = 0.25  # share of the movements that one side of the face makes far more weakly
# Extent in pixels and strength of what a camera and the flow method add.
_WAVES = ((1, 0.25), (3, 0.5), (6, 0.6))


def unit_places(unit: int, layout: FaceLayout = CUT_FACES) -> list[tuple[float, float]]:
    """Where an action unit moves a face: height and left to right, left half first, in parts of
    the map's side.

    Args:
        unit: Its number, of `UNIT_NUMBERS`.
        layout: Where the face lies.
    """
    (name,) = (name for name, number in UNIT_NUMBERS.items() if number == unit)
    height, distance, *_ = _HILLS[name][0]
    row = layout.eye_row + height * (layout.mouth_row - layout.eye_row)
    return [(row, 0.5 + sign * distance * layout.eye_offset) for sign in (-1, 1)]


def draw_motion(
    count: int,
    *,
    seed: int,
    layout: FaceLayout = MEGC2019_MAPS,
    size: int = 28,
    amplitude: float = 1.0,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw labelled flow maps of action units.

    Args:
        count: How many.
        seed: Of everything drawn; the same seed gives the same maps.
        layout: Where the face lies.
        size: Height and width of the maps in pixels.
        amplitude: What the movements of the face are multiplied by; heads and noise stay as they
            are. About 4 makes macro-expressions of them.

    Returns:
        Maps `(count, size, size, 3)` of u and v (to the right and downwards, a strong movement is
        about 1) and their strain, and class numbers `(count,)` into `MEGC2019_CLASSES`, as many of
        each as chance gives.
    """
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(MEGC2019_CLASSES), count)
    flow = np.empty((count, size, size, 3), np.float32)
    for number, label in enumerate(labels):
        motion, _ = draw_clip(random, MEGC2019_CLASSES[label], layout, size, amplitude)
        flow[number, ..., :2] = motion
        flow[number, ..., 2] = optical_strain(motion, cross_term=True)
    return flow, labels


def combinations_of(label: str) -> dict[tuple[str, ...], float]:
    """Combinations of `ACTION_UNITS` that go with a class, and the share of each."""
    shares = _COMBINATIONS[label]
    return {units: share / sum(shares.values()) for units, share in shares.items()}


def draw_units(random: np.random.Generator, label: str) -> tuple[str, ...]:
    """A combination of `ACTION_UNITS` that goes with a class."""
    combinations = _COMBINATIONS[label]
    shares = list(combinations.values())
    return list(combinations)[random.choice(len(shares), p=np.array(shares) / sum(shares))]


def draw_clip(
    random: np.random.Generator,
    label: str,
    layout: FaceLayout,
    size: int,
    amplitude: float = 1.0,
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """One clip of a class: u and v `(size, size, 2)`, and each unit's strength on both sides."""
    units = draw_units(random, label)
    motion, moved = np.zeros((size, size, 2)), {}
    place = random.normal(0, 0.036, 2) * (1, 0.8), np.exp(random.normal(0, 0.06))
    for unit in units:
        strength = amplitude * np.exp(random.normal(0, 0.35))
        moved[unit] = _move(motion, random, unit, strength, layout, place)
    if random.random() < _BLINKS:
        strength = random.choice((-1, 1)) * np.exp(random.normal(-0.3, 0.4))
        moved["blink"] = abs(_move(motion, random, "blink", strength, layout, place))
    return motion + draw_disturbance(random, size), moved


def _move(
    motion: NDArray[np.float64],
    random: np.random.Generator,
    unit: str,
    strength: float,
    layout: FaceLayout,
    place: tuple[NDArray[np.float64], float],
) -> NDArray[np.float64]:
    """Add the hills of an action unit on both sides of the face; return their strengths."""
    size = len(motion)
    pixels = (np.arange(size) + 0.5) / size
    moved, scale = place
    sides = np.exp(random.normal(0, 0.25, 2))
    if random.random() < _ONE_SIDED:
        sides[random.integers(2)] *= random.uniform(0, 0.4)
    face = layout.mouth_row - layout.eye_row
    for height, distance, tall, wide, across, down in _HILLS[unit]:
        for sign, side in zip((-1, 1), sides, strict=True):
            jitter = random.normal(0, 0.021, 2)
            # Larger or smaller faces grow around the middle of the map.
            row = 0.5 + (layout.eye_row + height * face - 0.5) * scale + moved[0] + jitter[0]
            column = 0.5 + sign * distance * layout.eye_offset * scale + moved[1] + jitter[1]
            extent = np.array([tall * face, wide * layout.eye_offset])
            extent *= np.exp(random.normal(0, 0.2, 2))
            rows = np.exp(-0.5 * np.square((pixels - row) / extent[0]))
            columns = np.exp(-0.5 * np.square((pixels - column) / extent[1]))
            hill = strength * side * rows[:, None] * columns
            motion[..., 0] += hill * (-sign * across + random.normal(0, 0.12))
            motion[..., 1] += hill * (down + random.normal(0, 0.12))
    return strength * sides


def draw_disturbance(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """What is left of the head's motion, and waves that the flow method makes of noise."""
    from scipy.ndimage import gaussian_filter

    grid = (np.mgrid[:size, :size] + 0.5) / size - 0.5
    turn, shift = random.normal(0, 0.34, (2, 2)), random.normal(0, 0.08, 2)
    disturbance = np.einsum("ij,jrc->rci", turn, grid) + shift
    for extent, strength in _WAVES:
        wave = random.normal(0, 1, (size, size, 2))
        wave = gaussian_filter(wave, (extent * size / 28, extent * size / 28, 0))
        disturbance += strength * abs(random.normal(0, 0.35)) * wave / wave.std()
    return disturbance
