"""Labelled flow maps for the presets: action units with their sides, and what is no expression.

Three sources: `"hills"` (`flow.draw_motion`, which teaches the classes), `"model"` (the scanned
face model: units, sides, poses), and `"rendered"`: a drawn person is moved by it and pictured
with sensor noise, flicker and compression, and the flow method measures what it can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.face_model import UNITS, Head
from dfrnet_keras.datasets.synthetic.flow import (
    CUT_FACES,
    UNIT_NUMBERS,
    FaceLayout,
    draw_clip,
    draw_disturbance,
    draw_units,
)
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.features.extract import extract_features
from dfrnet_keras.features.flow import optical_strain

NEGATIVES = ("still", "blink", "gaze", "speech", "head turn", "flicker", "noise", "compression")
KINDS = ("expression", *NEGATIVES)
SOURCES = ("hills", "model", "rendered")
NO_CLASS = -1
FLOW_METHODS = ("dis", "ilk")  # what measures the flow of rendered maps
PICTURE_SIZE = 128  # pixels: side of the rendered faces

_SPEECH = (
    "jawOpen", "mouthFunnel", "mouthPucker", "mouthClose", "mouthLowerDown_", "mouthRollLower",
    "mouthRollUpper", "jawForward", "jawLeft", "jawRight",
)  # fmt: skip
_CLIPS_OF_A_PERSON = 6
_ONE_SIDED = 0.25
_FREE = 0.35  # share of the face model's expressions whose units are drawn evenly, without a class
_FREE_UNITS = tuple(unit for unit in UNITS if unit not in (26, 45))  # others are speech and blinks
_BLINKS = 0.12


@dataclass(frozen=True, eq=False)
class UnitMaps:
    """Drawn maps and the truth about them.

    Attributes:
        flow: float32 `(n, 28, 28, 3)`: u, v and strain; pixels of the map where rendered.
        labels: Class numbers; `NO_CLASS` where there is no expression, or one without a class.
        kinds: Of `KINDS`.
        units: float32 `(n, len(UNITS), 2)`: strength of each unit in the left and the right half of
            the map, the strongest of the map being 1.
        peaks: Largest displacement, in pixels of a face picture of 128; NaN where nothing was
            pictured.
        rendered: Whether strengths are those of a picture.
    """

    flow: NDArray[np.float32]
    labels: NDArray[np.int64]
    kinds: NDArray[np.str_]
    units: NDArray[np.float32]
    peaks: NDArray[np.float32]
    rendered: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: list[UnitMaps]) -> UnitMaps:
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return cls(*map(np.concatenate, columns))


def draw_unit_maps(
    count: int,
    *,
    seed: int,
    source: str,
    layout: FaceLayout = CUT_FACES,
    kinds: tuple[str, ...] = KINDS,
    expressions: float = 0.5,
    peak: tuple[float, float] = (0.8, 5.0),
    free: float = _FREE,
    size: int = 28,
    flow_method: str | None = None,
) -> UnitMaps:
    """Draw maps with their class, kind and units.

    Args:
        count: How many.
        seed: Of everything drawn, people included.
        source: `"hills"`, `"model"` or `"rendered"`.
        layout: Where the face lies.
        kinds: What is drawn, of `KINDS`.
        expressions: Share of expressions, where `kinds` has both.
        peak: Bounds of the largest displacement of a rendered expression, in pixels of 128.
        free: Share of the face model's expressions that are any units together, without a class.
        size: Height and width of the maps.
        flow_method: Of rendered maps, see `features.optical_flow`; "dis" and "ilk" in turns by
            default. The pictures do not depend on it.
    """
    random = np.random.default_rng([seed, SOURCES.index(source)])
    others = [kind for kind in kinds if kind != "expression"]
    share = expressions if others and len(others) < len(kinds) else float(not others)
    drawn = [
        "expression" if random.random() < share else str(random.choice(others))
        for _ in range(count)
    ]
    if source == "rendered":
        made = list(_rendered(random, drawn, layout, size, seed, peak, free, flow_method))
    else:
        made = [_unpictured(random, kind, source, layout, size, free) for kind in drawn]
    flow, labels, units, peaks = (list(part) for part in zip(*made, strict=True))
    return UnitMaps(
        np.asarray(flow, np.float32),
        np.asarray(labels, np.int64),
        np.asarray(drawn),
        np.asarray(units, np.float32),
        np.asarray(peaks, np.float32),
        np.full(count, source == "rendered"),
    )


_Made = tuple[NDArray, int, NDArray, float]  # map, label, units, peak


def _unpictured(
    random: np.random.Generator, kind: str, source: str, layout: FaceLayout, size: int, free: float
) -> _Made:
    if kind == "expression" and source == "hills":
        label = int(random.integers(len(MEGC2019_CLASSES)))
        motion, moved = draw_clip(random, MEGC2019_CLASSES[label], layout, size)
        units = _units({UNIT_NUMBERS[name]: sides for name, sides in moved.items()})
    else:
        moved_by, label, units = draw_movement(random, kind, Head(random, layout, size), free)
        motion = moved_by * np.exp(random.normal(0, 0.4)) + draw_disturbance(random, size)
        if kind == "noise":
            motion += random.normal(0, 0.5, motion.shape)
        elif kind == "compression":
            cell = int(random.integers(2, 7))
            blocks = random.normal(0, 1, (-(-size // cell), -(-size // cell), 2))
            blocks *= random.random((*blocks.shape[:2], 1)) < 0.5
            motion += np.kron(blocks, np.ones((cell, cell, 1)))[:size, :size]
    strain = optical_strain(motion, cross_term=True)
    return np.dstack([motion, strain]), label, units, np.nan


def draw_movement(
    random: np.random.Generator, kind: str, head: Head, free: float = _FREE
) -> tuple[NDArray[np.float64], int, NDArray[np.float32]]:
    """What a face does.

    Args:
        random: What it is drawn from.
        kind: One of `KINDS`.
        head: Whose face.
        free: Share of the expressions that are any units together.

    Returns:
        Flow `(size, size, 2)` whose largest displacement is about 1, or 0 where nothing moves; the
        class number; the units as `UnitMaps` has them.
    """
    moved: dict[int, NDArray[np.float64]] = {}
    field, label = np.zeros((head.size, head.size, 2)), NO_CLASS
    if kind == "expression":
        if random.random() < free:
            chosen = random.choice(_FREE_UNITS, random.integers(1, 4), replace=False).tolist()
        else:
            label = int(random.integers(len(MEGC2019_CLASSES)))
            chosen = [UNIT_NUMBERS[name] for name in draw_units(random, MEGC2019_CLASSES[label])]
        for unit in chosen:
            sides = np.exp(random.normal(0, 0.35) + random.normal(0, 0.25, 2))
            if random.random() < _ONE_SIDED:
                sides[random.integers(2)] *= random.uniform(0, 0.4)
            moved[unit] = sides
            field += _at_full(head.unit(unit, (1, 1)), head.unit(unit, sides))
    if kind == "blink" or (kind == "expression" and random.random() < _BLINKS):
        moved[45] = np.full(2, np.exp(random.normal(0, 0.3)))
        sign = random.choice((-1, 1))
        field += sign * _at_full(head.unit(45, (1, 1)), head.unit(45, moved[45]))
    elif kind == "gaze":
        names = [("eyeLookIn_R", "eyeLookOut_L"), ("eyeLookOut_R", "eyeLookIn_L"),
                 ("eyeLookUp_R", "eyeLookUp_L"), ("eyeLookDown_R", "eyeLookDown_L")]  # fmt: skip
        way = int(random.integers(4))
        both = head.shape(names[way][0]) + head.shape(names[way][1])
        lids = _at_full(both, both) * random.uniform(0.3, 1)
        # The eyeballs are no part of the model: both turn the same way inside the lids.
        place = np.abs(head.both((("eyeBlink_", 1),), (1, 1))).sum(-1, keepdims=True)
        ways = np.array([(1, 0), (-1, 0), (0, -1), (0, 1)])[way] + random.normal(0, 0.2, 2)
        field += lids + place / place.max() * ways * random.uniform(0.2, 1)
    elif kind == "speech":
        chosen = random.choice(len(_SPEECH), random.integers(1, 4), replace=False)
        for name in (_SPEECH[place] for place in chosen):
            shape = head.both(((name, 1),), (1, 1))
            strength = random.choice((-1, 1)) * np.exp(random.normal(0, 0.5))
            field += strength * _at_full(shape, shape)
            if name in ("jawOpen", "mouthLowerDown_"):
                moved[26] = np.full(2, abs(strength))
    elif kind == "head turn":
        turned = head.turn(random.normal(0, 1, 3) * (1, 1, 0.6))
        field += _at_full(turned, turned) + random.normal(0, 0.3, 2)
    return field, label, _units(moved)


def _at_full(whole: NDArray, field: NDArray) -> NDArray:
    """`field`, where the largest displacement of `whole` counts as 1."""
    return field / max(1e-6, float(np.linalg.norm(whole, axis=-1).max()))


def _units(moved: dict[int, NDArray[np.float64]]) -> NDArray[np.float32]:
    units = np.zeros((len(UNITS), 2), np.float32)
    for unit, sides in moved.items():
        units[UNITS.index(unit)] = sides
    return units / max(1e-6, float(units.max()))


def _rendered(
    random: np.random.Generator,
    kinds: list[str],
    layout: FaceLayout,
    size: int,
    seed: int,
    peak: tuple[float, float],
    free: float,
    flow_method: str | None,
) -> Iterator[_Made]:
    side = PICTURE_SIZE
    for number, kind in enumerate(kinds):
        if number % _CLIPS_OF_A_PERSON == 0:
            person = make_identity((seed, 16, number // _CLIPS_OF_A_PERSON))
            traits = person.traits
            # The eyes and the mouth of this person fall where the layout has them, more or less.
            scale = (layout.mouth_row - layout.eye_row) / (traits["mouth_y"] - traits["eye_y"])
            scale = (scale + layout.eye_offset / traits["eye_x"]) / 2 * random.normal(1, 0.05)
            cx, cy = random.normal(0.5, 0.015), layout.eye_row - traits["eye_y"] * scale
            cy += random.normal(0, 0.015)
            framing = Framing(side, side, cx * side, cy * side, scale * side)
            face = cv2.resize(
                render_face(person, framing), (side, side), interpolation=cv2.INTER_AREA
            )
            here = FaceLayout(
                cy + scale * traits["eye_y"], cy + scale * traits["mouth_y"],
                scale * traits["eye_x"],
            )  # fmt: skip
        field, label, units = draw_movement(random, kind, Head(random, here, 64), free)
        largest = float(np.linalg.norm(field, axis=-1).max())
        bounds = peak if kind == "expression" else (0.5, 8.0)
        pixels = float(np.exp(random.uniform(*np.log(bounds)))) if largest > 0 else 0.0
        moved = _moved(random, face, field * (pixels / max(largest, 1e-6)))
        pictures = _pictured(random, [face, moved], kind)
        method = flow_method or FLOW_METHODS[number % len(FLOW_METHODS)]
        maps = extract_features(pictures, apex=1, size=size, flow_method=method).flow
        yield maps, label, units, pixels


def _moved(random: np.random.Generator, face: NDArray, field: NDArray) -> NDArray[np.float32]:
    side = len(face)
    wide = cv2.resize(field.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    # What is left of the head's movement: a shift, a turn, a growth.
    right, down, turn, growth = random.normal(0, 0.3, 4) * (1, 1, 2 / side, 2 / side)
    middle = (side - 1) / 2
    x_back = x - right + turn * (y - middle) - growth * (x - middle) - wide[..., 0]
    y_back = y - down - turn * (x - middle) - growth * (y - middle) - wide[..., 1]
    back = x_back.astype(np.float32), y_back.astype(np.float32)
    moved = cv2.remap(face, *back, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _pictured(
    random: np.random.Generator, pictures: list[NDArray], kind: str
) -> list[NDArray[np.uint8]]:
    """Two pictures as a camera gives them: light, grain, compression."""
    grain = random.uniform(0.5, 6 if kind == "noise" else 3.5)
    light = random.normal(0, 0.05 if kind == "flicker" else 0.008, 3)
    quality = int(random.integers(25, 70) if kind == "compression" else random.integers(70, 100))
    compressed = kind == "compression" or random.random() < 0.3
    side = len(pictures[0])
    slope = np.linspace(-1, 1, side)
    shade = 1 + light[0] + light[1] * slope[:, None] + light[2] * slope
    taken = []
    for picture, gain in zip(pictures, (1, shade[..., None]), strict=True):
        bright = picture * gain + random.normal(0, grain, picture.shape)
        frame = np.clip(np.rint(bright), 0, 255).astype(np.uint8)
        if compressed:
            _, coded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
            frame = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        taken.append(frame)
    return taken
