"""Recognises the expression in a clip with a network from `dfr-keras fit --all-subjects`.

The network's file says how its maps were made; clips are brought into the same form.
"""

from __future__ import annotations

import glob
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.apex import BEST_SPOTTER
from dfrnet_keras.features.extract import ClipFeatures, Features, extract_clip
from dfrnet_keras.frames import IMAGE_SUFFIXES, is_video, iterate_frames, list_frames, natural_key


@dataclass(frozen=True)
class Prediction:
    """What a network says about a clip.

    Attributes:
        label: The class of the highest probability.
        probabilities: Of each class, by its name, in the order of their numbers.
        apex: Index of the apex among the frames of the clip; `None` where maps were given.
        flags: Those of `features.extract_clip`: what could not be found, what was spotted.
        timings: Seconds, by `"read"`, `"face"`, `"apex"`, `"maps"` and `"network"`.
        maps: What the network saw; `None` where maps were given.
    """

    label: str
    probabilities: dict[str, float]
    apex: int | None
    flags: tuple[str, ...]
    timings: dict[str, float]
    maps: ClipFeatures | None = field(default=None, repr=False, compare=False)


class KerasPredictor:
    """A network with all that its file says about its maps.

    Args:
        path: A `.keras` file of `dfr-keras fit --all-subjects`.
        crop: `"auto"`, `"face"` or `"none"`, see `features.extract_clip`. By default faces are
            cut out if those of the training were; otherwise unless they fill the frame.
        spotter: How the apex is spotted, see `features.spot_apex`; by default as in training.

    Attributes:
        classes: Names of the classes.
        size: Width and height of the maps.
        description: All that the file says.

    Raises:
        InputError: The file is no such network.
    """

    def __init__(
        self, path: str | Path, *, crop: str | None = None, spotter: str | None = None
    ) -> None:
        from dfrnet_keras.models.saving import load_network

        self.network, self.description = load_network(path)
        try:
            about = self.description
            settings = about["store"]["settings"]
            self.classes: tuple[str, ...] = tuple(about["classes"])
            self.size = int(about["size"])
            self.flow_range = str(about["flow_range"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} does not say what it was trained on: give a network written by "
                "dfr-keras fit --all-subjects"
            ) from error
        self._inputs = [tensor.name for tensor in self.network.inputs]
        self._making: dict[str, Any] = {
            "size": self.size,
            # Ready-made maps do not say how; TV-L1 is what the field uses.
            "flow_method": settings.get("flow_method", "tvl1"),
            "strain_cross_term": settings.get("strain_cross_term", False),
            "remove_global_motion": settings.get("remove_global_motion", False),
            "crop": crop or ("face" if settings.get("crop") == "face" else "auto"),
            "spotter": spotter or settings.get("spotter", BEST_SPOTTER),
        }

    def warm_up(self) -> None:
        """Run the network once, so that the first clip does not pay for its compilation."""
        side = self.size
        self.predict_maps(
            np.zeros((side, side, 3), np.uint8),
            np.zeros((side, side, 1), np.uint8),
            np.zeros((side, side, 3), np.float32),
        )

    def predict(
        self,
        frames: Sequence[NDArray] | NDArray,
        onset: int = 0,
        apex: int | None = None,
        offset: int | None = None,
    ) -> Prediction:
        """Recognise the expression in frames.

        Args:
            frames: In order of time, uint8, `(n, H, W, 3)` RGB or gray, or a list of such.
            onset: Index of the first frame of the movement.
            apex: Index of the frame of strongest movement; `None` spots it.
            offset: Index of the last frame of the movement; by default the last frame.

        Raises:
            InputError: There are fewer than two frames, or an index is out of range.
        """
        last = len(frames) - 1 if offset is None else offset
        _check_order(onset, apex, last)
        if last >= len(frames):
            raise InputError(f"offset is {last}: the clip has {len(frames)} frames, from 0 on")
        return self._predict(frames[onset : last + 1], onset, apex)

    def predict_files(
        self,
        frames: Sequence[str | Path],
        onset: int = 0,
        apex: int | None = None,
        offset: int | None = None,
    ) -> Prediction:
        """The same from files, of which no more than the faces are held in memory.

        Args:
            frames: Paths of images in order of time, or the path of one video.
            onset, apex, offset: See `predict`.
        """
        _check_order(onset, apex, offset)
        if apex is not None:  # onset and apex are all that is needed
            return self._predict(iterate_frames(frames, [onset, apex]), onset, apex, pair=True)
        stop = None if offset is None else offset + 1
        return self._predict(iterate_frames(frames, slice(onset, stop)), onset, None)

    def predict_maps(self, apex: NDArray, difference: NDArray, flow: NDArray) -> Prediction:
        """Recognise the expression in maps as `features.extract_features` makes them."""
        started = time.perf_counter()
        probabilities = self._probabilities(Features(apex, difference, flow))
        return self._answer(probabilities, None, (), {"network": time.perf_counter() - started})

    def _predict(
        self, frames: Iterable[NDArray], onset: int, apex: int | None, *, pair: bool = False
    ) -> Prediction:
        relative = None if apex is None else 1 if pair else apex - onset
        made = extract_clip(frames, apex=relative, **self._making)
        started = time.perf_counter()
        probabilities = self._probabilities(made.features)
        timings = {**made.timings, "network": time.perf_counter() - started}
        found = onset + made.apex if apex is None else apex
        return self._answer(probabilities, found, made.flags, timings, made)

    def _probabilities(self, features: Features) -> NDArray[np.float64]:
        flow: NDArray = features.flow.astype(np.float16)  # as a store keeps it
        if self.flow_range == "bytes":
            flow = _to_bytes(features.flow)
        maps = {**features._asdict(), "flow": flow}
        batch = {name: maps[name][None].astype(np.float32) for name in self._inputs}
        return np.asarray(self.network.predict_on_batch(batch), np.float64)[0]

    def _answer(
        self,
        probabilities: NDArray[np.float64],
        apex: int | None,
        flags: tuple[str, ...],
        timings: dict[str, float],
        maps: ClipFeatures | None = None,
    ) -> Prediction:
        named = dict(zip(self.classes, probabilities.tolist(), strict=True))
        label = self.classes[int(np.argmax(probabilities))]
        return Prediction(label, named, apex, flags, timings, maps)


