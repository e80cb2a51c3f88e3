"""The time of a whole prediction, from frames to a class, and of each of its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# The steps that are inside extract_features: their own code, not a copy of it.
from dfrnet_keras.features.extract import SMALLEST_FLOW_SIZE, _bounded, extract_clip, resize_crop
from dfrnet_keras.features.face import FaceCutter, find_face
from dfrnet_keras.features.flow import frame_difference, optical_flow, optical_strain
from dfrnet_keras.tflite.benchmarking.timing import Timing, take_turns
from dfrnet_keras.tflite.runtime import Predictor


def time_end_to_end(
    predictor: Predictor,
    frames: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    *,
    onset: int = 0,
    apex: int | None = None,
    threads: int = 1,
    runs: int = 100,
    warmup: int = 10,
) -> list[Timing]:
    """Time a whole prediction and its parts, interleaved.

    Args:
        predictor: The network with its preparation.
        frames: A clip, uint8 `(n, H, W, 3)`.
        onset: See `Predictor.predict`.
        apex: See `Predictor.predict`; `None` spots it once, before the timing.
        threads: For OpenCV; the network has those that the predictor was made with.
        runs: Timed runs.
        warmup: Runs before that.

    Returns:
        The parts: `"face"`, finding it on the onset frame; `"cut"`, cutting it out of onset and
        apex; `"flow"`, `"strain"` and `"difference"`, and `"maps"`, these three with all resizing;
        `"network"`. Then the whole: `"face known"`, all but finding the face, which is what each
        prediction of a live picture takes, and `"frames to class"`, `Predictor.predict`.
    """
    if apex is None:
        apex = predictor.predict(frames, onset).apex
        assert apex is not None
    pair = [frames[onset], frames[apex]]
    how = predictor.preparation
    options: dict[str, Any] = {
        "method": how.flow_method,
        "remove_global_motion": how.remove_global_motion,
    }

    cutter = FaceCutter(how.crop, size=how.size, finder=how.face_finder)
    cutter(pair[0])  # finds the face, which stays known

    def cut() -> Sequence[NDArray]:
        return [_bounded(cutter(frame), how.size) for frame in pair]

    def maps(faces: Sequence[NDArray]) -> dict[str, NDArray]:
        return predictor.network_maps(
            extract_clip(faces, apex=1, **{**how.options, "crop": "none"})
        )

    faces = cut()
    first, second = (resize_crop(face, predictor.size) for face in faces)
    larger = [resize_crop(face, max(predictor.size, SMALLEST_FLOW_SIZE)) for face in faces]
    flow = optical_flow(*larger, **options)
    predictor.network.set_inputs(maps(faces))
    calls: dict[str, Callable[[], object]] = {
        "face": lambda: find_face(pair[0], how.face_finder),
        "cut": cut,
        "flow": lambda: optical_flow(*larger, **options),
        "strain": lambda: optical_strain(flow, cross_term=how.strain_cross_term),
        "difference": lambda: frame_difference(first, second),
        "maps": lambda: maps(faces),
        "network": predictor.network.invoke,
        "face known": lambda: predictor.network.run(maps(cut())),
        "frames to class": lambda: predictor.predict(pair, 0, 1),
    }
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        return take_turns(calls, runs=runs, warmup=warmup)
    finally:
        cv2.setNumThreads(before)


def camera_clip() -> NDArray[np.uint8]:
    """A drawn clip as a camera of 640 x 480 would give it, uint8 `(n, H, W, 3)`."""
    from dfrnet_keras.datasets.synthetic import synthesize_clips
    from dfrnet_keras.datasets.synthetic.identity import Framing

    return next(synthesize_clips(subjects=1, clips_per_subject=1, framing=Framing.raw()))[1].frames
