"""Follows one face through a recording and measures how its parts move."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.face_detection import EYE_DISTANCE, EYE_LINE, Face, find_face
from dfrnet_keras.features.spotting.regions import CENTRES, EYES, REGIONS, SIDE, RegionFlow

_REFERENCE_LASTS = 2.0  # seconds
_LOOK_AGAIN = 5.0  # seconds between detections while the face is followed
_LOOK_FOR = 0.5  # seconds between detections while there is none
_TURN_FOLLOWS = 0.7  # seconds in which turn and size of the cut follow the head
_ALIKE = 0.75  # correlation with the reference below which this is not the same face any more
_CUT = 0.6  # correlation of two frames in a row below which they are of two scenes
_OTHER = 8.0  # gray values by which two scenes differ at least
_LIGHT = 0.12  # share of the light that a flicker does not change within a frame
_FAR = 0.5  # eye distances between the face followed and the face found
_MIDDLE = (slice(SIDE // 6, SIDE * 5 // 6),) * 2


@dataclass(frozen=True, eq=False)
class Sample:
    """What is known about one frame.

    Attributes:
        index: Number of the frame.
        time: Seconds.
        moved: `(regions, 2)` place of each region, head motion taken out, in eye distances;
            continuous within a segment.
        head: Place of the head, x and y, in eye distances; continuous within a segment.
        matrix: `(2, 3)`: pixels of the frame to parts of the side of the aligned face.
        segment: Number that rises where the movement before and after cannot be compared.
        flags: Of `"no_face"`, `"cut"`, `"light"`, `"several_faces"`, `"eyes_not_found"`.
    """

    index: int
    time: float
    moved: NDArray[np.float64]
    head: NDArray[np.float64]
    matrix: NDArray[np.float64] | None
    segment: int
    flags: tuple[str, ...] = ()


@dataclass
class TrackerState:
    """All that the next frame depends on; arrays and numbers, so that it can be written down."""

    matrix: NDArray[np.float64] | None = None
    reference: NDArray[np.float32] | None = None
    since: float = 0.0  # time of the reference
    looked: float = -1e9  # time of the last detection
    offset: NDArray[np.float64] = field(default_factory=lambda: np.zeros((len(REGIONS), 2)))
    head: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    time: float = -1e9
    light: float = 0.0
    small: NDArray[np.float32] | None = None  # the frame before, at 32 pixels
    segment: int = 0
    flags: tuple[str, ...] = ()


class FaceTracker:
    """Finds the face now and then, follows it in between, and measures each frame.

    The cut follows the head by the movement of the nose bridge, against a reference picture that is
    renewed every two seconds: one detection for each frame would jitter by more than a
    micro-expression moves.

    Args:
        state: Where another tracker of the same recording stopped.
    """

    def __init__(self, state: TrackerState | None = None) -> None:
        self.state = state or TrackerState()
        self._flow: RegionFlow | None = None

    def __call__(self, frame: NDArray[np.uint8], index: int, time: float) -> Sample:
        """Measure the next frame.

        Args:
            frame: uint8 `(H, W)` gray.
            index: Its number.
            time: Its time in seconds, later than that of the one before.
        """
        state = self.state
        flags = self._scene(frame)
        if "cut" in flags:
            self._forget()
        if state.matrix is None:
            self._look(frame, time)
        elif time - state.looked >= _LOOK_AGAIN:
            self._look_again(frame, time)
        if state.matrix is None:
            state.time = time
            nothing = np.zeros((len(REGIONS), 2))
            return Sample(index, time, nothing, np.zeros(2), None, state.segment,
                          (*flags, "no_face"))  # fmt: skip
        picture = align(frame, state.matrix)
        if state.reference is None:
            self._refer_to(picture, time)
        assert state.reference is not None
        if _likeness(picture, state.reference) < _ALIKE:
            # Once more from a fresh detection: the face may have turned or gone.
            self._forget()
            self._look(frame, time)
            if state.matrix is None:
                return self.__call__(frame, index, time)
            picture = align(frame, state.matrix)
            self._refer_to(picture, time)
        return self._measure(frame, picture, index, time, flags)

    def _measure(
        self,
        frame: NDArray[np.uint8],
        picture: NDArray[np.float32],
        index: int,
        time: float,
        flags: tuple[str, ...],
    ) -> Sample:
        state = self.state
        assert state.reference is not None
        assert state.matrix is not None
        if self._flow is None:
            self._flow = RegionFlow(state.reference)
        moved = self._flow(_lit_as(picture, state.reference))
        bridge = moved[0]
        own = state.offset + (moved - bridge) / EYES
        used = state.matrix
        # Head motion in eye distances of the picture: the cut has followed so far by its matrix.
        state.head = state.head + bridge / EYES
        head = state.head.copy()
        passed = min(max(time - state.time, 0.0), 0.2) if state.time > -1e8 else 0.0
        state.time = time
        growth, turn = _slow_turn((moved - bridge) / EYES, passed)
        state.matrix = _follow(state.matrix, bridge, growth, turn)
        if time - state.since >= _REFERENCE_LASTS:
            state.offset = own
            self._refer_to(align(frame, state.matrix), time)
        return Sample(index, time, own, head, used, state.segment, (*flags, *state.flags))

    def _refer_to(self, picture: NDArray[np.float32], time: float) -> None:
        self.state.reference, self.state.since, self._flow = picture, time, None

    def _scene(self, frame: NDArray[np.uint8]) -> tuple[str, ...]:
        """Whether the picture as a whole jumps."""
        state = self.state
        small = cv2.resize(frame, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
        light = float(small.mean())
        before, dark = state.small, state.light
        state.small, state.light = small, light
        if before is None:
            return ()
        # Pictures of nothing but noise are never alike.
        if _likeness(small, before) < _CUT and float(np.abs(small - before).mean()) > _OTHER:
            return ("cut",)
        return ("light",) if abs(light - dark) > _LIGHT * max(dark, 1.0) else ()

    def _forget(self) -> None:
        state = self.state
        state.matrix = state.reference = None
        state.looked = -1e9
        state.segment += 1
        state.offset, state.head = np.zeros_like(state.offset), np.zeros(2)
        state.flags = ()
        self._flow = None

    def _look(self, frame: NDArray[np.uint8], time: float) -> None:
        state = self.state
        if time - state.looked < _LOOK_FOR:
            return
        state.looked = time
        face = find_face(frame)
        if "face_not_found" in face.flags:
            return
        state.matrix, state.flags = _matrix(face), _flags(face)

    def _look_again(self, frame: NDArray[np.uint8], time: float) -> None:
        """Hold the face that is followed against the one that is found."""
        state = self.state
        state.looked = time
        face = find_face(frame)
        if "face_not_found" in face.flags:
            return  # turned, maybe; as long as it looks like the reference it is followed
        assert state.matrix is not None
        state.flags = _flags(face)
        found = _matrix(face)
        here, there = (_eyes(matrix) for matrix in (state.matrix, found))
        distance = float(np.hypot(*(here[1] - here[0])))
        if float(np.abs(here - there).max()) > _FAR * distance:
            self._forget()
            state.looked, state.matrix, state.flags = time, found, _flags(face)


def align(
    frame: NDArray[np.uint8], matrix: NDArray[np.float64], side: int = SIDE
) -> NDArray[np.float32]:
    """The aligned face in a frame, blurred by a pixel, float32 `(side, side)`."""
    to_pixels = matrix * side  # a copy
    to_pixels[:, 2] -= 0.5
    scale = float(np.hypot(to_pixels[0, 0], to_pixels[1, 0]))
    shrink = int(1 / max(scale, 1e-3) + 0.2)
    if shrink > 1:  # averages of the camera's pixels, so that none is skipped
        frame = np.asarray(cv2.resize(frame, (frame.shape[1] // shrink, frame.shape[0] // shrink),
                                      interpolation=cv2.INTER_AREA))  # fmt: skip
        to_pixels[:, 2] += to_pixels[:, :2] @ np.full(2, (shrink - 1) / 2)
        to_pixels[:, :2] *= shrink
    cut = cv2.warpAffine(frame, to_pixels, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(cut.astype(np.float32), (0, 0), 1.0))


def _matrix(face: Face) -> NDArray[np.float64]:
    """Pixels of the frame to parts of the side of the aligned face, as `cut_face` cuts it."""
    left, right = np.array(face.left_eye) + 0.5, np.array(face.right_eye) + 0.5
    across, down = right - left
    scale = EYE_DISTANCE / max(float(np.hypot(across, down)), 1e-6)
    angle = np.arctan2(down, across)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    # Pixel centres lie at whole numbers.
    shift = np.array([0.5, EYE_LINE]) - turn @ ((left + right) / 2) + turn @ np.full(2, 0.5)
    return np.column_stack([turn, shift])


def _eyes(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    back = cv2.invertAffineTransform(matrix)
    places = np.array([[0.5 - EYE_DISTANCE / 2, EYE_LINE], [0.5 + EYE_DISTANCE / 2, EYE_LINE]])
    return np.asarray(places @ back[:, :2].T + back[:, 2], np.float64)


def eyes_in_frame(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the eyes of an aligned face lie in the frame: `(2, 2)`, x and y in pixels."""
    return _eyes(matrix)


