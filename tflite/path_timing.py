"""The whole way from frames to a class, part by part: what real time depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.extract import SMALLEST_FLOW_SIZE
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
        apex: See `Predictor.predict`.
        threads: For OpenCV; the network has those that the predictor was made with.
        runs: Timed runs.
        warmup: Runs before that.

    Returns:
        `"face"` (where the network was trained on cropped faces), `"flow"`, `"strain"`,
        `"difference"`, `"all maps"` (the three with resizing), `"network"`, and `"whole
        prediction"`: frames in, class out.
    """
    prediction = predictor.predict(frames, onset, apex)
    assert prediction.apex is not None
    how = predictor.metadata["preparation"]
    size = max(predictor.size, SMALLEST_FLOW_SIZE)
    pair = [cv2.resize(frames[k], (size, size)) for k in (onset, prediction.apex)]
    options: dict[str, Any] = {
        "method": how["flow_method"],
        "remove_global_motion": bool(how.get("remove_global_motion", False)),
    }
    flow = optical_flow(*pair, **options)
    predictor.network.set_inputs(
        {name: getattr(predictor.extract(frames, onset, apex), name) for name in predictor.inputs}
    )
    calls: dict[str, Callable[[], object]] = {
        "flow": lambda: optical_flow(*pair, **options),
        "strain": lambda: optical_strain(flow),
        "difference": lambda: frame_difference(*pair),
        "all maps": lambda: predictor.extract(frames, onset, apex),
        "network": predictor.network.invoke,
        "whole prediction": lambda: predictor.predict(frames, onset, apex),
    }
    if how.get("crop") not in (None, "none"):
        from dfrnet_keras.features.face import find_face

        calls = {"face": lambda: find_face(frames[onset]), **calls}
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        return take_turns(calls, runs=runs, warmup=warmup)
    finally:
        cv2.setNumThreads(before)
