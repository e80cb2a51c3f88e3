"""How invented faces move: action units, the classes made of them, and the true field of motion.

Action units are those of the Facial Action Coding System. Each is a handful of Gaussian hills of
displacement, placed by the traits of the face, mirrored on the other side, in face units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic.identity import Framing, Identity


class _Hill(NamedTuple):
    """Skin around `anchor + (x, y)`, over `width` x `height`, moves outwards and downwards.

    x counts in eye distances at the brow and the eye, in half mouth widths at the mouth, and in
    face units elsewhere; `middle` hills are not mirrored.
    """

    anchor: str
    x: float
    y: float
    width: float
    height: float
    outwards: float
    downwards: float


ACTION_UNITS = {
    1: (_Hill("brow", 0.50, 0.00, 0.13, 0.15, -0.05, -1.00),),  # inner brow raiser
    2: (_Hill("brow", 1.35, 0.00, 0.15, 0.14, 0.05, -0.90),),  # outer brow raiser
    4: (_Hill("brow", 0.60, 0.02, 0.17, 0.15, -0.55, 0.75),),  # brow lowerer
    5: (_Hill("eye", 1.00, -0.06, 0.13, 0.05, 0.00, -0.60),),  # upper lid raiser
    6: (_Hill("cheek", 0.42, 0.12, 0.20, 0.13, -0.05, -0.75),),  # cheek raiser
    7: (_Hill("eye", 1.00, 0.05, 0.13, 0.05, 0.00, -0.60),),  # lid tightener
    9: (  # nose wrinkler
        _Hill("cheek", 0.12, 0.14, 0.11, 0.14, 0.05, -0.80),
        _Hill("mouth", 0.45, -0.05, 0.10, 0.05, 0.00, -0.50),
    ),
    10: (_Hill("mouth", 0.45, -0.05, 0.13, 0.06, 0.00, -0.80),),  # upper lip raiser
    12: (_Hill("mouth", 1.00, 0.00, 0.14, 0.11, 0.70, -0.70),),  # lip corner puller
    14: (_Hill("mouth", 1.05, 0.00, 0.10, 0.08, 0.70, 0.05),),  # dimpler
    15: (_Hill("mouth", 0.98, 0.02, 0.12, 0.10, 0.10, 0.90),),  # lip corner depressor
    17: (_Hill("middle", 0.00, 0.78, 0.16, 0.10, 0.00, -0.90),),  # chin raiser
    20: (_Hill("mouth", 1.00, 0.03, 0.13, 0.10, 0.90, 0.10),),  # lip stretcher
    26: (_Hill("middle", 0.00, 0.74, 0.30, 0.18, 0.00, 1.10),),  # jaw drop
    45: (_Hill("eye", 1.00, -0.05, 0.14, 0.045, 0.00, 1.00),),  # blink
}

# What people of each class do: action units with their strengths, and how often.
_RECIPES: dict[str, tuple[tuple[dict[int, float], float], ...]] = {
    "negative": (
        ({4: 1.0}, 0.35),
        ({4: 0.8, 7: 0.6}, 0.20),
        ({9: 0.9, 10: 0.6}, 0.15),
        ({15: 0.9, 17: 0.5}, 0.15),
        ({4: 0.6, 15: 0.6}, 0.15),
    ),
    "positive": (({12: 1.0}, 0.45), ({12: 0.9, 6: 0.8}, 0.45), ({6: 0.9}, 0.10)),
    "surprise": (
        ({1: 0.9, 2: 1.0}, 0.50),
        ({1: 0.8, 2: 0.8, 5: 0.7}, 0.25),
        ({1: 0.7, 2: 0.7, 26: 0.7}, 0.25),
    ),
}


@dataclass(frozen=True)
class ClipSpec:
    """What happens in one clip; with the identity and the framing it fixes every pixel.

    Attributes:
        label: Class of the movement.
        weights: Largest displacement by each action unit at the apex, in pixels.
        sides: Multiplier of an action unit on one side of the face, by (unit, -1 or 1).
        frames: Number of frames.
        onset, apex, offset: Indexes of the first, the strongest and the last frame of movement.
        seed: What the sensor noise, the drift and the flicker follow from.
        noise: Standard deviation of the sensor noise at middle gray, in gray values.
        drift: About how far the head moves over the clip, in pixels.
        flicker: Amplitude of the flicker of the light, as a part of one.
    """

    label: str
    weights: Mapping[int, float]
    sides: Mapping[tuple[int, int], float]
    frames: int
    onset: int
    apex: int
    offset: int
    seed: tuple[int, ...]
    noise: float = 0.0
    drift: float = 0.0
    flicker: float = 0.0


def sample_spec(
    identity: Identity,
    label: str,
    seed: int | tuple[int, ...],
    *,
    frames: int = 11,
    still: int = 0,
    amplitude: tuple[float, float] = (0.4, 1.2),
    distractors: float = 0.5,
    noise: float = 3.0,
    drift: float = 0.6,
    flicker: float = 0.01,
) -> ClipSpec:
    """Draw what a person does in one clip.

    Args:
        identity: Who acts; their gains scale the action units.
        label: `"negative"`, `"positive"` or `"surprise"`.
        seed: Equal seeds give equal clips of a person, whatever was drawn before.
        frames, still, amplitude, distractors, noise, drift, flicker: See `plan_clips`; the
            amplitude is that of a person and an action unit of strength 1.
    """
    seed = (seed,) if isinstance(seed, int) else tuple(seed)
    seed = (*identity.seed, *seed)
    rng = np.random.default_rng([*seed, 4])
    recipes = _RECIPES[label]
    recipe = recipes[rng.choice(len(recipes), p=[share for _, share in recipes])][0]
    pixels = float(rng.uniform(*amplitude))
    weights = {
        unit: pixels * strength * identity.gains.get(unit, 1.0) * float(np.exp(rng.normal(0, 0.2)))
        for unit, strength in recipe.items()
    }
    for unit in rng.choice(list(ACTION_UNITS), 2, replace=False).tolist():
        weights[unit] = weights.get(unit, 0.0) + pixels * distractors * abs(float(rng.normal()))
    sides = {
        (unit, side): float(np.clip(1 + rng.normal(0, 0.3), 0.2, 1.8))
        for unit in weights
        for side in (-1, 1)
    }
    length = frames - 1 - 2 * still
    apex = still + min(max(1, round(length * rng.uniform(0.3, 0.65))), length - 1)
    return ClipSpec(
        label, weights, sides, frames, still, apex, still + length, seed, noise, drift, flicker
    )


def displacement(identity: Identity, spec: ClipSpec, framing: Framing) -> NDArray[np.float32]:
    """Movement at the apex, seen from the moved picture: `moved(x) = neutral(x - field(x))`.

    Returns:
        float32 `(height, width, 2)`, to the right then downwards, in pixels.
    """
    x = (np.arange(framing.width) - framing.cx) / framing.scale
    y = (np.arange(framing.height) - framing.cy) / framing.scale
    field = np.zeros((framing.height, framing.width, 2))
    for unit, pixels in spec.weights.items():
        for hill in ACTION_UNITS[unit]:
            at_x, at_y = _centre(identity, hill)
            for side in (1,) if hill.anchor == "middle" else (-1, 1):
                strength = pixels * spec.sides.get((unit, side), 1.0)
                column = np.exp(-0.5 * ((x - side * at_x) / hill.width) ** 2)
                row = np.exp(-0.5 * ((y - at_y) / hill.height) ** 2)
                shape = strength * row[:, None] * column[None, :]
                field[..., 0] += shape * hill.outwards * side
                field[..., 1] += shape * hill.downwards
    return field.astype(np.float32)


def _centre(identity: Identity, hill: _Hill) -> tuple[float, float]:
    traits = identity.traits
    brow = traits["eye_y"] - traits["brow_rise"] - traits["brow_arch"] / 2
    width, height = {
        "brow": (traits["eye_x"], brow),
        "eye": (traits["eye_x"], traits["eye_y"]),
        "mouth": (traits["mouth_width"], traits["mouth_y"]),
    }.get(hill.anchor, (1.0, 0.0))
    return width * hill.x, height + hill.y


def forward_flow(field: NDArray[np.float32], *, rounds: int = 12) -> NDArray[np.float32]:
    """The same movement seen from the neutral picture: what is at `x` goes to `x + flow(x)`.

    Solves `flow(x) = field(x + flow(x))` by repeated substitution, which settles as long as the
    skin does not fold over itself.

    Args:
        field: float32 `(height, width, 2)` as from `displacement`.
        rounds: Number of substitutions.
    """
    height, width = field.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    flow = field
    for _ in range(rounds):
        flow = look_up(field, x + flow[..., 0], y + flow[..., 1])
    return flow


def look_up(
    picture: NDArray[np.float32], x: NDArray, y: NDArray, border: int = cv2.BORDER_REPLICATE
) -> NDArray[np.float32]:
    """The values of a picture between its points, linearly interpolated."""
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border), np.float32)


def intensity(spec: ClipSpec) -> NDArray[np.float64]:
    """Strength of the movement in each frame: 0 up to the onset, 1 at the apex, 0 at the offset."""
    frame = np.arange(spec.frames)
    knots = (spec.onset, spec.apex, spec.offset)
    return 0.5 - 0.5 * np.cos(np.pi * np.interp(frame, knots, (0.0, 1.0, 0.0)))


def head_path(spec: ClipSpec, framing: Framing) -> NDArray[np.float64]:
    """A slow random walk of the head, at rest in the onset frame.

    Returns:
        `(frames, 4)`: shift to the right and downwards in pixels, turn in radians, growth as a
        part of one.
    """
    rng = np.random.default_rng([*spec.seed, 5])
    walk = np.cumsum(rng.standard_normal((spec.frames, 4)), axis=0)
    window = max(3, spec.frames // 4 * 2 + 1)
    padded = np.pad(walk, ((window // 2, window // 2), (0, 0)), "edge")
    kernel = np.full(window, 1 / window)
    smooth = np.stack([np.convolve(column, kernel, "valid") for column in padded.T], axis=1)
    smooth = (smooth - smooth[spec.onset]) / np.sqrt(spec.frames) * spec.drift
    # A turn or growth moves the outline of the face about a third as far as a shift does.
    smooth[:, 2:] *= 0.3 / framing.scale
    return smooth
