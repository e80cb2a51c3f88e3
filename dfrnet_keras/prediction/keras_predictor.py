"""Recognises the expression in a clip with a network from `dfr-keras fit --all-subjects`.

The network's file says how its maps were made; clips are brought into the same form.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import Features
from dfrnet_keras.models.inputs import arrange_inputs, input_names
from dfrnet_keras.prediction.clip_predictor import ClipPredictor, Prediction, maps_as_stored
from dfrnet_keras.prediction.clips import find_clips

__all__ = ["KerasPredictor", "Prediction", "find_clips"]


class KerasPredictor(ClipPredictor):
    """A network with all that its file says about its maps.

    Args:
        path: A `.keras` file of `dfr-keras fit --all-subjects`.
        crop: `"auto"`, `"face"` or `"none"`, see `features.extract_clip`. By default faces are
            cut out if those of the training were; otherwise unless they fill the frame.
        spotter: How the apex is spotted, see `features.spot_apex`; by default as in training.
        face_finder: How faces are found, see `features.Preparation.for_prediction`.

    Attributes:
        classes: Names of the classes.
        preparation: How clips become maps.
        description: All that the file says.

    Raises:
        InputError: The file is no such network.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        crop: str | None = None,
        spotter: str | None = None,
        face_finder: str | None = None,
    ) -> None:
        from dfrnet_keras.models.saving import load_network

        self.network, self.description = load_network(path)
        try:
            about = self.description
            classes = tuple(about["classes"])
            known = {name: about[name] for name in ("size", "flow_range")}
            preparation = about["store"]["settings"] | known
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{path} does not say what it was trained on: give a network written by "
                "dfr-keras fit --all-subjects"
            ) from error
        super().__init__(
            path,
            classes=classes,
            inputs=input_names(self.network),
            preparation=preparation,
            crop=crop,
            spotter=spotter,
            face_finder=face_finder,
        )

    def warm_up(self) -> None:
        side = self.size
        self.predict_maps(
            np.zeros((side, side, 3), np.uint8),
            np.zeros((side, side, 1), np.uint8),
            np.zeros((side, side, 3), np.float32),
        )

    def predict_maps(self, apex: NDArray, difference: NDArray, flow: NDArray) -> Prediction:
        """Recognise the expression in maps as `features.extract_features` makes them."""
        maps = maps_as_stored(Features(apex, difference, flow), self.preparation)
        return self._answer({name: maps[name] for name in self.inputs})

    def _run(self, maps: dict[str, Any]) -> dict[str, NDArray]:
        batch = {name: values[None].astype(np.float32) for name, values in maps.items()}
        answers = self.network.predict_on_batch(arrange_inputs(self.network, batch))
        return {"probabilities": np.asarray(answers, np.float64)[0]}
