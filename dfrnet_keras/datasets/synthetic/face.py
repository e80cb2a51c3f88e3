"""Draws the neutral face of an invented person, in the face units of `synthetic_identity`."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic.identity import Framing, Identity

_Map = NDArray[Any]  # one number for each point of the canvas

_FAIR, _DARK = np.array([215.0, 165.0, 135.0]), np.array([125.0, 80.0, 55.0])
_BLUE, _BROWN = np.array([75.0, 100.0, 120.0]), np.array([70.0, 45.0, 25.0])


def render_face(identity: Identity, framing: Framing, *, supersampling: int = 2) -> _Map:
    """The neutral face of a person.

    Args:
        identity: Whose face.
        framing: Where the face lies in the picture.
        supersampling: Points along each side of a pixel.

    Returns:
        float32 `(height * supersampling, width * supersampling, 3)` RGB between 0 and 255.
    """
    return np.clip(_painted(identity, framing, supersampling).image, 0, 255)


def render_person(
    identity: Identity, framing: Framing, *, supersampling: int = 2
) -> tuple[_Map, _Map]:
    """A person who can be moved in front of a wall that stays.

    Args:
        identity, framing, supersampling: As in `render_face`.

    Returns:
        The person, float32 `(height * supersampling, width * supersampling, 4)`: what `render_face`
        gives, and how much of each point is person, from 0 to 255; and the wall, of three channels.
    """
    canvas = _painted(identity, framing, supersampling)
    person = np.dstack([np.clip(canvas.image, 0, 255), 255 * canvas.cover])
    return person, np.clip(canvas.wall, 0, 255)


def _painted(identity: Identity, framing: Framing, supersampling: int) -> _Canvas:
    canvas = _Canvas(identity, framing, supersampling)
    _draw_behind(canvas)
    _draw_skin(canvas)
    _draw_hair(canvas)
    for side in (-1, 1):
        _draw_eye(canvas, side)
        _draw_brow(canvas, side)
    _draw_mouth(canvas)
    if canvas.traits["glasses"] > 0:
        _draw_glasses(canvas)
    return canvas


def _hill(distance: _Map, width: float) -> _Map:
    return np.exp(-0.5 * (distance / width) ** 2)


class _Canvas:
    """The picture being painted, its coordinates in face units, and the colours of the person."""

    def __init__(self, identity: Identity, framing: Framing, supersampling: int) -> None:
        self.traits = traits = identity.traits
        self.rng = np.random.default_rng([*identity.seed, 3])
        self.supersampling = supersampling
        shape = (framing.height * supersampling, framing.width * supersampling)
        self.shape = shape

        def axis(count: int, centre: float) -> _Map:
            pixels = (np.arange(count) + 0.5) / supersampling - 0.5
            return ((pixels - centre) / framing.scale).astype(np.float32)

        self.x = axis(shape[1], framing.cx)[None, :]
        self.y = axis(shape[0], framing.cy)[:, None]
        self.edge = 0.008  # just over a pixel of a 640 x 480 picture
        self.image = self.wall = np.empty((*shape, 3), np.float32)
        self.cover = np.zeros(shape, np.float32)
        skin = _FAIR + traits["skin_tone"] * (_DARK - _FAIR)
        self.skin = skin * traits["skin_brightness"]
        self.lip = skin * np.array([0.80, 0.58, 0.62]) * traits["lip_brightness"]
        self.hair = np.array([35.0, 25.0, 20.0]) * traits["hair_brightness"]
        self.iris = _BLUE + traits["iris_hue"] * (_BROWN - _BLUE)
        self.strands = self.noise((1.2, 0.5), (4.0, 0.5))
        # 0 in the middle of the face, 1 on its outline; the jaw is narrower than the temples.
        jaw = traits["face_width"] * (1 - 0.18 * np.clip(self.y - 0.1, 0, 1) ** 1.5)
        self.radius = np.sqrt((self.x / jaw) ** 2 + self.y**2)

    def noise(self, *octaves: tuple[float, float]) -> _Map:
        """Smooth random values of mean 0: (size in pixels, weight) for each octave."""
        total = np.zeros(self.shape, np.float32)
        for size, weight in octaves:
            size *= self.supersampling
            cell = max(1, int(size / 2))
            grid = (self.shape[0] // cell + 2, self.shape[1] // cell + 2)
            values = self.rng.standard_normal(grid, dtype=np.float32)
            values = np.asarray(cv2.GaussianBlur(values, (0, 0), max(0.6, size / cell)))
            values /= values.std() + 1e-6
            octave = cv2.resize(values, self.shape[::-1], interpolation=cv2.INTER_CUBIC)
            total += weight * np.asarray(octave)
        return total

    def inside(self, distance: _Map, softness: float = 1.0) -> _Map:
        """Near 1 where the distance is below 0, near 0 above, with a soft edge."""
        return 1 / (1 + np.exp(np.clip(distance / (self.edge * softness), -40, 40)))

    def bump(self, x: float, y: float, width: float, height: float) -> _Map:
        """A Gaussian hill of height 1."""
        return _hill(self.x - x, width) * _hill(self.y - y, height)

    def paint(self, mask: _Map, colour: NDArray | float) -> None:
        """Lay a colour over the picture where the mask is 1."""
        self.image += mask[..., None] * (np.asarray(colour, np.float32) - self.image)

    def lay(self, mask: _Map, colour: NDArray | float) -> None:
        """Paint a part of the person that hides the wall."""
        self.paint(mask, colour)
        self.cover = np.maximum(self.cover, mask)


def _draw_behind(canvas: _Canvas) -> None:
    """Wall, neck, shoulders, and the hair behind the head."""
    rng, traits = canvas.rng, canvas.traits
    wall = canvas.noise((80, 18), (20, 6), (2, 2)) + np.float32(rng.uniform(90, 190))
    canvas.image[:] = wall[..., None] * (1 + rng.normal(0, 0.05, 3)).astype(np.float32)
    canvas.wall = canvas.image.copy()
    neck = np.maximum(np.abs(canvas.x) - 0.55 * traits["face_width"], 0.6 - canvas.y)
    canvas.lay(canvas.inside(neck), canvas.skin * 0.72)
    shoulders = 1.25 - canvas.y + 0.5 * canvas.x**2
    canvas.lay(canvas.inside(shoulders), np.array([50.0, 60, 90]) * rng.uniform(0.4, 1.6))
    half_width = traits["face_width"] + 0.12 + traits["hair_side"]
    head = np.sqrt((canvas.x / half_width) ** 2 + ((canvas.y + 0.15) / 1.02) ** 2) - 1
    canvas.lay(canvas.inside(head), canvas.hair)


def _draw_skin(canvas: _Canvas) -> None:
    """The lit relief of the face, skin texture, beard and freckles."""
    traits, x, y = canvas.traits, canvas.x, canvas.y
    relief = _relief(canvas)
    texture = canvas.noise((1.0, 0.020), (2.5, 0.016), (8, 0.014), (25, 0.020))
    skin = canvas.skin.astype(np.float32) * (relief + texture * traits["skin_texture"])[..., None]
    if traits["beard"] > 0:
        around_mouth = 1 - canvas.bump(0, traits["mouth_y"], 0.2, 0.06)
        stubble = canvas.inside(0.30 - y, 0.05 / canvas.edge) * around_mouth
        stubble = stubble * (1 + 0.5 * canvas.noise((1.0, 1.0)))
        skin *= (1 - 0.35 * traits["beard"] * stubble)[..., None]
    for _ in range(int(40 * traits["freckles"])):
        at_x, at_y = canvas.rng.uniform(-0.6, 0.6), canvas.rng.uniform(-0.6, 0.8)
        size = canvas.rng.uniform(0.006, 0.014)
        columns = np.flatnonzero(np.abs(x[0] - at_x) < 4 * size)
        rows = np.flatnonzero(np.abs(y[:, 0] - at_y) < 4 * size)
        if len(columns) and len(rows):
            spot = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            squared = (x[:, spot[1]] - at_x) ** 2 + (y[spot[0]] - at_y) ** 2
            skin[spot] *= (1 - 0.35 * np.exp(-0.5 * squared / size**2))[..., None]
    canvas.lay(canvas.inside((canvas.radius - 1) * 0.8), skin)


def _relief(canvas: _Canvas) -> _Map:
    """Brightness of the face under its light: about 1 on the forehead, less in the hollows."""
    traits, x, y, bump = canvas.traits, canvas.x, canvas.y, canvas.bump
    eye_x, eye_y, mouth_y = traits["eye_x"], traits["eye_y"], traits["mouth_y"]
    nose_width, nose_y = traits["nose_width"], traits["nose_y"]
    depth = np.sqrt(1 - 0.85 * np.minimum(canvas.radius, 1) ** 2)
    lit = x / traits["face_width"] * traits["light_x"] * 0.75 + y * traits["light_y"] * 0.5
    shade = 0.50 + 0.62 * np.clip(lit + depth * 0.82, 0, 1.2)
    crease = np.abs(x) - (0.17 + 0.24 * np.clip(y - 0.18, 0, 1))
    crease = _hill(crease, 0.018) * canvas.inside(np.abs(y - 0.34) - 0.16, 0.03 / canvas.edge)
    shade -= traits["fold"] * crease  # from the wings of the nose to the corners of the mouth
    for side in (-1, 1):
        shade -= 0.20 * bump(side * eye_x, eye_y - 0.03, 0.17, 0.10)
        shade -= 0.06 * bump(side * eye_x * 0.55, eye_y + 0.02, 0.06, 0.10)
        shade += 0.08 * bump(side * 0.40, 0.16, 0.16, 0.12)  # cheek
        shade -= 0.16 * bump(side * nose_width * 0.62, nose_y + 0.02, 0.035, 0.022)  # nostril
        shade -= 0.06 * bump(side * nose_width * 1.02, nose_y - 0.02, 0.025, 0.06)
    shade += 0.13 * bump(traits["light_x"] * 0.05, 0.06, 0.045, 0.17)  # bridge of the nose
    shade += 0.10 * bump(0, nose_y - 0.05, 0.06, 0.05)
    shade -= 0.10 * bump(0, nose_y + 0.055, nose_width * 0.9, 0.022)
    shade -= 0.08 * bump(0, mouth_y + 0.13, 0.14, 0.03)
    shade += 0.05 * bump(0, 0.80, 0.14, 0.08)  # chin
    return shade


def _draw_hair(canvas: _Canvas) -> None:
    """The hair over the forehead."""
    line = canvas.traits["hairline"] + 0.21 * (canvas.x / canvas.traits["face_width"]) ** 2
    above = canvas.y - line + canvas.noise((10, 0.02))
    head = canvas.inside(canvas.radius - 1.12)
    canvas.paint(canvas.inside(above, 2) * head, canvas.hair)
    canvas.image *= (1 + 0.18 * canvas.strands * canvas.inside(above) * head)[..., None]


def _draw_eye(canvas: _Canvas, side: int) -> None:
    traits, y, inside = canvas.traits, canvas.y, canvas.inside
    width, height = traits["eye_width"], traits["eye_height"]
    x = canvas.x - side * traits["eye_x"]
    rise = height * (1 - (x / width) ** 2)
    upper, lower = traits["eye_y"] - rise, traits["eye_y"] + 0.75 * rise
    gap = np.maximum(np.maximum(upper - y, y - lower), np.abs(x) - width)
    opening = inside(gap)
    canvas.paint(opening, np.array([190.0, 187, 185]))
    iris = height * 1.05
    distance = np.sqrt(x**2 + (y - traits["eye_y"]) ** 2)
    canvas.paint(opening * inside(distance - iris), canvas.iris)
    canvas.paint(opening * inside(distance - iris * 0.45), 12.0)
    glint = np.sqrt((x + 0.25 * iris) ** 2 + (y - traits["eye_y"] + 0.3 * iris) ** 2)
    canvas.paint(opening * inside(glint - iris * 0.2), 245.0)

    def lid(at: _Map, thickness: float, opacity: float, colour: NDArray) -> None:
        line = _hill(y - at, thickness)
        canvas.paint(opacity * line * inside(np.abs(x) - width, 0.01 / canvas.edge), colour)

    lid(upper, 0.012, 0.75, canvas.hair * 0.6)
    lid(lower, 0.010, 0.35, canvas.skin * 0.45)
    lid(upper - 0.035, 0.010, 0.30, canvas.skin * 0.5)


def _draw_brow(canvas: _Canvas, side: int) -> None:
    traits = canvas.traits
    x = canvas.x - side * traits["eye_x"]
    along = x / traits["brow_width"]
    middle = traits["eye_y"] - traits["brow_rise"] - traits["brow_arch"] * (1 - along**2)
    middle = middle + traits["brow_tilt"] * side * x * 0.5
    thinner_outside = 1 - 0.45 * np.clip(along * side, 0, 1)
    half = traits["brow_thickness"] * thinner_outside * (1 + 0.2 * canvas.strands)
    mask = canvas.inside(np.abs(canvas.y - middle) - half, 3)
    mask *= canvas.inside(np.abs(x) - traits["brow_width"], 4)
    canvas.paint(0.85 * mask * np.clip(1 + 0.35 * canvas.strands, 0, 1.1), canvas.hair * 0.9)


def _draw_mouth(canvas: _Canvas) -> None:
    traits, x, y = canvas.traits, canvas.x, canvas.y
    middle, width = traits["mouth_y"], traits["mouth_width"]
    fullness = np.clip(1 - (x / width) ** 2, 0, 1)
    bow = 1 - 0.25 * _hill(x, 0.03)
    top = middle - traits["upper_lip"] * fullness**0.7 * bow
    bottom = middle + traits["lower_lip"] * fullness**0.6
    between = canvas.inside(np.abs(x) - width, 2)
    grain = (1 + canvas.noise((1.5, 0.05), (4, 0.05)))[..., None]
    for gap, light in ((np.maximum(top - y, y - middle), 0.88),
                       (np.maximum(middle - y, y - bottom), 1.02)):  # fmt: skip
        colour = (canvas.lip * light).astype(np.float32) * grain
        canvas.paint(0.8 * canvas.inside(gap, 1.5) * between, colour)
    line = _hill(y - middle - 0.008 * np.cos(3 * x / width), 0.011)
    canvas.paint(0.85 * line * canvas.inside(np.abs(x) - 1.03 * width, 3), canvas.lip * 0.28)


def _draw_glasses(canvas: _Canvas) -> None:
    eye_x, eye_y = canvas.traits["eye_x"], canvas.traits["eye_y"]
    for side in (-1, 1):
        across, down = np.abs(canvas.x - side * eye_x), np.abs(canvas.y - eye_y - 0.02)
        canvas.paint(0.8 * _hill(np.maximum(across / 0.23, down / 0.15) - 1, 0.06), 25.0)
    bridge = _hill(canvas.y - eye_y, 0.012)
    bridge = bridge * canvas.inside(np.abs(canvas.x) - (eye_x - 0.22), 0.01 / canvas.edge)
    canvas.paint(0.8 * bridge, 25.0)
