"""Prediction on a device: frames or maps in, class out; no Keras and no TensorFlow.

NumPy, OpenCV and ai-edge-litert are all that is needed, and scikit-image where a network was
trained on TV-L1 flow.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import ClipFeatures, resize_crop
from dfrnet_keras.features.gray import picture_array
from dfrnet_keras.prediction.clip_predictor import ClipPredictor, Prediction
from dfrnet_keras.tflite.runtime.interpreter import Network
from dfrnet_keras.tflite.runtime.metadata import read_metadata

__all__ = ["Prediction", "Predictor"]


class Predictor(ClipPredictor):
    """A `.tflite` network with the preparation of its maps; not to be shared between threads.

    What it was trained on (size, flow method, classes) is read from the file. Its buffers are made
    once and used again for each clip.

    Args:
        path: A file that `convert` or `dfr-keras convert` wrote.
        threads: How many threads the network may use.
        crop: `"auto"`, `"face"` or `"none"`, see `features.extract_clip`. By default faces are
            cut out if those of the training were; otherwise unless they fill the frame.
        spotter: How the apex is spotted, see `features.spot_apex`; by default as in training.
        face_finder: How faces are found, see `features.Preparation.for_prediction`.

    Attributes:
        metadata: All that the file says of itself.
        takes_frames: Whether the file takes two face crops and makes the maps itself.
        classes: Names of the classes, in the order of the network's output.
        inputs: Names of the maps that the network takes, or `onset` and `apex`.
        preparation: How clips become maps.

    Raises:
        InputError: The file is missing, damaged, of another model, or without metadata.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        threads: int = 1,
        crop: str | None = None,
        spotter: str | None = None,
        face_finder: str | None = None,
    ) -> None:
        self.network = Network(path, threads=threads)
        self.metadata = read_metadata(path)
        self.takes_frames = self.metadata.get("takes") == "frames"
        side = next(iter(self.network.inputs.values())).shape[1]
        size = self.metadata["preparation"]["size"] if self.takes_frames else side
        super().__init__(
            path,
            classes=self.metadata["classes"],
            inputs=self.network.inputs,
            preparation={**self.metadata["preparation"], "size": size},
            crop=crop,
            spotter=spotter,
            face_finder=face_finder,
            abstention=self.metadata.get("abstention"),
        )
        if self.network.output.shape[-1] != len(self.classes):
            raise InputError(
                f"{path} has {self.network.output.shape[-1]} outputs and names "
                f"{len(self.classes)} classes: convert the network again."
            )

    def warm_up(self) -> None:
        self.network.invoke()

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
            InputError: A map is missing, too many, or of another shape, or the file takes frames.
        """
        if self.takes_frames:
            raise InputError(f"{self.path} takes frames: use predict or predict_crops.")
        given = {"apex": apex, "difference": difference, "flow": flow}
        return self._answer({name: maps for name, maps in given.items() if maps is not None})

    def predict_crops(self, onset: ArrayLike, apex: ArrayLike) -> Prediction:
        """Classify a clip whose faces are cut out already; for a file that takes frames.

        Args:
            onset, apex: The faces, uint8 `(height, width, 3)` RGB, cut by one transform
                (`features.crop_face`); brought to the size of the file's inputs.

        Returns:
            The answer; its `apex` is `None`.

        Raises:
            InputError: The file takes maps, or these are no such pictures.
        """
        if not self.takes_frames:
            raise InputError(f"{self.path} takes maps: use predict or predict_maps.")
        faces = tuple(
            picture_array(face, name) for face, name in ((onset, "onset"), (apex, "apex"))
        )
        if any(face.dtype != np.uint8 or face.shape[2:] != (3,) for face in faces):
            raise InputError("onset and apex are two faces: give uint8 (height, width, 3) RGB.")
        if faces[0].shape != faces[1].shape:
            raise InputError(
                f"onset is {faces[0].shape[:2]} and apex {faces[1].shape[:2]}: give two faces of "
                "one size, cut by one transform."
            )
        return self._answer(self._crops(faces))

    def network_maps(self, made: ClipFeatures) -> dict[str, NDArray]:
        return self._crops(made.faces) if self.takes_frames else super().network_maps(made)

    def _crops(self, faces: Sequence[NDArray[np.uint8]]) -> dict[str, NDArray]:
        side = self.network.inputs["onset"].shape[1]
        sized = (resize_crop(face, side) for face in faces)
        # Gray frames have one channel, which stands for three.
        onset, apex = (np.repeat(f[..., None], 3, axis=2) if f.ndim == 2 else f for f in sized)
        return {"onset": onset, "apex": apex}

    def _run(self, maps: dict[str, Any]) -> dict[str, NDArray]:
        self.network.run(maps)
        return {name: self.network.read(name) for name in self.network.outputs}
