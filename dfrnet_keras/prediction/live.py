"""Finds while they happen: a face is followed, its movements are named as soon as they are over."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.spotting import Movement, Sample, Spotter, Thresholds
from dfrnet_keras.frames.live import LiveFrame
from dfrnet_keras.prediction.naming import Name, Namer, cut_aligned

WAIT = 0.1  # seconds after the end of a movement until it is named
_QUICK, _SLOW = 1.3, 8.0  # seconds of which faces are kept, for micro- and macro-expressions
_SELDOM = 0.2  # seconds between the faces that are kept of the latter
_CURVE = 8.0  # seconds of the curve that is drawn
_SEEN = 0.04  # eye distances that reach the top of the curve


@dataclass(frozen=True, eq=False)
class LiveFind:
    """A movement that is just over.

    Attributes:
        movement: Its frames are numbers of the source, dropped ones counted.
        name: What it shows.
        latency: Seconds from when its last frame was taken to the answer.
        faces: The aligned faces from onset to offset, as far as they are kept, by frame number.
    """

    movement: Movement
    name: Name
    latency: float
    faces: dict[int, NDArray[np.uint8]] = field(repr=False)


class LiveSpotter:
    """Finds and names movements as the frames come.

    What comes after a movement is not waited for: the first word of speech may be taken for an
    expression, which `spot` would tell apart.

    Args:
        namer: What names them.
        thresholds: See `features.spotting.Thresholds`.

    Attributes:
        finds: The last ten, in order of time.
        curve: `(second, movement)` of the last seconds, in eye distances.
    """

    def __init__(self, namer: Namer, thresholds: Thresholds | None = None) -> None:
        self.finds: deque[LiveFind] = deque(maxlen=10)
        self.curve: deque[tuple[float, float]] = deque()
        self._namer = namer
        self._spotter = Spotter(thresholds, wait=WAIT)
        self._numbers: deque[tuple[int, int, float, float]] = deque()
        self._faces: dict[int, tuple[float, NDArray[np.uint8], bool]] = {}

    @property
    def last(self) -> Sample | None:
        """What is known about the last frame."""
        return self._spotter.last

    def push(self, frame: LiveFrame) -> list[LiveFind]:
        """Take a frame; see `features.spotting.Spotter.push`.

        Returns:
            The movements that are over by now.
        """
        movements = self._spotter.push(frame.picture, frame.second)
        sample = self._spotter.last
        assert sample is not None
        self._numbers.append((sample.index, frame.number, frame.second, frame.clock))
        while self._numbers[0][2] < frame.second - _SLOW:
            self._numbers.popleft()
        if sample.matrix is not None:
            kept = [second for second, _, slow in self._faces.values() if slow]
            slow = not kept or frame.second - max(kept) >= _SELDOM
            face = cut_aligned(frame.picture, sample.matrix)
            self._faces[sample.index] = frame.second, face, slow
        self._faces = {
            index: entry
            for index, entry in self._faces.items()
            if entry[0] > frame.second - (_SLOW if entry[2] else _QUICK)
        }
        self.curve.append((frame.second, self._spotter.activity()))
        while self.curve[0][0] < frame.second - _CURVE:
            self.curve.popleft()
        return self._named(movements)

    def finish(self) -> list[LiveFind]:
        """The movements that were not over when the frames ended."""
        return self._named(self._spotter.finish())

    def _named(self, movements: list[Movement]) -> list[LiveFind]:
        found = []
        numbers = {index: (number, clock) for index, number, _, clock in self._numbers}
        for movement in movements:
            if not self._faces or movement.offset not in numbers:
                continue
            onset, apex = (self._nearest(place) for place in (movement.onset, movement.apex))
            name = self._namer.name_faces(onset, apex)
            faces = {
                numbers[index][0]: self._faces[index][1]
                for index in range(movement.onset, movement.offset + 1)
                if index in self._faces and index in numbers
            }
            first, middle, last = (
                numbers[index][0] if index in numbers else index
                for index in (movement.onset, movement.apex, movement.offset)
            )
            latency = time.monotonic() - numbers[movement.offset][1]
            ours = replace(movement, onset=first, apex=middle, offset=last)
            found.append(LiveFind(ours, name, latency, faces))
        self.finds.extend(found)
        return found

    def _nearest(self, index: int) -> NDArray[np.uint8]:
        return self._faces[min(self._faces, key=lambda kept: abs(kept - index))][1]


def draw_overlay(
    picture: NDArray[np.uint8], spotter: LiveSpotter, status: str
) -> NDArray[np.uint8]:
    """A frame with the face marked, the movement curve and the last finds, for a screen.

    Args:
        picture: uint8 `(H, W, 3)` RGB.
        spotter: What has seen it.
        status: A line of text for the upper edge.

    Returns:
        uint8 `(H, W, 3)` RGB.
    """
    screen = picture.copy()
    height, width = screen.shape[:2]
    sample = spotter.last
    if sample is not None and sample.matrix is not None:
        back = cv2.invertAffineTransform(sample.matrix)
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) @ back[:, :2].T + back[:, 2]
        cv2.polylines(screen, [np.rint(corners).astype(np.int32)], True, (255, 200, 60), 2)
    low = height - 8
    if spotter.curve:
        now = spotter.curve[-1][0]
        points = [
            (round(width * (1 - (now - second) / _CURVE)),
             round(low - height / 5 * min(movement / _SEEN, 1.0)))
            for second, movement in spotter.curve
        ]  # fmt: skip
        cv2.polylines(screen, [np.array(points, np.int32)], False, (120, 220, 255), 1, cv2.LINE_AA)
    lines = [status]
    for find in list(spotter.finds)[:-5:-1]:
        lines.append(find_line(find))
    for row, line in enumerate(lines):
        place = (8, 20 + 20 * row)
        for color, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(screen, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, thickness,
                        cv2.LINE_AA)  # fmt: skip
    return np.asarray(screen, np.uint8)


def find_line(find: LiveFind) -> str:
    """A find in one line."""
    movement, name = find.movement, find.name
    units = f" {'+'.join(name.units)}" if name.units else ""
    return (
        f"{movement.seconds[1]:.2f} s, frame {movement.apex}: {movement.kind}, "
        f"{name.label or 'not sure'}{units}, confidence {movement.confidence:.2f}, "
        f"{1000 * find.latency:.0f} ms after its end"
    )
