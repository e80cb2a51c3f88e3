"""Long recordings of invented people: expressions of known place, and what is none.

They take the place of long videos whose use needs a licence. Everything follows from the seed;
frames are drawn one at a time, so that the length of a recording costs no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.face_model import UNITS
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.datasets.synthetic.recording_pictures import (
    Camera,
    DrawnInterval,
    draw_expression,
    head_of,
)
from dfrnet_keras.errors import InputError

HAPPENINGS = ("blink", "gaze", "speech", "drift", "turn", "light", "leave")
OTHERS = "others"  # an expression without one of the three classes

# A minute has this many, each lasting between so many seconds.
_HABITS = {
    "blink": (15.0, 0.2, 0.4),
    "gaze": (8.0, 0.4, 1.5),
    "speech": (2.0, 1.5, 4.0),
    "turn": (3.0, 1.5, 4.0),
    "light": (2.0, 2.0, 6.0),
    "leave": (1.0, 2.5, 5.0),
}
_MICRO_SECONDS = (0.2, 0.5)
_MACRO_SECONDS = (0.7, 4.0)
_ROOM_FOR_ALL = 20.0  # seconds from which on there is speech and absence at least once
_GAP = 0.5  # seconds between movements that must not touch


@dataclass(frozen=True, eq=False)
class DrawnRecording:
    """A recording that is drawn when it is looked at.

    Attributes:
        seed: What everything follows from.
        person: What the person follows from.
        count: Number of frames.
        frame_rate: Frames a second.
        size: Width and height in pixels.
        intervals: The expressions, in order of time.
        happenings: The other movements, in order of time. Drift has no place in time.
        drifts: Whether the head wanders.
        noise: Standard deviation of the grain, in gray values.
        flicker: Amplitude of the flicker of the light, as a part of one.
    """

    seed: tuple[int, ...]
    person: tuple[int, ...]
    count: int
    frame_rate: float
    size: tuple[int, int]
    intervals: tuple[DrawnInterval, ...]
    happenings: tuple[DrawnInterval, ...]
    drifts: bool
    noise: float
    flicker: float

    @cached_property
    def _camera(self) -> Camera:
        return Camera(
            make_identity(self.person),
            self.size,
            self.frame_rate,
            seed=self.seed,
            drift=self.drifts,
            flicker=self.flicker,
            noise=self.noise,
        )

    def frame(self, index: int) -> NDArray[np.uint8]:
        """One frame, uint8 `(height, width, 3)` RGB: the same alone as among the others."""
        return next(self.frames(index, index + 1))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """Frames `start` to `stop`, one at a time: uint8 `(height, width, 3)` RGB."""
        stop = self.count if stop is None else min(stop, self.count)
        if not 0 <= start < self.count:
            raise IndexError(f"frame {start} of a recording of {self.count} frames")
        waiting = sorted((*self.intervals, *self.happenings), key=lambda part: -part.onset)
        near: list[DrawnInterval] = []
        for index in range(start, stop):
            while waiting and waiting[-1].onset <= index:
                near.append(waiting.pop())
            near = [movement for movement in near if movement.offset > index]
            yield self._camera.picture(index, near)


def draw_recording(
    seed: int | tuple[int, ...],
    seconds: float = 60.0,
    frame_rate: float = 100.0,
    *,
    size: tuple[int, int] = (320, 240),
    person: int | tuple[int, ...] | None = None,
    micro: float = 4.0,
    macro: float = 2.0,
    strength: tuple[float, float] = (1.0, 3.0),
    macro_strength: tuple[float, float] = (3.0, 8.0),
    others: float = 0.2,
    happenings: Iterable[str] = HAPPENINGS,
    noise: float = 2.0,
) -> DrawnRecording:
    """Decide what happens in a recording; its frames are drawn when asked for.

    Expressions touch neither each other nor speech nor a face that is away. Blinks, gaze, head
    and light come at any time.

    Args:
        seed: Equal seeds give equal recordings.
        seconds: Length.
        frame_rate: Frames a second.
        size: Width and height in pixels; the head takes about two thirds of the height.
        person: Seed of the person; by default it follows from `seed`.
        micro, macro: Expressions a minute, rounded to a whole number of them.
        strength: Bounds of the largest displacement of a micro-expression, in pixels.
        macro_strength: The same of a macro-expression.
        others: Share of expressions that are any action units, without a class.
        happenings: What else there is, of `HAPPENINGS`.
        noise: Standard deviation of the grain, in gray values.

    Raises:
        InputError: A number is out of range, or so much does not fit into the time.
    """
    seed = (seed,) if isinstance(seed, int) else tuple(seed)
    person = (*seed, 24) if person is None else (person,) if isinstance(person, int) else person
    allowed = set(happenings)
    if seconds * frame_rate < 20 or frame_rate < 10:
        raise InputError(
            f"{seconds} seconds at {frame_rate} frames a second: give 20 frames or more, at 10 a "
            "second or more"
        )
    if min(size) < 64:
        raise InputError(f"{size[0]} x {size[1]} is too small: give 64 pixels or more")
    if min(micro, macro) < 0:
        raise InputError(f"micro is {micro} and macro {macro}: give 0 or more a minute")
    if unknown := allowed - set(HAPPENINGS):
        raise InputError(f"unknown happenings {sorted(unknown)}: give some of {HAPPENINGS}")
    count = round(seconds * frame_rate)
    random = np.random.default_rng([*seed, 25])
    scale = Framing.raw(*size).scale
    eyes = make_identity(person).traits["eye_height"]
    minutes = seconds / 60

    def spans(kind: str, number: int, low: float, high: float) -> list[tuple[str, int]]:
        lasting = np.exp(random.uniform(np.log(low), np.log(high), number)) * frame_rate
        return [(kind, max(4, round(frames))) for frames in lasting.tolist()]

    alone = spans("micro", round(micro * minutes), *_MICRO_SECONDS)
    alone += spans("macro", round(macro * minutes), *_MACRO_SECONDS)
    placed = []
    for kind, (rate, low, high) in _HABITS.items():
        if kind in allowed:
            alone_in_time = kind in ("speech", "leave")
            least = 0 if alone_in_time and seconds < _ROOM_FOR_ALL else 1
            parts = spans(kind, max(least, round(rate * minutes)), low, high)
            if alone_in_time:
                alone += parts
            else:
                placed += _place(random, parts, count, frame_rate)
    placed += _place(random, alone, count, frame_rate)
    pixels = {
        "micro": strength,
        "macro": macro_strength,
        "blink": (1.3 * eyes * scale, 1.8 * eyes * scale),
        "gaze": (0.012 * scale, 0.04 * scale),
        "speech": (0.03 * scale, 0.08 * scale),
        "turn": (0.04, 0.16),
        "light": (0.05, 0.2),
        "leave": (1.0, 1.0),
    }
    head = head_of(make_identity(person)) if micro or macro else None
    made = []
    for number, (kind, onset, offset) in enumerate(sorted(placed, key=lambda part: part[1])):
        own = (*seed, 26, number, int(random.integers(1000)))
        label: str | None = None
        units: tuple[int, ...] = ()
        if head is not None and kind in ("micro", "macro"):
            _, place, moved = draw_expression(np.random.default_rng(own), head, others)
            label = MEGC2019_CLASSES[place] if place >= 0 else OTHERS
            units = tuple(unit for unit, sides in zip(UNITS, moved, strict=True) if sides.any())
        apex = _apex(random, kind, onset, offset, frame_rate)
        low, high = pixels[kind]
        much = float(np.exp(random.uniform(np.log(low), np.log(high))))
        made.append(DrawnInterval(onset, apex, offset, kind, label, units, much, own))
    return DrawnRecording(
        seed=seed,
        person=tuple(person),
        count=count,
        frame_rate=frame_rate,
        size=size,
        intervals=tuple(part for part in made if part.label),
        happenings=tuple(part for part in made if not part.label),
        drifts="drift" in allowed,
        noise=noise,
        flicker=0.01 if "light" in allowed else 0.0,
    )


def write_video(recording: DrawnRecording, path: str | Path, *, codec: str | None = None) -> None:
    """Write a recording as a video.

    Args:
        recording: What to write.
        path: `.avi` is lossless (FFV1), `.mp4` is MPEG-4, as OpenCV can write both everywhere.
        codec: Four letters of another codec.
    """
    path = Path(path)
    code = codec or {".avi": "FFV1", ".mp4": "mp4v"}.get(path.suffix.lower())
    if code is None:
        raise InputError(f"{path}: the name of a video ends in .avi or .mp4")
    with whole_file(path) as partial:
        letters = cv2.VideoWriter.fourcc(*code)
        video = cv2.VideoWriter(str(partial), letters, recording.frame_rate, recording.size)
        if not video.isOpened():
            raise InputError(f"{path}: this OpenCV cannot write {code}; give another codec")
        for frame in recording.frames():
            video.write(frame[..., ::-1])
        video.release()


def _place(
    random: np.random.Generator, parts: list[tuple[str, int]], count: int, frame_rate: float
) -> list[tuple[str, int, int]]:
    """Lay spans of frames (kind, length) into the recording: in any order, none touching."""
    gap = round(_GAP * frame_rate)
    order = random.permutation(len(parts)).tolist()
    slack = count - 1 - sum(length for _, length in parts) - gap * (len(parts) + 1)
    if slack < 0:
        raise InputError(
            f"{len(parts)} movements do not fit into {count / frame_rate:.3g} seconds: give a "
            "longer recording or fewer movements"
        )
    starts = np.sort(random.integers(0, slack + 1, len(parts))).tolist()
    placed, taken = [], gap
    for place, start in zip(order, starts, strict=True):
        kind, length = parts[place]
        placed.append((kind, start + taken, start + taken + length))
        taken += length + gap
    return placed


def _apex(
    random: np.random.Generator, kind: str, onset: int, offset: int, frame_rate: float
) -> int:
    length = offset - onset
    if kind in ("turn", "light", "leave"):
        rise = random.uniform(0.15, 0.5) if kind == "light" else random.uniform(0.4, 0.9)
        return onset + max(1, min(round(rise * frame_rate), length // 2))
    share = random.uniform(0.3, 0.6) if kind != "macro" else random.uniform(0.15, 0.5)
    return onset + min(max(1, round(length * share)), length - 1)
