"""Frames as they come, from a camera or from a video at its own pace; late ones are dropped."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames.stream import stream_frames
from dfrnet_keras.frames.video import from_bgr

_WAITING = 4  # frames: enough for a look for the face, too few for a delay that one sees


class LiveFrame(NamedTuple):
    """A frame that was just taken.

    Attributes:
        number: Counted from 0, dropped ones included.
        second: When it was taken, from the first frame on.
        clock: The same by `time.monotonic`.
        picture: uint8 `(H, W, 3)` RGB.
    """

    number: int
    second: float
    clock: float
    picture: NDArray[np.uint8]


class LiveFrames:
    """Frames of a camera, or of a video as a camera would give them.

    Iterating gives the frames that there is time for; of those that come faster the oldest are
    dropped.

    Args:
        source: Number of a camera, or the path of a video or folder of frames.
        rate: Frames a second of a folder.

    Attributes:
        dropped: How many frames were dropped.
        problem: Why it ended, if not at the end of a video or by `close`; empty otherwise.

    Raises:
        InputError: There is no such camera.
    """

    def __init__(self, source: int | str | Path, *, rate: float | None = None) -> None:
        self.dropped = 0
        self.problem = ""
        self._queue: queue.Queue[LiveFrame | None] = queue.Queue()
        self._closed = threading.Event()
        frames = self._camera(source) if isinstance(source, int) else self._video(source, rate)
        self._thread = threading.Thread(target=self._read, args=(frames,), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[LiveFrame]:
        while True:
            frame = self._queue.get()
            # The end is never dropped, nor what came just before it.
            while frame is not None and self._queue.qsize() > _WAITING:
                frame = self._queue.get()
                self.dropped += 1
            if frame is None:
                return
            yield frame

    def close(self) -> None:
        """Stop reading."""
        self._closed.set()
        self._queue.put(None)

    def _read(self, frames: Iterator[LiveFrame]) -> None:
        try:
            for frame in frames:
                if self._closed.is_set():
                    break
                self._queue.put(frame)
        except InputError as error:
            self.problem = str(error)
        finally:
            self._queue.put(None)

    def _camera(self, number: int) -> Iterator[LiveFrame]:
        capture = cv2.VideoCapture(number)
        if not capture.isOpened():
            raise InputError(f"camera {number} cannot be opened: is it plugged in, and free?")
        return self._pictures(capture, number)

    def _pictures(self, capture: cv2.VideoCapture, number: int) -> Iterator[LiveFrame]:
        begun: float | None = None
        count = 0
        try:
            while True:
                success, picture = capture.read()
                clock = time.monotonic()
                if not success:
                    raise InputError(
                        f"camera {number} gave no more frames after {count}: was it unplugged?"
                    )
                begun = clock if begun is None else begun
                yield LiveFrame(count, clock - begun, clock, from_bgr(picture, False))
                count += 1
        finally:
            capture.release()

    def _video(self, path: str | Path, rate: float | None) -> Iterator[LiveFrame]:
        begun: float | None = None
        for number, second, picture in stream_frames(path, rate=rate, gray=False):
            begun = time.monotonic() if begun is None else begun
            self._closed.wait(max(0.0, begun + second - time.monotonic()))
            yield LiveFrame(number, second, begun + second, picture)
