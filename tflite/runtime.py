"""Prediction on a device: frames or maps in, class out; no Keras and no TensorFlow.

NumPy, OpenCV and ai-edge-litert are all that is needed, and scikit-image where a network was
trained on TV-L1 flow.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import SMALLEST_FLOW_SIZE, Features, extract_features
from dfrnet_keras.frames import read_clip
from dfrnet_keras.tflite.interpreter import Network
from dfrnet_keras.tflite.metadata import read_metadata


@dataclass(frozen=True)
class Prediction:
    """The answer for one clip.

    Attributes:
        label: Name of the most probable class.
        probabilities: Class name to probability, in the order of the network's classes.
        apex: Index of the apex frame that was used; `None` where maps were given.
        timings: Milliseconds spent: `"read"` (files), `"crop"` (face), `"features"` (flow, strain,
            difference), `"network"`, as far as each was needed, and `"total"`.
    """

    label: str
    probabilities: dict[str, float]
    apex: int | None = None
    timings: dict[str, float] = field(default_factory=dict)


class Predictor:
    """A `.tflite` network with the preparation of its maps; not to be shared between threads.

    What it was trained on (size, flow method, classes) is read from the file. Its buffers are made
    once and used again for each clip.

    Args:
        path: A file that `convert` or `dfr-keras convert` wrote.
        threads: How many threads the network may use.

    Attributes:
        metadata: All that the file says of itself.
        classes: Names of the classes, in the order of the network's output.
        inputs: Names of the maps that the network looks at.
        size: Width and height of the maps in pixels.

    Raises:
        InputError: The file is missing, damaged, of another model, or without metadata.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self.path = Path(path)
        self.network = Network(path, threads=threads)
        self.metadata = read_metadata(path)
        self.classes: tuple[str, ...] = tuple(self.metadata["classes"])
        self.inputs: tuple[str, ...] = tuple(self.network.inputs)
        self.size = next(iter(self.network.inputs.values())).shape[1]
        self._preparation: dict[str, Any] = self.metadata["preparation"]
        if self.network.output.shape[-1] != len(self.classes):
            raise InputError(
                f"{path} has {self.network.output.shape[-1]} outputs and names "
                f"{len(self.classes)} classes: convert the network again."
            )

    def predict(
        self,
        frames: NDArray[np.uint8]
        | Sequence[NDArray[np.uint8]]
        | str
        | os.PathLike[str]
        | Sequence[str | os.PathLike[str]],
        onset: int = 0,
        apex: int | None = None,
    ) -> Prediction:
        """Classify a clip.

        Args:
            frames: The frames in order of time, uint8 `(n, H, W, 3)` RGB or `(n, H, W)` gray; or
                the path of a video or of a folder of pictures, or the paths of the pictures.
            onset: Index of the first frame of the movement.
            apex: Index of the frame of strongest movement; `None` takes the middle between the
                onset and the last frame.

        Returns:
            The answer, with the time spent on each part.

        Raises:
            InputError: A file cannot be read, frames or indexes do not fit (see
                `features.extract_features`), no face is found by a network that was trained on
                cropped faces, or the network was trained on ready-made maps.
        """
        timings: dict[str, float] = {}
        began = start = time.perf_counter()
        pictures = _pictures(frames)
        if pictures is not frames:
            timings["read"], start = _since(start)
        features, apex, spent = self._maps(pictures, onset, apex)
        timings |= spent
        start = time.perf_counter()
        probabilities = self.network.run({name: getattr(features, name) for name in self.inputs})
        timings["network"], end = _since(start)
        timings["total"] = (end - began) * 1e3
        return self._prediction(probabilities, apex, timings)

    def extract(
        self, frames: NDArray[np.uint8] | Sequence[NDArray[np.uint8]], onset: int = 0,
        apex: int | None = None,
    ) -> Features:  # fmt: skip
        """The maps of a clip as the network was trained on them; arguments as for `predict`."""
        return self._maps(frames, onset, apex)[0]

    def predict_maps(
        self,
        apex: ArrayLike | None = None,
        difference: ArrayLike | None = None,
        flow: ArrayLike | None = None,
    ) -> Prediction:
        """Classify a clip whose maps are there already.

        Args:
            apex: `(size, size, 3)`, RGB 0 to 255; with or without a batch axis of 1, as all maps.
            difference: `(size, size, 1)`, 0 to 255.
            flow: `(size, size, 3)`: u and v in pixels, strain (or the bytes of a ready-made map).

        Returns:
            The answer; its `apex` is `None`.

        Raises:
            InputError: A map is missing, too many, or of another shape.
        """
        given = {"apex": apex, "difference": difference, "flow": flow}
        start = time.perf_counter()
        probabilities = self.network.run({k: v for k, v in given.items() if v is not None})
        spent = (time.perf_counter() - start) * 1e3
        return self._prediction(probabilities, None, {"network": spent, "total": spent})

    def _maps(
        self, frames: Any, onset: int, apex: int | None
    ) -> tuple[Features, int, dict[str, float]]:
        how = self._preparation
        if how.get("flow_range") == "bytes":
            raise InputError(
                f"{self.path} was trained on ready-made maps, so frames cannot be prepared for "
                "it: use predict_maps."
            )
        timings: dict[str, float] = {}
        start = time.perf_counter()
        if apex is None:
            apex = onset + (len(frames) - onset) // 2
        if how.get("crop") not in (None, "none"):
            frames = self._faces(frames, onset)
            timings["crop"], start = _since(start)
        try:
            features = extract_features(
                frames,
                onset=onset,
                apex=apex,
                size=self.size,
                flow_method=how["flow_method"],
                strain_cross_term=bool(how.get("strain_cross_term", False)),
                remove_global_motion=bool(how.get("remove_global_motion", False)),
            )
        except ModuleNotFoundError as error:
            raise InputError(
                f"{self.path} was trained on {how['flow_method']} flow, which needs {error.name}: "
                "install scikit-image, or train on DIS flow for a device."
            ) from error
        timings["features"], _ = _since(start)
        return features, apex, timings

    def _faces(self, frames: Any, onset: int) -> NDArray[np.uint8]:
        from dfrnet_keras.features.face import crop_face, find_face

        if not 0 <= onset < len(frames):
            raise InputError(f"onset is {onset}, but the clip has {len(frames)} frames.")
        face = find_face(frames[onset])
        whole = self._preparation["crop"] == "auto" and face.fills(frames[onset].shape)
        if whole:
            return frames
        if "face_not_found" in face.flags:
            raise InputError(
                f"No face was found on frame {onset}, and {self.path} was trained on cropped "
                "faces: give a clip in which one is seen from the front."
            )
        return crop_face(frames, size=max(self.size, SMALLEST_FLOW_SIZE), face=face)

    def _prediction(
        self, probabilities: NDArray[np.float32], apex: int | None, timings: dict[str, float]
    ) -> Prediction:
        named = dict(zip(self.classes, map(float, probabilities), strict=True))
        label = self.classes[int(probabilities.argmax())]
        return Prediction(label, named, apex, timings)


def _pictures(frames: Any) -> Any:
    """The frames as arrays; files are read."""
    if isinstance(frames, (str, os.PathLike)):
        return read_clip(Path(frames))
    if len(frames) and isinstance(frames[0], (str, os.PathLike)):
        return read_clip([Path(path) for path in frames])
    return frames


def _since(start: float) -> tuple[float, float]:
    """Milliseconds since a moment, and the moment now."""
    now = time.perf_counter()
    return (now - start) * 1e3, now
