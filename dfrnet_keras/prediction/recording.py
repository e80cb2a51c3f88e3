"""From a recording of any length to its finds: movement by movement, kept as they come."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.atomic import whole_file, whole_folder
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.spotting import Movement, Spotter, Thresholds
from dfrnet_keras.features.spotting.spotter import SLOWEST
from dfrnet_keras.features.spotting.state import movements_as_text, movements_from_text
from dfrnet_keras.frames import iterate_frames, stream_frames, video_length
from dfrnet_keras.frames.files import list_frames
from dfrnet_keras.prediction.naming import Name

_VERSION = 1  # of the files that a recording goes on from
_CURVE = 0.1  # seconds between points of the movement curve
_EVERY = 5.0  # seconds of work between checkpoints


@dataclass
class Recording:
    """What was found in one recording.

    Attributes:
        path: The video or folder.
        frames: Number of frames seen.
        seconds: Time of the last one.
        rate: Frames a second, on average.
        movements: In order of onset.
        curve: Movement of the face every tenth of a second, in eye distances.
        remarks: `(flag, first second, last second)` of what a reader should know: `"no_face"`,
            `"cut"`, `"light"`, `"several_faces"`, `"eyes_not_found"`, `"low_rate"`,
            `"uneven_rate"`.
        problem: Why it ended early; empty where it did not.
        done: Whether all of it was looked at that can be read.
        usual_gap, odd_gaps: Seconds between frames, and how often they were others.
    """

    path: str
    frames: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    movements: list[Movement] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)
    remarks: list[tuple[str, float, float]] = field(default_factory=list)
    problem: str = ""
    done: bool = False
    usual_gap: float = 0.0
    odd_gaps: int = 0


def spot_recording(
    path: str | Path,
    *,
    checkpoint: str | Path | None = None,
    rate: float | None = None,
    thresholds: Thresholds | None = None,
    on_progress: Callable[[int, int], Any] | None = None,
) -> Recording:
    """Find the movements in a recording.

    Args:
        path: A video, or a folder of frames.
        checkpoint: A file to go on from, and to write every few seconds; one of another recording
            or of other settings is started anew.
        rate: Frames a second; by default what the video says.
        thresholds: See `features.spotting.Thresholds`.
        on_progress: Called with the number of frames done and of all, 0 where that is not known.

    Returns:
        What was found; `problem` says why a recording could not be read to its end.

    Raises:
        InputError: Not one frame of it can be read, or the checkpoint is damaged.
    """
    path = Path(path)
    known = thresholds or Thresholds()
    spotter, recording = Spotter(known), Recording(str(path))
    file = None if checkpoint is None else Path(checkpoint)
    total = len(list_frames(path)) if path.is_dir() else video_length(path)[0]
    mark = _fingerprint(path, rate, known)
    if file is not None and file.is_file():
        recording = _read_checkpoint(file, mark, spotter) or recording
        if recording.done:
            return recording
    written = time.monotonic()
    try:
        for number, second, picture in stream_frames(path, start=spotter.frames, rate=rate):
            recording.movements += spotter.push(picture, second)
            _note(recording, spotter, second)
            if on_progress is not None:
                on_progress(number + 1, total)
            if file is not None and time.monotonic() - written > _EVERY:
                written = time.monotonic()
                file = _keep(file, mark, spotter, recording)
    except InputError as error:
        if spotter.frames == 0:
            raise
        recording.problem = str(error)
    recording.movements += spotter.finish()
    recording.movements.sort(key=lambda movement: (movement.onset, movement.kind))
    recording.rate = (recording.frames - 1) / max(recording.seconds, 1e-9)
    if recording.frames > 1 and recording.rate < SLOWEST - 0.1:
        recording.remarks.append(("low_rate", 0.0, recording.seconds))
    if recording.odd_gaps > 0.02 * recording.frames + 2:
        recording.remarks.append(("uneven_rate", 0.0, recording.seconds))
    recording.done = True
    if file is not None:
        _keep(file, mark, spotter, recording)
    return recording


def name_movements(
    recording: Recording,
    namer: Callable[[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]], Name],
) -> Iterator[tuple[Movement, Name, NDArray[np.uint8]]]:
    """Name the movements of a recording, reading its frames once more.

    Args:
        recording: From `spot_recording`.
        namer: See `naming.Namer`.

    Yields:
        Each movement in order of its apex, what it shows, and the frame of its apex, uint8 RGB.
    """
    movements = sorted(recording.movements, key=lambda movement: movement.apex)
    if not movements:
        return
    onsets: dict[int, NDArray[np.uint8]] = {}
    wanted = sorted({place for one in movements for place in (one.onset, one.apex)})
    path = Path(recording.path)
    files = list_frames(path) if path.is_dir() else [path]
    waiting = list(movements)
    # Closed, so that a truncated file is read no further than needed.
    for place, picture in zip(wanted, iterate_frames(files, wanted), strict=False):
        if any(one.onset == place for one in waiting):
            onsets[place] = picture
        while waiting and waiting[0].apex == place:
            one = waiting.pop(0)
            yield one, namer(onsets[one.onset], picture, one.matrices), picture
        needed = {one.onset for one in waiting}
        for place_before in [key for key in onsets if key not in needed]:
            del onsets[place_before]
        if not waiting:
            return


def _note(recording: Recording, spotter: Spotter, second: float) -> None:
    """Add a frame to the curve, to the remarks and to the count of uneven steps."""
    if recording.frames:
        gap = second - recording.seconds
        usual = recording.usual_gap or gap
        recording.usual_gap = usual + 0.02 * (gap - usual)
        recording.odd_gaps += abs(gap - usual) > 0.5 * usual
    recording.frames, recording.seconds = spotter.frames, second
    while len(recording.curve) <= second / _CURVE:
        recording.curve.append(round(spotter.activity(), 5))
    sample = spotter.last
    for flag in () if sample is None else sample.flags:
        same = [place for place, remark in enumerate(recording.remarks) if remark[0] == flag]
        if same and second - recording.remarks[same[-1]][2] < 1.0:
            recording.remarks[same[-1]] = (flag, recording.remarks[same[-1]][1], second)
        else:
            recording.remarks.append((flag, second, second))


def _fingerprint(path: Path, rate: float | None, thresholds: Thresholds) -> str:
    about = path.stat()
    return json.dumps([_VERSION, str(path), about.st_size, about.st_mtime_ns, rate,
                       asdict(thresholds)])  # fmt: skip


def _keep(file: Path, mark: str, spotter: Spotter, recording: Recording) -> Path | None:
    """Write a checkpoint; where that fails, say so and go on without: finds are in memory still."""
    try:
        _write_checkpoint(file, mark, spotter, recording)
    except InputError as error:
        recording.problem = recording.problem or str(error)
        return None
    return file


def _write_checkpoint(file: Path, mark: str, spotter: Spotter, recording: Recording) -> None:
    plain = {**vars(recording), "movements": movements_as_text(recording.movements)}
    with whole_file(file) as partial, partial.open("wb") as stream:
        entries: dict[str, Any] = {} if recording.done else spotter.state()
        np.savez(stream, mark=np.array(mark), recording=np.array(json.dumps(plain)), **entries)


def _read_checkpoint(file: Path, mark: str, spotter: Spotter) -> Recording | None:
    """What was found until the checkpoint, the spotter being brought to its state."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            if str(arrays["mark"]) != mark:
                return None
            plain = json.loads(str(arrays["recording"]))
            plain["movements"] = movements_from_text(plain["movements"])
            plain["remarks"] = [tuple(remark) for remark in plain["remarks"]]
            recording = Recording(**plain)
            if not recording.done:
                spotter.restore(arrays)
            return recording
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file} is damaged ({error}): delete it to start this recording anew"
        ) from error


