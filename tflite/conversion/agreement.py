"""How far the answers of a `.tflite` file differ from those of its Keras network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.inputs import arrange_inputs
from dfrnet_keras.tflite.conversion.load_model import gives_several, input_types
from dfrnet_keras.tflite.runtime.interpreter import OUTPUT, Network

if TYPE_CHECKING:
    import keras

# Largest difference of a probability, and smallest share of equal classes, that pass.
TOLERANCES = {
    "none": (0.001, 0.995),
    "float16": (0.02, 0.995),
    "dynamic": (0.1, 0.995),
    "int16x8": (0.1, 0.98),
    "int8": (0.3, 0.98),
}
_BATCH = 32
_ENOUGH = 20  # clips, of which one may differ


@dataclass(frozen=True)
class Agreement:
    """Two networks' answers to the same clips.

    Attributes:
        clips: How many were compared.
        largest_difference: The largest difference of a probability over all clips and classes.
        mean_difference: Its mean.
        equal_classes: Share of the clips to which both give the same class.
        reference: Probabilities of the Keras network, float32 `(clips, classes)`.
        answers: Those of the TFLite network.
    """

    clips: int
    largest_difference: float
    mean_difference: float
    equal_classes: float
    reference: NDArray[np.float32]
    answers: NDArray[np.float32]

    def passes(self, quantize: str, tolerance: float | None = None) -> bool:
        """Whether the differences are as small as such a conversion should leave them.

        Of 20 clips or more one may get another class: where two classes are all but equal, the
        smallest difference decides.

        Args:
            quantize: See `convert`.
            tolerance: Largest difference of a probability; by default the conversion's own.
        """
        largest, equal = TOLERANCES[quantize]
        largest = largest if tolerance is None else tolerance
        if self.clips >= _ENOUGH:
            equal = min(equal, 1 - 1 / self.clips)
        return self.largest_difference <= largest and self.equal_classes >= equal - 1e-9

    def as_dict(self) -> dict[str, Any]:
        """The figures, without the probabilities."""
        arrays = ("reference", "answers")
        return {key: value for key, value in vars(self).items() if key not in arrays}


def verify(
    model: keras.Model,
    tflite: bytes | str | os.PathLike[str],
    data: Mapping[str, NDArray] | Iterable[Mapping[str, NDArray]],
) -> Agreement:
    """Run a network and its `.tflite` file on the same maps.

    Args:
        model: The network that was converted.
        tflite: The file, or its content.
        data: Raw maps from a store: name to `(n, H, W, channels)`, or dicts of name to
            `(1, H, W, channels)`.

    Returns:
        The differences.

    Raises:
        InputError: There are no maps, they do not fit, or the file cannot be run.
    """
    network = Network(tflite)
    reference, answers = [], []
    clips = _clips(data)
    while batch := list(islice(clips, _BATCH)):
        maps = {name: np.concatenate([clip[name] for clip in batch]) for name in batch[0]}
        reference.append(keras_probabilities(model, maps))
        answers += [network.run({name: clip[name][0] for name in clip}) for clip in batch]
    if not answers:
        raise InputError("data holds no clip: give maps from a store that fits the network.")
    return compare(np.concatenate(reference), np.stack(answers))


def compare(reference: NDArray, answers: NDArray) -> Agreement:
    """Differences of two arrays of probabilities, `(clips, classes)`."""
    difference = np.abs(reference - answers)
    return Agreement(
        len(reference),
        float(difference.max()),
        float(difference.mean()),
        float((reference.argmax(-1) == answers.argmax(-1)).mean()),
        reference,
        answers,
    )


def keras_probabilities(model: Any, maps: Mapping[str, NDArray]) -> NDArray[np.float32]:
    """What a Keras 3 or tf_keras network gives for a batch of raw maps, `(clips, classes)`."""
    types = input_types(model)
    if types.keys() != maps.keys():
        raise InputError(
            f"The network takes {', '.join(sorted(types))}, not {', '.join(sorted(maps))}: "
            "give exactly those maps."
        )
    batch = {name: np.asarray(maps[name], kind) for name, kind in types.items()}
    import keras

    found = model.predict_on_batch(arrange_inputs(model, batch))
    if gives_several(model):
        found = found[OUTPUT]
    return np.asarray(keras.tree.flatten(found)[0], np.float32)


def _clips(
    data: Mapping[str, NDArray] | Iterable[Mapping[str, NDArray]],
) -> Iterator[Mapping[str, NDArray]]:
    """One clip at a time, `(1, H, W, channels)`."""
    if not isinstance(data, Mapping):
        yield from data
        return
    for row in range(len(next(iter(data.values()), ()))):
        yield {name: array[row : row + 1] for name, array in data.items()}
