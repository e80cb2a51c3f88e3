"""What two published spotters measure on each frame of a recording, on a face cut out once.

MDMD is the baseline of MEGC 2020, the maps are those of SOFTNet. Both know nothing of blinks and
take the face to stay where it is first found. Pictures come one at a time, whatever the length.

References:
    He et al., "Spotting Macro- and Micro-expression Intervals in Long Video Sequences", FG 2020,
    doi:10.1109/FG47880.2020.00036; its published code.
    Liong et al., "Shallow Optical Flow Three-Stream CNN for Macro- and Micro-expression Spotting
    from Long Videos", ICIP 2021, arXiv:2106.06489; its published code.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.face import cut_face
from dfrnet_keras.features.face_detection import EYE_DISTANCE, EYE_LINE, Face, find_face
from dfrnet_keras.features.flow import optical_flow, optical_strain
from dfrnet_keras.features.gray import gray_picture

FACE_SIZE = 128
MAP_SIZE = 42
_FIRST_FACE_WITHIN = 300  # frames
_BLOCKS = 6
# Parts of the face's side in `cut_face`, in place of dlib's 68 points: rows, then columns.
_BROWS = ((0.14, 0.44), (0.18, 0.82))
_MOUTH = ((0.58, 0.88), (0.24, 0.76))
_BRIDGE = (EYE_LINE + 0.06, 0.5)  # landmark 28, on the bridge of the nose
_BRIDGE_HALF = 5  # pixels to each side
_EYES = ((-EYE_DISTANCE / 2, EYE_LINE), (EYE_DISTANCE / 2, EYE_LINE))
_EYE_AXES = (0.125, 0.075)  # half width and height of what is left out around each eye


def aligned_faces(frames: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Gray faces of 128 pixels, cut out of every frame where the first one was found.

    Args:
        frames: uint8 pictures of one size, RGB or gray.

    Raises:
        InputError: There is no face in the first 300 frames.
    """
    face: Face | None = None
    waiting: list[NDArray[np.uint8]] = []
    for index, frame in enumerate(frames):
        if face is None:
            waiting.append(frame)
            # A cascade takes long where it finds nothing: every tenth frame is enough.
            seen = find_face(frame) if index % 10 == 0 else None
            if seen is not None and "face_not_found" not in seen.flags:
                face = seen
            elif len(waiting) >= _FIRST_FACE_WITHIN:
                break
        if face is not None:
            for one in waiting or [frame]:
                yield gray_picture(cut_face(one, face, FACE_SIZE), "face")
            waiting = []
    if face is None:
        raise InputError(
            f"no face was found in the first {len(waiting)} frames: cut off what comes before it"
        )


def main_direction_differences(
    faces: Iterable[NDArray[np.uint8]], half: int, *, flow: str = "dis"
) -> NDArray[np.float64]:
    """MDMD: how much farther the face is from where it was `half` frames ago than it will be.

    Of the flow from frame i - half to i and to i + half, the pixels of the main of four directions
    in each of 6 x 6 blocks; the largest third of the differences of length, meaned; the largest
    third of the blocks, meaned; and of the result, how much it stands out from half a length before
    and after. The angle counts over all four quadrants.

    Args:
        faces: Gray faces of one size.
        half: Half the length of the expressions that are looked for, in frames.
        flow: Method of `optical_flow`.

    Returns:
        One number a frame, 0 where there are not enough frames around it.
    """
    recent: deque[NDArray[np.uint8]] = deque(maxlen=2 * half + 1)
    values = []
    for face in faces:
        recent.append(face)
        if len(recent) == 2 * half + 1:
            there = optical_flow(recent[0], recent[half], method=flow)
            back = optical_flow(recent[0], recent[-1], method=flow)
            values.append(_largest_difference(there, back))
    if not values:
        return np.zeros(len(recent))
    curve = np.pad(values, half)
    apart = max(half - 1, 1)
    if len(curve) <= 2 * apart:
        return np.zeros(len(curve))
    contrast = np.zeros(len(curve))
    contrast[apart:-apart] = curve[apart:-apart] - (curve[: -2 * apart] + curve[2 * apart :]) / 2
    return contrast


