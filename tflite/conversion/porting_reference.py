"""Reference values for porting the preparation of frames to another language.

Each step from two frames to the probabilities is in a file of its own, so that a port to Kotlin or
C++ can be compared step by step and the first one that differs is found.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.atomic import whole_folder
from dfrnet_keras.errors import InputError

# The steps that are inside optical_flow and extract_features: their own code, not a copy of it.
from dfrnet_keras.features.extract import SMALLEST_FLOW_SIZE, resize_crop
from dfrnet_keras.features.flow import (
    _gray,
    _head_motion,
    _prepare,
    _pull_back,
    global_motion,
    optical_flow,
    optical_strain,
)
from dfrnet_keras.tflite.runtime import Prediction, Predictor

_INDEX = "golden.json"
_STEPS = {
    "onset": "onset frame of the clip as it is read, RGB",
    "apex_frame": "apex frame of the clip as it is read, RGB",
    "onset_face": "the face cut out of it, or the frame itself where a face fills it",
    "apex_face": "the same piece of the apex frame, by the face found on the onset frame",
    "onset_resized": "onset_face at the size of the flow: area average if smaller, else bicubic",
    "apex_resized": "the same of the apex",
    "head_motion": "only where the preparation removes global motion: shift, turn and growth of "
    "the whole picture, u and v in pixels, fitted to DIS flow of the two prepared frames, and "
    "again to that of what is left",
    "apex_pulled_back": "only there: gray of apex_resized with that movement undone; it takes the "
    "place of the apex in all that follows up to flow_final",
    "onset_prepared": "gray, mean and contrast of the apex matched to the onset's, both blurred "
    "by a Gaussian of 1 pixel, stretched together to 0..255; DIS takes it rounded to 8 bits",
    "apex_prepared": "the same of the apex",
    "flow_computed": "u, v in pixels as the flow method gives them",
    "flow_smoothed": "blurred by a Gaussian of 1.5 pixels",
    "global_motion": "the affine movement fitted to it",
    "flow_final": "what strain is computed of: smoothed, less global motion if the network's "
    "preparation says so",
    "strain": "optical strain of it",
    "apex": "input of the network",
    "difference": "input of the network",
    "flow": "input of the network: u, v, strain; shrunk by area average where the flow was "
    "computed on a larger grid, u and v then scaled by the ratio; rounded to half precision",
    "probabilities": "output of the network, in the order of the classes",
}

# Of a file that takes frames, which computes all other steps itself.
_STEPS_OF_FRAMES = {
    "onset_frame": _STEPS["onset"],
    "apex_frame": _STEPS["apex_frame"],
    "onset": "input of the network: the face cut out of onset_frame, or the frame itself where a "
    "face fills it, at the network's size: area average if smaller, else bicubic",
    "apex": "input of the network: the same piece of apex_frame, by the face found on onset_frame",
    "probabilities": _STEPS["probabilities"],
}


def write_porting_reference(
    tflite: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    frames: NDArray[np.uint8] | None = None,
    onset: int = 0,
    apex: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Write each step of one prediction as raw little-endian arrays, described in `golden.json`.

    Args:
        tflite: A converted file.
        folder: Where to.
        frames: A clip, uint8 `(n, H, W, 3)`; a synthetic one by default.
        onset: See `Predictor.predict`.
        apex: See `Predictor.predict`.
        overwrite: Replace a folder that this function wrote before.

    Returns:
        The folder. `golden.json` names each file's step, shape and type, and the network's
        preparation, classes and input quantisation.

    Raises:
        InputError: The folder exists and may not be replaced, or see `Predictor`.
    """
    folder = Path(folder)
    if folder.exists() and not overwrite:
        raise InputError(f"{folder} is there already: give --overwrite or another folder.")
    if folder.exists() and not (folder / _INDEX).is_file():
        raise InputError(f"{folder} holds something else: choose another folder.")
    predictor = Predictor(tflite)
    if frames is None:
        frames, onset, apex = _synthetic_clip()
    steps, prediction = _steps(predictor, frames, onset, apex)
    about: dict[str, Any] = {
        "network": Path(tflite).name,
        "classes": list(predictor.classes),
        "label": prediction.label,
        "preparation": predictor.preparation.options,
        "flags": list(prediction.flags),
        "apex": prediction.apex,
        "inputs": {
            name: {
                "shape": tensor.shape,
                "dtype": str(tensor.dtype),
                "scale": tensor.scale,
                "zero_point": tensor.zero_point,
            }
            for name, tensor in predictor.network.inputs.items()
        },
        "files": {},
    }
    meanings = _STEPS_OF_FRAMES if predictor.takes_frames else _STEPS
    with whole_folder(folder, overwrite=overwrite) as partial:
        for name, array in steps.items():
            array = np.ascontiguousarray(array, np.uint8 if array.dtype == np.uint8 else "<f4")
            (partial / f"{name}.bin").write_bytes(array.tobytes())
            about["files"][f"{name}.bin"] = {
                "step": meanings[name],
                "shape": array.shape,
                "dtype": array.dtype.name,
            }
        (partial / _INDEX).write_text(json.dumps(about, indent=1), encoding="utf-8")
    return folder


