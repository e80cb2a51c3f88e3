"""What is written into a `.tflite` file about the network in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dfrnet_keras import __version__
from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.tflite.runtime.metadata import FORMAT

_CONTENT = {
    "apex": "apex frame, RGB, 0 to 255",
    "difference": "absolute gray difference of apex and onset, 0 to 255",
    "flow": "u, v in pixels of this map, optical strain",
}
_BYTES = "u, v, strain, each scaled to 0 to 255 by its own smallest and largest value"


def complete_description(
    description: Mapping[str, Any] | None,
    *,
    inputs: Mapping[str, tuple[int, ...]],
    classes: int,
    quantize: str,
    input_type: str = "float32",
    quantization_aware: bool = False,
    representative_clips: int = 0,
) -> dict[str, Any]:
    """The metadata of a network: its description, and what conversion adds.

    Args:
        description: That of the `.keras` file (`evaluation.fit_for_deployment`), or any subset of
            its keys. What it does not say is taken as this package's default and listed under
            `"assumed"`.
        inputs: Name to shape `(1, H, W, channels)`.
        classes: Number of outputs.
        quantize: See `convert`.
        input_type: See `convert`.
        quantization_aware: Whether the network was trained to be quantised.
        representative_clips: How many clips set the ranges of an integer network.

    Returns:
        What JSON can hold. `"preparation"` is how frames become maps: the settings of the store.
    """
    given = dict(description or {})
    assumed = []
    settings = dict(given.pop("store", {}).get("settings", {})) | given.pop("preparation", {})
    flow_range = given.pop("flow_range", settings.get("flow_range", "pixels"))
    # A network of other inputs than pictures cannot predict, but it can be converted.
    sizes = [shape[1] for shape in inputs.values() if len(shape) == 4 and shape[1] > 1]
    size = {"size": sizes[0]} if sizes else {}
    if flow_range == "pixels" and "flow_method" not in settings:
        assumed.append("preparation")
    preparation = Preparation.from_settings(settings | size | {"flow_range": flow_range})
    names = given.pop("classes", None)
    if names is None:
        assumed.append("classes")
        names = MEGC2019_CLASSES if classes == 3 else [f"class {k}" for k in range(classes)]
    known = (
        "abstention",
        "learnt_from",
        "not_for",
        "model",
        "learner",
        "training",
        "leave_one_subject_out",
        "compression",
        "versions",
    )
    about: dict[str, Any] = {
        "format": FORMAT,
        "package": f"dfrnet_keras {__version__}",
        "classes": list(names),
        "inputs": {
            name: {
                "shape": list(shape),
                "dtype": input_type,
                "content": _BYTES
                if name == "flow" and flow_range == "bytes"
                else _CONTENT.get(name, ""),
            }
            for name, shape in inputs.items()
        },
        "quantize": quantize,
        "quantization_aware": quantization_aware,
        "representative_clips": representative_clips,
        "preparation": preparation.as_dict(),
        "store_digest": (description or {}).get("store", {}).get("digest"),
        **{key: given[key] for key in known if key in given},
    }
    if assumed:
        about["assumed"] = assumed
    return about


def labels_text(classes: list[str]) -> str:
    """The content of `labels.txt`: one class a line, in the order of the outputs."""
    return "".join(re.sub(r"\s+", " ", name) + "\n" for name in classes)
