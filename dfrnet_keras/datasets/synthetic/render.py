"""Turns a plan of what an invented face does into frames, and into the true field of motion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing, Identity
from dfrnet_keras.datasets.synthetic.motion import (
    ClipSpec,
    displacement,
    forward_flow,
    head_path,
    intensity,
    look_up,
)

SUPERSAMPLING = 2


@dataclass(frozen=True, eq=False)
class SyntheticClip:
    """One rendered clip and the truth about it.

    Attributes:
        frames: uint8 `(n, H, W, 3)` RGB.
        onset, apex, offset: Indexes of the first, the strongest and the last frame of movement.
        label: Class of the movement.
        field: float32 `(H, W, 2)`, the true flow from onset to apex in the convention of
            `optical_flow`: face and head together, u then v, in pixels.
        expression: The same without the movement of the head.
    """

    frames: NDArray[np.uint8]
    onset: int
    apex: int
    offset: int
    label: str
    field: NDArray[np.float32]
    expression: NDArray[np.float32]


def render_clip(
    identity: Identity,
    spec: ClipSpec,
    framing: Framing | None = None,
    *,
    face: NDArray[np.float32] | None = None,
) -> SyntheticClip:
    """Render all frames of a clip.

    Args:
        identity: Who acts, from `make_identity`.
        spec: What happens, from `sample_spec`.
        framing: Where the face lies; by default it fills a square of 128 pixels.
        face: What `render_face(identity, framing)` gave, to save drawing the person again.
    """
    framing = Framing.cropped(128) if framing is None else framing
    if face is None:
        face = render_face(identity, framing, supersampling=SUPERSAMPLING)
    field = displacement(identity, spec, framing)
    strength, path = intensity(spec), head_path(spec, framing)
    frames = [
        _expose(_warp(face, float(strength[index]) * field, path[index], framing), spec, index)
        for index in range(spec.frames)
    ]
    expression = forward_flow(field)
    return SyntheticClip(
        np.stack(frames),
        spec.onset,
        spec.apex,
        spec.offset,
        spec.label,
        _moved_with_head(expression, path[spec.apex], framing),
        expression,
    )


def _warp(
    face: NDArray[np.float32],
    field: NDArray[np.float32],
    head: NDArray[np.float64],
    framing: Framing,
) -> NDArray[np.float32]:
    """The face moved by its expression and then with the head, one point a pixel."""
    right, down, turn, growth = head.tolist()
    cosine, sine = np.cos(turn) / (1 + growth), np.sin(turn) / (1 + growth)
    y, x = np.mgrid[: framing.height, : framing.width].astype(np.float32)
    x, y = x - framing.cx - right, y - framing.cy - down
    back = np.stack([cosine * x + sine * y, cosine * y - sine * x], axis=-1)
    back = back.astype(np.float32) + np.array([framing.cx, framing.cy], np.float32)
    # The expression belongs to the head: look it up where the head would be at rest.
    moved = look_up(field, back[..., 0], back[..., 1])
    # cv2.remap counts in steps of 1/32 pixel; twice the points make that 1/64 of ours.
    source = ((back - moved) + np.float32(0.5)) * SUPERSAMPLING - np.float32(0.5)
    return look_up(face, source[..., 0], source[..., 1], cv2.BORDER_REFLECT)


def _moved_with_head(
    flow: NDArray[np.float32], head: NDArray[np.float64], framing: Framing
) -> NDArray[np.float32]:
    """Flow of each point by its expression and then with the head."""
    y, x = np.mgrid[: framing.height, : framing.width]
    right, down, turn, growth = head.tolist()
    cosine, sine = np.cos(turn) * (1 + growth), np.sin(turn) * (1 + growth)
    at_x, at_y = x + flow[..., 0] - framing.cx, y + flow[..., 1] - framing.cy
    to_x = cosine * at_x - sine * at_y + framing.cx + right
    to_y = sine * at_x + cosine * at_y + framing.cy + down
    return np.stack([to_x - x, to_y - y], axis=-1).astype(np.float32)


def _expose(image: NDArray[np.float32], spec: ClipSpec, index: int) -> NDArray[np.uint8]:
    """What a camera makes of the picture: flickering light, then noise that grows with it."""
    # A generator for each frame, so that one frame is the same whichever others are rendered.
    rng = np.random.default_rng([*spec.seed, 7, index])
    phase = np.random.default_rng([*spec.seed, 8]).uniform(0, 2 * np.pi)
    # Mains light beats against a camera at 200 frames a second.
    beat = np.sin(0.98 * np.pi * index + phase)
    image = image * np.float32(1 + spec.flicker * (beat + rng.standard_normal()) / 2)
    grain = rng.standard_normal(image.shape, dtype=np.float32)
    image = image + grain * spec.noise * np.sqrt(0.4 + 0.6 * image / 128)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
