"""Frames of a drawn recording: one person is rendered once, then moved, lit and pictured.

Any frame is drawn alone, from its number: the sum of the fields of whatever moves in it, one
remapping of the person, the wall behind, light, and grain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic.face import render_person
from dfrnet_keras.datasets.synthetic.face_model import Head
from dfrnet_keras.datasets.synthetic.flow import FaceLayout
from dfrnet_keras.datasets.synthetic.identity import Framing, Identity
from dfrnet_keras.datasets.synthetic.unit_maps import draw_movement

_MAP_UNITS = 3.0  # face units along the side of the map of motion
_MAP_TOP = -1.25
_MAP_SIZE = 160
_SUPERSAMPLING = 2
_KEPT_FIELDS = 24  # of movements near each other in time; the others are drawn again when needed


@dataclass(frozen=True)
class DrawnInterval:
    """A movement of known place.

    Attributes:
        onset, apex, offset: Frame indexes from 0: still at the onset and the offset, strongest at
            the apex. What is kept for a while (turn, light, leave) is reached at the apex.
        kind: `"micro"` or `"macro"`, or one of `recordings.HAPPENINGS`.
        label: Class of an expression; None for other movements.
        units: Action units of an expression.
        strength: Largest displacement in pixels of the picture; of a turn radians, of light the
            part of the brightness.
        seed: What the movement was drawn from.
    """

    onset: int
    apex: int
    offset: int
    kind: str
    label: str | None
    units: tuple[int, ...]
    strength: float
    seed: tuple[int, ...] = field(repr=False)


def head_of(identity: Identity) -> Head:
    """The scanned face model, laid over a drawn person."""
    traits = identity.traits
    layout = FaceLayout(
        (traits["eye_y"] - _MAP_TOP) / _MAP_UNITS,
        (traits["mouth_y"] - _MAP_TOP) / _MAP_UNITS,
        traits["eye_x"] / _MAP_UNITS,
    )
    return Head(np.random.default_rng([*identity.seed, 21]), layout, _MAP_SIZE, pose=0.05)


def weight(movement: DrawnInterval, index: int) -> float:
    """Part of its strength that a movement has in a frame: 0 outside, 1 at its apex."""
    if not movement.onset < index < movement.offset:
        return 0.0
    if movement.kind in ("turn", "light", "leave"):  # reached at the apex, then kept for a while
        rise = movement.apex - movement.onset
        way = min((index - movement.onset) / rise, (movement.offset - index) / rise, 1.0)
    elif index <= movement.apex:
        way = (index - movement.onset) / (movement.apex - movement.onset)
    else:
        way = (movement.offset - index) / (movement.offset - movement.apex)
    smooth = 0.5 - 0.5 * float(np.cos(np.pi * way))
    # A macro-expression is soon there and slow to leave.
    return smooth**0.6 if movement.kind == "macro" else smooth


class Camera:
    """Draws the frames in which one person makes given movements.

    Args:
        identity: Who.
        size: Width and height of the picture.
        frame_rate: Frames a second.
        seed: What drift, tremor, flicker and grain follow from.
        drift: Whether the head wanders.
        flicker: Amplitude of the flicker of the light, as a part of one.
        noise: Standard deviation of the grain, in gray values.
    """

    def __init__(
        self,
        identity: Identity,
        size: tuple[int, int],
        frame_rate: float,
        *,
        seed: tuple[int, ...],
        drift: bool,
        flicker: float,
        noise: float,
    ) -> None:
        self.framing, self.frame_rate, self.seed = Framing.raw(*size), frame_rate, seed
        self._head, self._traits = head_of(identity), identity.traits
        width, height, cx, cy, scale = self.framing
        margin = int(np.ceil(0.5 * scale))  # shoulders below the picture, for a head that rises
        tall = Framing(width, height + margin, cx, cy, scale)
        person, wall = render_person(identity, tall, supersampling=_SUPERSAMPLING)
        # Whole gray values suffice under the grain, and remap three times as fast.
        self._person = np.rint(person).astype(np.uint8)
        wall = cv2.resize(wall, (width, height + margin), interpolation=cv2.INTER_AREA)
        self._wall = np.ascontiguousarray(np.rint(wall[:height]).astype(np.uint8))
        y, x = np.mgrid[:height, :width].astype(np.float32)
        self._x, self._y = x - np.float32(cx), y - np.float32(cy)
        random = np.random.default_rng([*seed, 22])
        self._drift, self._flicker = drift, flicker
        # Slow wandering and a small sway: shift right, down, roll, growth, three periods each.
        shortest, longest = np.array([[4.0], [9.0], [0.8]]), np.array([[9.0], [25.0], [2.0]])
        self._periods = np.exp(random.uniform(np.log(shortest), np.log(longest), (3, 4)))
        self._phases = random.uniform(0, 2 * np.pi, (3, 4))
        reach = np.array([[0.012], [0.025], [0.0015]]) * [scale, scale, 0.4, 0.4]
        self._reach = reach * random.uniform(0.4, 1.4, (3, 4))
        grain = random.standard_normal((height + 64, width + 64, 3), dtype=np.float32)
        self._grain = grain * np.float32(noise)
        slope = np.broadcast_to(self._x[..., None] / np.float32(width / 2), (height, width, 3))
        self._slope = np.ascontiguousarray(slope)
        self._turns = [_spread(self._head.turn(axis)) for axis in np.eye(3)[:2]]
        self._fields = lru_cache(_KEPT_FIELDS)(self._drawn_fields)

    def picture(self, index: int, movements: list[DrawnInterval]) -> NDArray[np.uint8]:
        """Frame number `index`, `movements` being those near it: uint8 `(height, width, 3)` RGB."""
        random = np.random.default_rng([*self.seed, 23, index])
        seconds = index / self.frame_rate
        field = np.zeros((_MAP_SIZE, _MAP_SIZE, 2), np.float32)
        shift, gain, slope = 0.0, 1.0, 0.0
        for movement in movements:
            part = weight(movement, index)
            if part == 0:
                continue
            if movement.kind == "leave":
                way = self.framing.width / 2 + 1.6 * self.framing.scale
                shift += _sign(movement) * part * way
            elif movement.kind == "light":
                gain += part * movement.strength * _sign(movement)
                slope += part * movement.strength * 0.6
            else:
                for number, one in enumerate(self._fields(movement)):
                    field += np.float32(part * _syllable(movement, number, seconds)) * one
        moved = self._warp(field, self._pose(seconds, shift))
        cover = moved[..., 3].astype(np.float32) * np.float32(1 / 255)
        front = np.ascontiguousarray(moved[..., :3])
        seen = cv2.blendLinear(front, self._wall, cover, 1 - cover)
        if slope:
            seen = cv2.multiply(seen, 1 + np.float32(slope) * self._slope, dtype=cv2.CV_8U)
        beat = np.sin(2 * np.pi * 0.49 * index) + random.standard_normal()
        gain *= 1 + self._flicker * beat / 2
        down, right = random.integers(64, size=2).tolist()
        height, width = seen.shape[:2]
        grain = self._grain[down : down + height, right : right + width]
        taken = cv2.addWeighted(seen, gain, grain, random.choice((-1.0, 1.0)), 0, dtype=cv2.CV_8U)
        return np.asarray(taken, np.uint8)

    def _pose(self, seconds: float, shift: float) -> tuple[float, float, float, float]:
        """Shift to the right and downwards in pixels, roll in radians, growth as a part of one."""
        turned = 2 * np.pi * seconds / self._periods + self._phases
        wander = (np.sin(turned) * self._reach).sum(0) * self._drift
        right, down, roll, growth = wander.tolist()
        return right + shift, down, roll, growth

    def _warp(self, field: NDArray, pose: tuple[float, float, float, float]) -> NDArray[np.uint8]:
        right, down, roll, growth = pose
        cosine = np.float32(np.cos(roll) / (1 + growth))
        sine = np.float32(np.sin(roll) / (1 + growth))
        x, y = self._x - np.float32(right), self._y - np.float32(down)
        back_x, back_y = cosine * x + sine * y, cosine * y - sine * x
        if field.any():
            cells = np.float32(_MAP_SIZE / (_MAP_UNITS * self.framing.scale))
            columns = back_x * cells + np.float32(_MAP_SIZE / 2 - 0.5)
            rows = back_y * cells - np.float32(_MAP_TOP / _MAP_UNITS * _MAP_SIZE + 0.5)
            moved = cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderValue=0)
            back_x, back_y = back_x - moved[..., 0], back_y - moved[..., 1]
        points = np.float32(_SUPERSAMPLING)
        source_x = (back_x + np.float32(self.framing.cx + 0.5)) * points - np.float32(0.5)
        source_y = (back_y + np.float32(self.framing.cy + 0.5)) * points - np.float32(0.5)
        moved = cv2.remap(self._person, source_x, source_y, cv2.INTER_LINEAR, borderValue=0)
        return np.asarray(moved, np.uint8)

    def _drawn_fields(self, movement: DrawnInterval) -> list[NDArray[np.float32]]:
        """Fields of a movement at full strength, in pixels of the picture: four where it talks."""
        random = np.random.default_rng(movement.seed)
        if movement.kind == "turn":
            angles = random.normal(0, 1, 2)
            angles *= movement.strength / np.linalg.norm(angles)
            pixels = _MAP_UNITS * self.framing.scale
            turned = angles[0] * self._turns[0] + angles[1] * self._turns[1]
            return [(turned * pixels).astype(np.float32)]
        if movement.kind == "speech":
            drawn = [draw_movement(random, "speech", self._head)[0] for _ in range(4)]
        elif movement.kind in ("micro", "macro"):
            drawn = [draw_expression(random, self._head)[0]]
        else:
            drawn = [draw_movement(random, movement.kind, self._head)[0]]
            if movement.kind == "blink":  # lids that close, not open
                drawn[0] *= np.sign(drawn[0][..., 1].sum())
        return [_scaled(field, movement.strength) for field in drawn]


def draw_expression(
    random: np.random.Generator, head: Head, free: float = 0.2
) -> tuple[NDArray[np.float64], int, NDArray[np.float32]]:
    """As `draw_movement`, without a blink: the largest displacement is that of the expression."""
    while True:
        drawn = draw_movement(random, "expression", head, free)
        if not drawn[2][-1].any():
            return drawn


def _scaled(field: NDArray, strength: float) -> NDArray[np.float32]:
    largest = max(float(np.linalg.norm(field, axis=-1).max()), 1e-6)
    return (field * (strength / largest)).astype(np.float32)


def _syllable(movement: DrawnInterval, number: int, seconds: float) -> float:
    """Speech goes to and fro at about four syllables a second; all else takes its own course."""
    if movement.kind != "speech":
        return 1.0
    rate = 2.1 + 0.9 * number
    return float(np.sin(2 * np.pi * rate * seconds + movement.seed[-1] + number)) / 1.5


def _sign(movement: DrawnInterval) -> int:
    return 1 if movement.seed[-1] % 2 else -1


def _spread(field: NDArray) -> NDArray[np.float64]:
    """Let hair and neck go with the face, less and less far from it."""
    known = (np.abs(field).sum(-1) > 0).astype(np.float64)
    total, near = np.zeros_like(field), np.zeros_like(known)
    for width in (3, 9, 20):
        share = cv2.GaussianBlur(known, (0, 0), width)
        total += cv2.GaussianBlur(field, (0, 0), width) * 10.0 ** (-width)
        near += share * 10.0 ** (-width)
    filled = total / np.maximum(near, 1e-300)[..., None]
    fade = np.clip(2.5 * cv2.GaussianBlur(known, (0, 0), 14), 0, 1)
    inside = cv2.GaussianBlur(known, (0, 0), 1.5)
    inside = np.clip(2 * inside - 1, 0, 1)[..., None]
    return inside * field + (1 - inside) * filled * fade[..., None]
