"""DFR-Net for Keras 3: micro-expression recognition from three views of a face clip.

Names are loaded on first use, so that `dfr-keras --help` and the embedded runtime import neither
Keras nor TensorFlow. The layers are registered with Keras as soon as both are imported, in either
order: `keras.saving.load_model("model.keras")` then loads a network of this package.
"""

from importlib import import_module
from typing import Any

from dfrnet_keras.startup import register_layers

__version__ = "0.1.0"

_HOME = {
    "ChannelAttention": "layers",
    "Clip": "datasets",
    "DFRNet": "models",
    "FusionBlock": "layers",
    "SpatialAttention": "layers",
    "load_dataset": "datasets",
}
__all__ = ["ChannelAttention", "Clip", "DFRNet", "FusionBlock", "SpatialAttention", "load_dataset"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


register_layers()