def find_clips(arguments: Sequence[str | Path]) -> list[tuple[str, tuple[Path, ...]]]:
    """The clips that someone named.

    Args:
        arguments: Videos, folders of frames, and patterns such as `recordings/*.avi` or
            `clip7/*.png`. Images named by themselves or by a pattern are the frames of one clip
            for each folder they lie in.

    Returns:
        Name and frames of each clip: paths of images in natural order, or of one video.

    Raises:
        InputError: Something is not there, or is none of these.
    """
    clips: dict[str, list[Path]] = {}
    for path in _expand(arguments):
        if path.is_dir():
            clips[str(path)] = list(list_frames(path))
        elif is_video(path):
            clips[str(path)] = [path]
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            clips.setdefault(str(path.parent), []).append(path)
        else:
            raise InputError(f"{path} is neither a video nor an image nor a folder: give one")
    return [
        (name, tuple(sorted(dict.fromkeys(frames), key=lambda path: natural_key(path.name))))
        for name, frames in clips.items()
    ]


def _expand(arguments: Sequence[str | Path]) -> Iterator[Path]:
    for argument in arguments:
        if Path(argument).exists():
            yield Path(argument)
            continue
        if not glob.has_magic(str(argument)):
            raise InputError(f"{argument} does not exist: give a video, a folder or a pattern")
        found = sorted(glob.glob(str(argument), recursive=True), key=natural_key)
        if not found:
            raise InputError(f"nothing is named like {argument}: check the pattern")
        yield from map(Path, found)


def _check_order(onset: int, apex: int | None, offset: int | None) -> None:
    if onset < 0:
        raise InputError(f"onset is {onset}: frames are counted from 0")
    if offset is not None and offset <= onset:
        raise InputError(f"offset is {offset}: give a frame after the onset, {onset}")
    if apex is not None and (apex <= onset or (offset is not None and apex > offset)):
        until = "" if offset is None else f" and not after the offset, {offset}"
        raise InputError(f"apex is {apex}: give a frame after the onset, {onset}{until}")


def _to_bytes(flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Each channel over its own range, as maps that were published as pictures are."""
    low, high = flow.min(axis=(0, 1)), flow.max(axis=(0, 1))
    spread = np.where(high > low, high - low, 1)
    return np.rint((flow - low) / spread * 255).astype(np.uint8)
