"""Names what a movement shows, by a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.extract import Features, extract_features
from dfrnet_keras.features.face import cut_face
from dfrnet_keras.features.face_detection import Face
from dfrnet_keras.features.spotting import eyes_in_frame

if TYPE_CHECKING:
    from dfrnet_keras.prediction.clip_predictor import ClipPredictor

_CUT = 224  # pixels of the faces that maps are made of
_LEAST = 0.5  # probability of a class below which a network's answer is "not sure"


@dataclass(frozen=True)
class Name:
    """What a movement shows.

    Attributes:
        label: Name of the class; `None`: not sure.
        probabilities: Class name to probability.
        units: Action units that moved, the strongest first; of a network that knows them.
        maps: What was looked at.
        onset_face: The face at the onset, uint8 `(224, 224, 3)` RGB.
        apex_face: The same at the apex.
    """

    label: str | None
    probabilities: dict[str, float]
    units: tuple[str, ...]
    maps: Features = field(repr=False, compare=False)
    onset_face: NDArray[np.uint8] = field(repr=False, compare=False)
    apex_face: NDArray[np.uint8] = field(repr=False, compare=False)


class Namer:
    """Names movements.

    Args:
        network: What predicts clips by a `.keras` or `.tflite` file.
    """

    def __init__(self, network: ClipPredictor) -> None:
        self._network = network

    def warm_up(self) -> None:
        """Answer once, so that the first answer is as quick as the others."""
        still = np.zeros((_CUT, _CUT, 3), np.uint8)
        self.name_faces(still, still)

    def __call__(
        self, onset: NDArray[np.uint8], apex: NDArray[np.uint8], matrices: NDArray[np.float64]
    ) -> Name:
        """Name a movement.

        Args:
            onset: Its first frame, uint8 RGB.
            apex: Its strongest frame.
            matrices: `Movement.matrices`.
        """
        return self.name_faces(cut_aligned(onset, matrices[0]), cut_aligned(apex, matrices[1]))

    def name_faces(self, onset: NDArray[np.uint8], apex: NDArray[np.uint8]) -> Name:
        """The same from faces that `cut_aligned` cut."""
        how = self._network.preparation
        maps = extract_features(
            [onset, apex],
            apex=1,
            size=how.size,
            flow_method=how.flow_method,
            strain_cross_term=how.strain_cross_term,
            remove_global_motion=how.remove_global_motion,
        )
        said = self._network.predict_features(maps)
        label = said.label
        if label is not None and said.probabilities[label] < _LEAST:
            label = None
        return Name(label, said.probabilities, said.strongest_units(), maps, onset, apex)


def cut_aligned(frame: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The face in a frame as `features.crop_face` cuts it, by the place where it was followed.

    Args:
        frame: uint8 RGB or gray.
        matrix: `Sample.matrix`.
    """
    left, right = eyes_in_frame(matrix).tolist()
    return cut_face(frame, Face(tuple(left), tuple(right), 0.0), _CUT)
