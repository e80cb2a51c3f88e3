"""The maps of one clip on disk, and whether the clips of a dataset are faces already cut out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.store.checkpoint import ARRAYS

# Frames of a dataset come from one camera, so a few of them show how it was framed.
_LOOKED_AT = 5


class ClipMaps(NamedTuple):
    """The row of a store that is made from a clip.

    Attributes:
        arrays: Name to map, in the types of the store.
        apex: Index of the apex among the frames of the clip.
        flags: As in `StoredClip`.
        pair: Onset and apex crop at the size of the flow, uint8 `(2, S, S, 3)`, for `add_flow`.
    """

    arrays: dict[str, NDArray]
    apex: int
    flags: tuple[str, ...]
    pair: NDArray[np.uint8] = np.empty(0, np.uint8)


def maps_of_clip(
    row: int, clip: Clip, how: Preparation, crop: str, in_worker: bool, pair: bool = False
) -> tuple[int, ClipMaps | str]:
    """The row of a clip, or why there is none.

    Args:
        row: Its number, returned with the result.
        clip: The clip. Of an annotated one no more frames are read than `frames_needed` says.
        how: How the maps of the store are made.
        crop: `"face"` or `"none"`.
        in_worker: Whether other processes work beside this one.
        pair: Give the pair of crops in place of the flow, which is left at zero.
    """
    import cv2

    from dfrnet_keras.features.extract import SMALLEST_FLOW_SIZE, colour, extract_clip, resize_crop
    from dfrnet_keras.features.face import frames_needed
    from dfrnet_keras.frames import iterate_frames

    if in_worker:
        cv2.setNumThreads(1)  # the processes already share the processors out
    annotated = clip.apex if how.apex == "annotated" else None
    last = clip.offset if annotated is None else annotated
    if last <= clip.onset:
        return row, "no frame of the movement comes after its onset"
    indexes: Sequence[int] = range(clip.onset, last + 1)
    if annotated is not None:
        indexes = frames_needed(clip.onset, last, how.face_finder)
    try:
        made = extract_clip(
            iterate_frames(clip.frames, indexes),
            apex=None if annotated is None else len(indexes) - 1,
            **{**how.options, "crop": crop, **({"flow_method": None} if pair else {})},
        )
    except (InputError, OSError, cv2.error) as error:
        return row, " ".join(str(error).split())
    arrays: dict[str, NDArray] = {}
    for name, (dtype, channels) in ARRAYS.items():
        with np.errstate(over="ignore"):
            arrays[name] = np.asarray(getattr(made.features, name)).astype(dtype)
        # Checked after the cast: what float16 cannot hold has become infinite.
        if not np.isfinite(arrays[name]).all():
            return row, f"the {name} of {clip.key} holds values that are not finite"
        expected = (how.size, how.size, channels)
        if arrays[name].shape != expected:
            return row, f"the {name} has the shape {arrays[name].shape} instead of {expected}"
    flags = made.flags
    if clip.apex is None:
        flags = ("apex_not_annotated", *flags)
    if how.crop == "auto" and crop == "none":
        flags = (*flags, "already_cropped")
    maps = ClipMaps(arrays, indexes[made.apex], flags)
    if pair:
        side = max(how.size, SMALLEST_FLOW_SIZE)
        maps = maps._replace(
            pair=np.stack([colour(resize_crop(face, side)) for face in made.faces])
        )
    return row, maps


def decide_crops(clips: Sequence[Clip], crop: str, face_finder: str = "cascades") -> dict[str, str]:
    """Whether to cut out the faces of each dataset.

    Args:
        clips: Clips of one or more datasets.
        crop: `"face"` and `"none"` hold for all; `"auto"` looks at the onset frames of a few clips
            of each dataset: an edition that comes cropped is used as it is.
        face_finder: See `features.find_face`.

    Returns:
        Name of the dataset to `"face"` or `"none"`.

    Raises:
        InputError: The crop is unknown.
    """
    import cv2

    from dfrnet_keras.features.face import CROPS, find_face
    from dfrnet_keras.frames import read_frames

    check_choice("crop", crop, CROPS)
    crops = {}
    for dataset in sorted({clip.dataset for clip in clips}):
        crops[dataset] = crop
        if crop != "auto":
            continue
        theirs = [clip for clip in clips if clip.dataset == dataset]
        votes = []
        for place in np.linspace(0, len(theirs) - 1, min(_LOOKED_AT, len(theirs))).astype(int):
            clip = theirs[place]
            try:
                frame = read_frames(clip.frames, [clip.onset])[0]
                votes.append(find_face(frame, face_finder).fills(frame.shape))
            except (InputError, OSError, cv2.error):
                continue  # reported when its maps are to be made
        crops[dataset] = "none" if sum(votes) * 2 >= len(votes) else "face"
    return crops
