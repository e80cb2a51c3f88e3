"""From a clip to an answer, whatever runs the network: needs NumPy and OpenCV alone."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import ClipFeatures, Features, extract_clip
from dfrnet_keras.features.face import find_faces, frames_needed
from dfrnet_keras.features.gray import picture_array
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.frames import iterate_frames
from dfrnet_keras.frames.files import is_video, list_frames
from dfrnet_keras.prediction.checks import check_maps, takes_too_long
from dfrnet_keras.prediction.clips import check_order, single_picture

# With one of these there is nothing that a class could be the class of.
_WITHOUT_ANSWER = frozenset({"face_not_found", "nothing_moved", "face_left", "no_expression"})
_SEEN = 0.3  # of a unit's strength, where that of the strongest is about 1


@dataclass(frozen=True)
class Prediction:
    """What a network says about a clip.

    Attributes:
        label: Name of the most probable class; `None` where there is no answer: no face, no
            movement, a face that leaves, or `"no_expression"`.
        probabilities: Class name to probability, in the order of the network's classes.
        apex: Index of the apex among the frames of the clip; `None` where maps were given.
        flags: Those of `features.extract_clip`: what could not be found (`"face_not_found"`: the
            answer is about whatever is in the frames), what was spotted; those of
            `prediction.checks`: `"several_faces"`, `"nothing_moved"`, `"large_motion"`,
            `"face_left"`; `"too_long"`, for more than half a second; and `"no_expression"`, where
            a network that knows what is none takes the movement for such.
        timings: Seconds spent, by `"read"`, `"face"`, `"apex"`, `"maps"` and `"network"`.
        maps: What the network saw; `None` where maps were given.
        movement: Probability that there is an expression; `None` of a network that has no such
            output.
        units: Name of each action unit, such as `"AU12"`, to its strength in the left and in the
            right half of the picture, 0 to 1, the strongest being about 1; likewise.
    """

    label: str | None
    probabilities: dict[str, float]
    apex: int | None
    flags: tuple[str, ...]
    timings: dict[str, float]
    maps: ClipFeatures | None = field(default=None, repr=False, compare=False)
    movement: float | None = None
    units: dict[str, tuple[float, float]] | None = None

    def strongest_units(self, count: int = 3) -> tuple[str, ...]:
        """The action units that moved most, those that hardly did left out."""
        units = self.units or {}
        ranked = sorted(units, key=lambda name: -max(units[name]))
        return tuple(name for name in ranked[:count] if max(units[name]) >= _SEEN)


class ClipPredictor(ABC):
    """Brings clips into the form that a network was trained on, and asks it.

    Args:
        path: Where the network comes from, for messages.
        classes: Names of the classes, in the order of the network's output.
        inputs: Names of the maps that the network looks at.
        preparation: How the maps of the training were made, see `Preparation.from_settings`.
        crop: `"auto"`, `"face"` or `"none"`, see `features.extract_clip`. By default faces are
            cut out if those of the training were; otherwise unless they fill the frame.
        spotter: How the apex is spotted, see `features.spot_apex`; by default as in training.
        face_finder: How faces are found, see `Preparation.for_prediction`.
        abstention: Of a network that knows what is no expression: `"threshold"`, the least
            `movement` that has a label, and `"units"`, name of each action unit to what it is.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        classes: Iterable[str],
        inputs: Iterable[str],
        preparation: Mapping[str, Any],
        crop: str | None,
        spotter: str | None,
        face_finder: str | None = None,
        abstention: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = Path(path)
        self.classes: tuple[str, ...] = tuple(classes)
        self.inputs: tuple[str, ...] = tuple(inputs)
        self._threshold = float((abstention or {}).get("threshold", 0))
        self.unit_names: dict[str, str] = dict((abstention or {}).get("units", {}))
        try:
            training = Preparation.from_settings(preparation)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        self.preparation = training.for_prediction(
            crop=crop,
            spotter=spotter,
            face_finder=face_finder,
            # Whoever cut faces out noted so; who learnt from ready-made or drawn maps did not.
            finder_is_free="crop" not in preparation,
        )

    @abstractmethod
    def warm_up(self) -> None:
        """Run the network once, so that the first clip takes no longer than the others."""

    @property
    def size(self) -> int:
        """Width and height of the maps in pixels."""
        return self.preparation.size

    @abstractmethod
    def _run(self, maps: dict[str, Any]) -> dict[str, NDArray]:
        """All outputs for one clip's maps, by names: `probabilities` `(classes,)` and others."""

    def predict(
        self,
        frames: str | os.PathLike[str] | Iterable[NDArray[np.uint8] | str | os.PathLike[str]],
        onset: int = 0,
        apex: int | None = None,
        offset: int | None = None,
        *,
        face: str | int | None = None,
    ) -> Prediction:
        """Recognise the expression in a clip.

        Args:
            frames: The frames in order of time, uint8 `(n, H, W, 3)` RGB or `(n, H, W)` gray, or
                any sequence of such frames or of pictures of Pillow; or the path of a video or of
                a folder of pictures, or the paths of the pictures.
            onset: Index of the first frame of the movement.
            apex: Index of the frame of strongest movement; `None` spots it.
            offset: Index of the last frame of the movement; by default the last frame.
            face: Which of several faces, see `features.face.FaceCutter`.

        Returns:
            The answer, with the time spent on each part.

        Raises:
            InputError: A file cannot be read, frames or indexes do not fit (see
                `features.extract_clip`), or the network's flow needs scikit-image.
        """
        if isinstance(frames, (str, os.PathLike)):
            path = Path(frames)
            return self.predict_files(
                [path] if is_video(path) else list_frames(path), onset, apex, offset, face=face
            )
        if not isinstance(frames, Iterable):
            raise InputError(f"frames is of type {type(frames).__name__}: give arrays or paths")
        given = list(frames)
        if given and isinstance(given[0], (str, os.PathLike)):
            paths = [Path(str(path)) for path in given]
            return self.predict_files(paths, onset, apex, offset, face=face)
        if len(given) < 2:
            raise InputError(f"the clip has {len(given)} frame(s) and needs 2 or more, onset first")
        pictures = [picture_array(frame, f"frame {k}") for k, frame in enumerate(given)]
        last = len(pictures) - 1 if offset is None else offset
        for name, index in (("onset", onset), ("offset", last), ("apex", apex or 0)):
            if index >= len(pictures):
                raise InputError(
                    f"{name} is {index}: the clip has {len(pictures)} frames, counted from 0"
                )
        check_order(onset, apex, last)
        if apex is not None:
            needed = frames_needed(onset, apex, self.preparation.face_finder)
            return self._predict([pictures[index] for index in needed], onset, apex, face=face)
        part = pictures[onset : last + 1]
        return self._predict(part, onset, None, face=face, again=part.__getitem__)

    def predict_files(
        self,
        frames: Sequence[str | Path],
        onset: int = 0,
        apex: int | None = None,
        offset: int | None = None,
        *,
        face: str | int | None = None,
    ) -> Prediction:
        """The same from files, of which no more than 256 faces are held in memory.

        Args:
            frames: Paths of pictures in order of time, or the path of one video.
            onset, apex, offset, face: See `predict`.
        """
        check_order(onset, apex, offset)
        video = Path(frames[0]) if len(frames) == 1 else None
        if video is not None and not is_video(video):
            raise InputError(single_picture(video))
        if apex is not None:
            needed = frames_needed(onset, apex, self.preparation.face_finder)
            return self._predict(iterate_frames(frames, needed), onset, apex, video, face)
        stop = None if offset is None else offset + 1

        def again(index: int) -> NDArray[np.uint8]:
            place = onset + index
            return next(iterate_frames(frames, slice(place, place + 1)))

        given = iterate_frames(frames, slice(onset, stop))
        return self._predict(given, onset, None, video, face, again)

    def count_faces(self, frames: Sequence[str | Path], onset: int = 0) -> int:
        """How many faces the onset frame shows: `face` names them by their numbers from 1 on.

        Args:
            frames, onset: See `predict_files`.
        """
        (frame,) = iterate_frames(frames, slice(onset, onset + 1))
        return len(find_faces(frame, self.preparation.face_finder))

    def network_maps(self, made: ClipFeatures) -> dict[str, NDArray]:
        """The maps of a clip as the network takes them, by the names of its inputs."""
        maps = maps_as_stored(made.features, self.preparation)
        return {name: maps[name] for name in self.inputs}

    def predict_features(self, features: Features) -> Prediction:
        """The same from maps that `features.extract_features` made by `preparation`."""
        maps = maps_as_stored(features, self.preparation)
        return self._answer({name: maps[name] for name in self.inputs})

    def _predict(
        self,
        frames: Iterable[NDArray[np.uint8]],
        onset: int,
        apex: int | None,
        video: Path | None = None,
        face: str | int | None = None,
        again: Callable[[int], NDArray[np.uint8]] | None = None,
    ) -> Prediction:
        """Frames from the onset on; where the apex is known, those of `frames_needed`."""
        try:
            known = None
            if apex is not None:
                known = len(frames_needed(onset, apex, self.preparation.face_finder)) - 1
            made = extract_clip(
                frames, apex=known, which_face=face, again=again, **self.preparation.options
            )
        except ModuleNotFoundError as error:
            raise InputError(
                f"{self.path} was trained on {self.preparation.flow_method} flow, which needs "
                "scikit-image: install scikit-image, or train on ilk flow for a device."
            ) from error
        started = time.perf_counter()
        flags = (*made.flags, *check_maps(made, self.preparation.face_finder))
        if takes_too_long(onset, onset + made.frame_count - 1 if apex is None else apex, video):
            flags = (*flags, "too_long")
        made.timings["maps"] += time.perf_counter() - started
        found = onset + made.apex if apex is None else apex
        return self._answer(self.network_maps(made), found, made._replace(flags=flags))

    def _answer(
        self,
        maps: dict[str, Any],
        apex: int | None = None,
        made: ClipFeatures | None = None,
    ) -> Prediction:
        started = time.perf_counter()
        outputs = self._run(maps)
        spent = {"network": time.perf_counter() - started}
        probabilities = outputs["probabilities"]
        named = dict(zip(self.classes, map(float, probabilities), strict=True))
        label: str | None = self.classes[int(probabilities.argmax())]
        flags = () if made is None else made.flags
        movement = units = None
        if self.unit_names:
            movement = float(outputs["movement"][0])
            sides = ((float(left), float(right)) for left, right in outputs["units"])
            units = dict(zip(self.unit_names, sides, strict=True))
            if movement < self._threshold and "nothing_moved" not in flags:
                flags = (*flags, "no_expression")
        if not _WITHOUT_ANSWER.isdisjoint(flags):
            label = None
        timings = spent if made is None else {**made.timings, **spent}
        return Prediction(label, named, apex, flags, timings, made, movement, units)


def maps_as_stored(features: Features, preparation: Preparation) -> dict[str, NDArray]:
    """Maps rounded as a store keeps them, since no others were trained on."""
    maps: dict[str, NDArray] = features._asdict()
    in_bytes = preparation.flow_range == "bytes"
    maps["flow"] = _to_bytes(features.flow) if in_bytes else features.flow.astype(np.float16)
    return maps


def _to_bytes(flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Each channel over its own range, as maps that were published as pictures are."""
    low, high = flow.min(axis=(0, 1)), flow.max(axis=(0, 1))
    spread = np.where(high > low, high - low, 1)
    return np.asarray(np.rint((flow - low) / spread * 255), np.uint8)
