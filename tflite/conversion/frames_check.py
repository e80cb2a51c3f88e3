"""A `.tflite` file of frames, compared with the path that computes maps in Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets import Clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import extract_clip, extract_features, resize_crop
from dfrnet_keras.features.face import frames_needed
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.frames import iterate_frames
from dfrnet_keras.models.inputs import input_names
from dfrnet_keras.prediction.clip_predictor import maps_as_stored
from dfrnet_keras.tflite.conversion.agreement import Agreement, compare, keras_probabilities
from dfrnet_keras.tflite.runtime.interpreter import Network

# Two clips of a person: drawing another person takes longer than another clip.
_CLIPS_OF_A_PERSON = 2


class Crops(NamedTuple):
    """The faces of the onset and of the apex frame, uint8 `(crop_size, crop_size, 3)`."""

    onset: NDArray[np.uint8]
    apex: NDArray[np.uint8]


def drawn_crops(count: int, crop_size: int, *, seed: int = 7) -> Iterator[Crops]:
    """Faces of drawn people, whose frames they fill.

    Args:
        count: How many clips.
        crop_size: Height and width in pixels.
        seed: Of people and movements.
    """
    from dfrnet_keras.datasets.synthetic import synthesize_clips

    clips = synthesize_clips(
        subjects=-(-count // _CLIPS_OF_A_PERSON),
        clips_per_subject=_CLIPS_OF_A_PERSON,
        size=crop_size,
        seed=seed,
        balanced=True,
    )
    for number, (_, clip) in enumerate(clips):
        if number < count:
            yield Crops(clip.frames[clip.onset], clip.frames[clip.apex])


def crops_of_clips(
    clips: Sequence[Clip], preparation: Preparation, count: int, crop_size: int
) -> Iterator[Crops]:
    """Faces of clips of a dataset, spread over it; those without an annotated apex are spotted.

    Raises:
        InputError: A frame cannot be read.
    """
    chosen = np.linspace(0, len(clips) - 1, min(count, len(clips))).round().astype(int)
    for clip in (clips[place] for place in dict.fromkeys(chosen)):
        finder = preparation.face_finder
        indexes: Sequence[int] = range(clip.onset, clip.offset + 1)
        if clip.apex is not None:
            indexes = frames_needed(clip.onset, clip.apex, finder)
        made = extract_clip(
            iterate_frames(clip.frames, indexes),
            apex=None if clip.apex is None else len(indexes) - 1,
            crop=preparation.crop,
            spotter=preparation.spotter,
            face_finder=finder,
            flow_method="dis-fast",  # of the maps, which are not used
        )
        yield Crops(*(resize_crop(face, crop_size) for face in made.faces))


def verify_frames(
    model: Any, tflite: bytes, preparation: Preparation, crops: Iterable[Crops]
) -> Agreement:
    """Compare a file of frames with maps made in Python and the Keras network.

    Args:
        model: The Keras network of the maps.
        tflite: Content of the file.
        preparation: How the maps of its training were made, its flow method included.
        crops: Onset and apex faces.

    Returns:
        The differences; the Keras network is the reference.

    Raises:
        InputError: There are no crops.
    """
    network = Network(tflite)
    options = preparation.options
    for name in ("crop", "spotter", "face_finder"):
        options.pop(name, None)
    reference, answers = [], []
    for onset, apex in crops:
        features = extract_features([onset, apex], apex=1, **options)
        stored = maps_as_stored(features, preparation)
        maps = {name: np.asarray(stored[name], np.float32)[None] for name in input_names(model)}
        reference.append(keras_probabilities(model, maps)[0])
        answers.append(network.run({"onset": onset, "apex": apex}))
    if not answers:
        raise InputError("There is no clip to compare on: give a dataset, or --clips 1 or more.")
    return compare(np.stack(reference), np.stack(answers))