write_golden = write_porting_reference  # its name in version 0.1


def _steps(
    predictor: Predictor, frames: NDArray[np.uint8], onset: int, apex: int | None
) -> tuple[dict[str, NDArray], Prediction]:
    prediction = predictor.predict(frames, onset, apex)
    assert prediction.apex is not None
    assert prediction.maps is not None
    pair = [frames[onset], frames[prediction.apex]]
    probabilities = np.array(list(prediction.probabilities.values()), np.float32)
    if predictor.takes_frames:
        given = {
            "onset_frame": pair[0],
            "apex_frame": pair[1],
            **predictor.network_maps(prediction.maps),
            "probabilities": probabilities,
        }
        return given, prediction
    how = predictor.preparation
    faces = prediction.maps.faces
    size = max(predictor.size, SMALLEST_FLOW_SIZE)
    first, second = (resize_crop(face, size) for face in faces)
    onset_gray, apex_gray = _gray(first, "onset"), _gray(second, "apex")
    head: dict[str, NDArray] = {}
    if how.remove_global_motion:
        head["head_motion"] = _head_motion(onset_gray, apex_gray)
        head["apex_pulled_back"] = apex_gray = _pull_back(apex_gray, head["head_motion"])
    prepared = _prepare(onset_gray, apex_gray)
    computed = optical_flow(
        *prepared, method=how.flow_method, prepare=False, smoothing=0
    )  # fmt: skip
    smoothed = optical_flow(*prepared, method=how.flow_method, prepare=False)
    moved = global_motion(smoothed)
    final = smoothed - moved if how.remove_global_motion else smoothed
    steps: dict[str, NDArray] = {
        "onset": pair[0],
        "apex_frame": pair[1],
        "onset_face": faces[0],
        "apex_face": faces[1],
        "onset_resized": first,
        "apex_resized": second,
        **head,
        "onset_prepared": prepared[0],
        "apex_prepared": prepared[1],
        "flow_computed": computed,
        "flow_smoothed": smoothed,
        "global_motion": moved,
        "flow_final": final,
        "strain": optical_strain(final, cross_term=how.strain_cross_term),
        **predictor.network_maps(prediction.maps),
        "probabilities": probabilities,
    }
    return steps, prediction


def _synthetic_clip() -> tuple[NDArray[np.uint8], int, int]:
    """A clip that every installation renders alike."""
    from dfrnet_keras.datasets.synthetic import synthesize_clips

    _, clip = next(synthesize_clips(subjects=1, clips_per_subject=1, size=256))
    return np.asarray(clip.frames), clip.onset, clip.apex
