"""From a clip to an answer.

Names are loaded on first use: a device, which predicts by `tflite.runtime`, has no Keras.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "ClipPredictor": "clip_predictor",
    "KerasPredictor": "keras_predictor",
    "Prediction": "clip_predictor",
    "find_clips": "clips",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
