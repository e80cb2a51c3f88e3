"""A `.tflite` file of maps becomes one that takes two face crops."""

from __future__ import annotations

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.models.frames_network import CROP_SIZE, map_network
from dfrnet_keras.tflite.conversion.export import export
from dfrnet_keras.tflite.conversion.join import join
from dfrnet_keras.tflite.runtime.metadata import read_metadata, with_metadata

_CONTENT = "face crop of the {} frame, RGB, 0 to 255; both cut by one transform"


def take_frames(tflite: bytes, *, crop_size: int = CROP_SIZE, keep_maps: bool = False) -> bytes:
    """Put the preparation of the maps before a network, in float whatever the network's type.

    Args:
        tflite: Content of a file that `convert` made, with float32 inputs.
        crop_size: Height and width of the crops in pixels.
        keep_maps: The file gives the maps as well, as outputs of their names.

    Returns:
        Content of a file from `onset` and `apex`, uint8 `(1, crop_size, crop_size, 3)`, to
        `probabilities`. Its metadata say so, and `"trained_on_flow"` which flow method the network
        was trained on where that is not "ilk", which the file computes.

    Raises:
        InputError: The network takes int8, or see `models.end_to_end`.
    """
    about = read_metadata(tflite)
    for name, entry in about["inputs"].items():
        if entry["dtype"] != "float32":
            raise InputError(
                f"{name} of this network is {entry['dtype']}, and the maps that are computed from "
                "frames are float32: leave --input-type out."
            )
    preparation = Preparation.from_settings(about["preparation"])
    maps = map_network(about["inputs"], preparation, crop_size=crop_size)
    content = join(export(maps), tflite, kept=list(about["inputs"]) if keep_maps else ())
    about["inputs"] = {
        frame: {
            "shape": [1, crop_size, crop_size, 3],
            "dtype": "uint8",
            "content": _CONTENT.format(frame),
        }
        for frame in ("onset", "apex")
    }
    about["takes"] = "frames"
    if preparation.flow_method != "ilk":
        about["trained_on_flow"] = preparation.flow_method
    about["preparation"] = {**about["preparation"], "flow_method": "ilk"}
    return with_metadata(content, about)
