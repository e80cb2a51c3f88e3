"""Prediction on a device: frames or maps in, class out; no Keras and no TensorFlow.

NumPy, OpenCV and ai-edge-litert are all that is needed, and scikit-image where a network was
trained on TV-L1 flow.
"""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import ArrayLike, NDArray

from dfrnet_keras.errors import InputError
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

    Attributes:
        metadata: All that the file says of itself.
        classes: Names of the classes, in the order of the network's output.
        inputs: Names of the maps that the network looks at.
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
    ) -> None:
        self.network = Network(path, threads=threads)
        self.metadata = read_metadata(path)
        size = next(iter(self.network.inputs.values())).shape[1]
        super().__init__(
            path,
            classes=self.metadata["classes"],
            inputs=self.network.inputs,
            preparation={**self.metadata["preparation"], "size": size},
            crop=crop,
            spotter=spotter,
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
            InputError: A map is missing, too many, or of another shape.
        """
        given = {"apex": apex, "difference": difference, "flow": flow}
        return self._answer({name: maps for name, maps in given.items() if maps is not None})

    def _run(self, maps: dict[str, Any]) -> NDArray:
        return self.network.run(maps)