def cut_clips(recording: Recording, folder: str | Path) -> Iterator[Path]:
    """Cut the movements out of a recording, losslessly.

    Args:
        recording: From `spot_recording`.
        folder: Where to; each movement becomes a folder of PNG files from its onset to its offset,
            named after the recording, the frame of the apex and the kind, each file after the
            frame. A folder that is there is left as it is.

    Yields:
        The folders that were made.

    Raises:
        InputError: One cannot be written.
    """
    path = Path(recording.path)
    targets = {
        Path(folder) / f"{path.stem}-{one.apex:06d}-{one.kind}": one for one in recording.movements
    }
    targets = {target: one for target, one in targets.items() if not target.is_dir()}
    wanted = sorted({
        place for one in targets.values() for place in range(one.onset, one.offset + 1)
    })  # fmt: skip
    if not wanted:
        return
    files = list_frames(path) if path.is_dir() else [path]
    # One pass for all: the clips of a quick and of a slow movement may share frames.
    with ExitStack() as all_open:
        written: dict[Path, tuple[ExitStack, Path]] = {}
        for place, picture in zip(wanted, iterate_frames(files, wanted), strict=False):
            success, data = cv2.imencode(".png", picture[..., ::-1])
            if not success:
                raise InputError("PNG cannot be written: install an OpenCV with PNG support")
            for target, one in targets.items():
                if place == one.onset:
                    stack = all_open.enter_context(ExitStack())
                    written[target] = stack, stack.enter_context(whole_folder(target))
                if one.onset <= place <= one.offset:
                    (written[target][1] / f"{place:06d}.png").write_bytes(data.tobytes())
                if place == one.offset:
                    written.pop(target)[0].close()
                    yield target
            if place == wanted[-1]:
                return