def _largest_difference(there: NDArray, back: NDArray) -> float:
    one, other = _in_blocks(there), _in_blocks(back)
    quadrant = (np.arctan2(one[..., 1], one[..., 0]) // (np.pi / 2)).astype(int) % 4
    counts = np.stack([(quadrant == number).sum(1) for number in range(4)], axis=1)
    main = quadrant == counts.argmax(1)[:, None]
    gap = np.linalg.norm(one, axis=-1) - np.linalg.norm(other, axis=-1)
    ordered = -np.sort(np.where(main, -gap, np.inf), axis=1)
    kept = np.maximum(counts.max(1) // 3, 1)
    sums = np.where(np.arange(gap.shape[1]) < kept[:, None], ordered, 0).sum(1)
    blocks = np.sort(sums / kept)[::-1]
    return float(blocks[: len(blocks) // 3].mean())


def _in_blocks(flow: NDArray) -> NDArray:
    side = len(flow) // _BLOCKS
    cut = flow[: side * _BLOCKS, : side * _BLOCKS].reshape(_BLOCKS, side, _BLOCKS, side, 2)
    return cut.swapaxes(1, 2).reshape(_BLOCKS**2, side**2, 2)


def region_maps(
    faces: Iterable[NDArray[np.uint8]], gap: int, *, flow: str = "dis"
) -> Iterator[NDArray[np.uint8]]:
    """Maps of SOFTNet: brows over mouth, |u|, |v| and strain of the flow to `gap` frames later.

    The mean movement of the bridge of the nose is taken off, the eyes are left out, and each
    channel is stretched to its whole range.

    Args:
        faces: Gray faces as of `aligned_faces`.
        gap: Frames between the two that are compared.
        flow: Method of `optical_flow`; TV-L1, as published, takes thirty times as long.

    Yields:
        uint8 `(42, 42, 3)` for each frame that has one `gap` frames later.
    """
    recent: deque[NDArray[np.uint8]] = deque(maxlen=gap + 1)
    eyes = _eye_mask(FACE_SIZE)
    for face in faces:
        recent.append(face)
        if len(recent) == gap + 1:
            yield _region_map(optical_flow(recent[0], recent[-1], method=flow), eyes)


def _region_map(moved: NDArray[np.float32], eyes: NDArray[np.bool_]) -> NDArray[np.uint8]:
    side = len(moved)
    maps = np.dstack([moved, optical_strain(moved, cross_term=True)])
    row, column = (round(part * side) for part in _BRIDGE)
    near = slice(row - _BRIDGE_HALF, row + _BRIDGE_HALF + 1)
    beside = slice(column - _BRIDGE_HALF, column + _BRIDGE_HALF + 1)
    maps -= maps[near, beside].mean((0, 1))
    maps[..., :2] = np.abs(maps[..., :2])
    maps[eyes] = 0
    parts = []
    for rows, columns in (_BROWS, _MOUTH):
        (top, bottom), (left, right) = ((round(p * side) for p in ends) for ends in (rows, columns))
        part = np.ascontiguousarray(maps[top:bottom, left:right])
        parts.append(cv2.resize(part, (MAP_SIZE, MAP_SIZE // 2), interpolation=cv2.INTER_AREA))
    stacked = np.vstack(parts)
    low, high = stacked.min((0, 1)), stacked.max((0, 1))
    scaled = (stacked - low) / np.maximum(high - low, 1e-9)
    return np.rint(255 * scaled).astype(np.uint8)


def _eye_mask(side: int) -> NDArray[np.bool_]:
    mask: NDArray[np.uint8] = np.zeros((side, side), np.uint8)
    axes = tuple(round(part * side) for part in _EYE_AXES)
    for across, down in _EYES:
        centre = (round((0.5 + across) * side), round(down * side))
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
    return mask.astype(bool)