def _flags(face: Face) -> tuple[str, ...]:
    return (*face.flags, *(("several_faces",) if face.others else ()))


def _slow_turn(moved: NDArray[np.float64], passed: float) -> tuple[float, float]:
    """Growth and turn of the face by which the cut follows in this frame."""
    share = 1 - float(np.exp(-passed / _TURN_FOLLOWS))
    x, y = (CENTRES - CENTRES[0]).T
    norm = float((x * x + y * y).sum())
    bounded = np.clip(moved, -0.05, 0.05)  # a wide open mouth is no growth of the head
    growth = float((x * bounded[:, 0] + y * bounded[:, 1]).sum()) / norm
    turn = float((x * bounded[:, 1] - y * bounded[:, 0]).sum()) / norm
    return share * growth, share * turn


def _follow(
    matrix: NDArray[np.float64], shift: NDArray[np.float64], growth: float, turn: float
) -> NDArray[np.float64]:
    """The cut after the head has moved in it: by a shift in its pixels, a growth and a turn."""
    head = np.array([[1 + growth, -turn], [turn, 1 + growth]])
    middle = np.array([REGIONS[0].x, REGIONS[0].y])
    back = np.linalg.inv(head)
    linear = back @ matrix[:, :2]
    offset = back @ (matrix[:, 2] - middle - shift / SIDE) + middle
    return np.column_stack([linear, offset])


def _lit_as(picture: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture under the light of the reference, mean and contrast alike."""
    here, there = picture[_MIDDLE], reference[_MIDDLE]
    spread = float(here.std())
    gain = float(there.std()) / spread if spread > 1e-3 else 1.0
    return (picture - here.mean()) * np.float32(gain) + there.mean()


def _likeness(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Correlation of the gray values, coarsely."""
    step = max(1, first.shape[0] // 32)
    a, b = first[::step, ::step], second[::step, ::step]
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-9))
