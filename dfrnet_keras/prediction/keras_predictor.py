"""Recognises the expression in a clip with a network from `dfr-keras fit --all-subjects`.

The network's file says how its maps were made; clips are brought into the same form.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import Features
from dfrnet_keras.frames import (
    IMAGE_SUFFIXES,
    in_order,
    is_leftover,
    is_video,
    list_frames,
    natural_key,
)
from dfrnet_keras.prediction.clip_predictor import ClipPredictor, Prediction

__all__ = ["KerasPredictor", "Prediction", "find_clips"]


class KerasPredictor(ClipPredictor):
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
            classes, size = tuple(about["classes"]), int(about["size"])
            flow_range = str(about["flow_range"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} does not say what it was trained on: give a network written by "
                "dfr-keras fit --all-subjects"
            ) from error
        super().__init__(
            path,
            classes=classes,
            inputs=[tensor.name for tensor in self.network.inputs],
            size=size,
            flow_range=flow_range,
            settings=settings,
            crop=crop,
            spotter=spotter,
        )

    def warm_up(self) -> None:
        """Run the network once, so that the first clip does not pay for its compilation."""
        side = self.size
        self.predict_maps(
            np.zeros((side, side, 3), np.uint8),
            np.zeros((side, side, 1), np.uint8),
            np.zeros((side, side, 3), np.float32),
        )

    def predict_maps(self, apex: NDArray, difference: NDArray, flow: NDArray) -> Prediction:
        """Recognise the expression in maps as `features.extract_features` makes them."""
        return self._answer(self._as_stored(Features(apex, difference, flow)))

    def _run(self, maps: dict[str, Any]) -> NDArray:
        batch = {name: values[None].astype(np.float32) for name, values in maps.items()}
        return np.asarray(self.network.predict_on_batch(batch), np.float64)[0]


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
    clips: dict[str, tuple[Path, ...]] = {}
    pictures: dict[str, list[Path]] = {}
    for path in _expand(arguments):
        if path.is_dir():
            clips[str(path)] = list_frames(path)
        elif is_video(path):
            clips[str(path)] = (path,)
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            clips.setdefault(str(path.parent), ())
            pictures.setdefault(str(path.parent), []).append(path)
        else:
            raise InputError(f"{path} is neither a video nor an image nor a folder: give one")
    for name, paths in pictures.items():
        clips[name] = in_order([*clips[name], *paths])
    return list(clips.items())


def _expand(arguments: Sequence[str | Path]) -> Iterator[Path]:
    for argument in arguments:
        if Path(argument).exists():
            yield Path(argument)
            continue
        if not glob.has_magic(str(argument)):
            raise InputError(f"{argument} does not exist: give a video, a folder or a pattern")
        found = [Path(name) for name in glob.glob(str(argument), recursive=True)]
        found = sorted((path for path in found if not is_leftover(path.name)), key=natural_key)
        if not found:
            raise InputError(f"nothing is named like {argument}: check the pattern")
        yield from found
