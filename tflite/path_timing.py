"""The whole way from frames to a class, part by part: what real time depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.extract import SMALLEST_FLOW_SIZE, extract_clip
from dfrnet_keras.features.face import find_face
from dfrnet_keras.features.flow import frame_difference, optical_flow, optical_strain
from dfrnet_keras.tflite.runtime import Predictor
from dfrnet_keras.tflite.timing import Timing, take_turns


def time_path(
    predictor: Predictor,
    frames: NDArray[np.uint8],
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
        `"flow"`, `"strain"`, `"difference"` alone; `"all maps"`, the three with resizing, of faces
        already cut out; `"network"`; `"maps and network"`, the whole prediction where the face was
        found beforehand; `"face"`, finding it; and `"frames to class"`, all of it.
    """
    if apex is None:
        apex = predictor.predict(frames, onset).apex
        assert apex is not None
    pair = [frames[onset], frames[apex]]
    how = predictor.preparation
    size = max(predictor.size, SMALLEST_FLOW_SIZE)
    faces = [cv2.resize(frame, (size, size)) for frame in pair]
    found = {**how, "crop": "none"}
    options: dict[str, Any] = {
        "method": how["flow_method"],
        "remove_global_motion": how["remove_global_motion"],
    }
    flow = optical_flow(*faces, **options)
    predictor.network.set_inputs(predictor.network_maps(extract_clip(faces, apex=1, **found)))

    def maps_and_network() -> object:
        made = extract_clip(faces, apex=1, **found)
        return predictor.network.run(predictor.network_maps(made))

    calls: dict[str, Callable[[], object]] = {
        "flow": lambda: optical_flow(*faces, **options),
        "strain": lambda: optical_strain(flow),
        "difference": lambda: frame_difference(*faces),
        "all maps": lambda: extract_clip(faces, apex=1, **found),
        "network": predictor.network.invoke,
        "maps and network": maps_and_network,
        "face": lambda: find_face(pair[0]),
        "frames to class": lambda: predictor.predict(pair, 0, 1),
    }
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        return take_turns(calls, runs=runs, warmup=warmup)
    finally:
        cv2.setNumThreads(before)
