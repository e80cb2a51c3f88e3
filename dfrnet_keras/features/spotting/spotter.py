"""Frames in, one at a time; movements out, as soon as they are over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.gray import gray_picture
from dfrnet_keras.features.spotting.movements import (
    Movement,
    Thresholds,
    find_movements,
    overlap,
)
from dfrnet_keras.features.spotting.regions import SKIN, without_head
from dfrnet_keras.features.spotting.state import (
    Arrays,
    movements_as_text,
    movements_from_text,
    restore_samples,
    restore_tracker,
    sample_arrays,
    tracker_arrays,
)
from dfrnet_keras.features.spotting.tracking import FaceTracker, Sample

# Seconds that are looked back at.
_SPAN = {"micro": 5.0, "macro": 14.0}
_MACRO_WAITS = 1.0
SLOWEST = 15.0  # frames a second: with fewer a micro-expression is in two or three frames


class Spotter:
    """Finds movements in the frames of one recording.

    Args:
        thresholds: See `Thresholds`.
        wait: Seconds after its end until a movement is a find. With less than 1.5 the first
            words of speech are taken for expressions.

    Attributes:
        frames: How many were given.

    Example:
        >>> spotter = Spotter()
        >>> found = []
        >>> for second, frame in recording:
        ...     found += spotter.push(frame, second)
        >>> found += spotter.finish()
    """

    def __init__(self, thresholds: Thresholds | None = None, *, wait: float = 1.6) -> None:
        self._settled = {"micro": wait, "macro": max(wait, _MACRO_WAITS)}
        # A live answer should come soon; otherwise looking seldom costs less.
        self._every = {"micro": 0.07 if wait < _MACRO_WAITS else 0.5, "macro": 1.0}
        self.thresholds = thresholds or Thresholds()
        self.frames = 0
        self._tracker = FaceTracker()
        self._samples: list[Sample] = []
        self._next = dict.fromkeys(_SPAN, 0.0)
        self._told: list[Movement] = []
        self._time: float | None = None

    @property
    def last(self) -> Sample | None:
        """What is known about the last frame."""
        return self._samples[-1] if self._samples else None

    def activity(self) -> float:
        """Movement of the face in the last frame against a fifth of a second before.

        Returns:
            Displacement of the two parts that move most, lids aside, in eye distances; 0 where
            there is no face.
        """
        now = self._samples[-1] if self._samples else None
        if now is None or now.matrix is None:
            return 0.0
        before = now
        for sample in reversed(self._samples):
            before = sample
            if now.time - sample.time >= self.thresholds.micro:
                break
        own = without_head((now.moved - before.moved)[None])[0, SKIN]
        return float(np.sort(np.hypot(own[:, 0], own[:, 1]))[-2:].mean())

    @property
    def samples(self) -> list[Sample]:
        """Those of the last seconds."""
        return self._samples

    def push(self, frame: NDArray[np.uint8], second: float) -> list[Movement]:
        """Take the next frame.

        Args:
            frame: uint8 `(H, W)` gray or `(H, W, 3)` RGB.
            second: When it was taken; later than the one before.

        Returns:
            The movements that are over by now and were not returned before.

        Raises:
            InputError: It is no picture, or was taken before the last one.
        """
        if self._time is not None and second <= self._time:
            raise InputError(
                f"frame {self.frames} was taken at {second:.3f} s and the one before at "
                f"{self._time:.3f} s: give frames in order of time"
            )
        gray = gray_picture(frame, f"frame {self.frames}")
        # A pause of half a second, as a camera's that was unplugged, is a new beginning.
        pause = self._time is not None and second - self._time > 0.5
        sample = self._tracker(gray, self.frames, second)
        self.frames += 1
        self._time = second
        found: list[Movement] = []
        before = self._samples[-1] if self._samples else None
        lost = before is not None and (
            before.segment != sample.segment
            or (before.matrix is None) != (sample.matrix is None)
            or pause
        )
        if lost:
            found += self._look("micro", True) + self._look("macro", True)
            self._samples = []
        self._samples.append(sample)
        for kind in _SPAN:
            if second >= self._next[kind]:
                self._next[kind] = second + self._every[kind]
                found += self._look(kind, False)
        if len(self._samples) > 64 and second - self._samples[32].time > _SPAN["macro"]:
            del self._samples[:32]
        return found

    def finish(self) -> list[Movement]:
        """The movements that were still waiting for frames after them."""
        return self._look("micro", True) + self._look("macro", True)

    def state(self) -> Arrays:
        """All that later finds depend on, as arrays; `restore` takes them back."""
        plain = {"frames": self.frames, "time": self._time, "next": self._next}
        return {
            **tracker_arrays(self._tracker),
            **sample_arrays(self._samples),
            "spotter": np.array(json.dumps(plain)),
            "told": np.array(movements_as_text(self._told)),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where another spotter with the same settings was when `state` was called."""
        plain = json.loads(str(state["spotter"]))
        self.frames, self._time, self._next = plain["frames"], plain["time"], plain["next"]
        self._tracker = restore_tracker(state)
        self._samples = restore_samples(state)
        self._told = movements_from_text(str(state["told"]))

    def _look(self, kind: str, closed: bool) -> list[Movement]:
        if not self._samples or self._samples[-1].matrix is None:
            return []
        now = self._samples[-1].time
        recent = [sample for sample in self._samples if sample.time > now - _SPAN[kind]]
        found = find_movements(recent, kind, self.thresholds)
        new = []
        for movement in found:
            over = closed or movement.seconds[2] <= now - self._settled[kind]
            # Once, while all that came before it can still be seen.
            fresh = movement.seconds[2] > now - self._settled[kind] - 2 * self._every[kind] - 0.1
            if over and fresh and not any(overlap(movement, told) > 0 for told in self._told):
                new.append(movement)
                self._told = [*self._told[-31:], movement]
        return new
