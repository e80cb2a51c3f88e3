"""DFR-Net for Keras 3: micro-expression recognition from three views of a face clip.

Names are loaded on first use, so that `dfr-keras --help` and the embedded runtime import neither
Keras nor TensorFlow. The layers are registered with Keras as soon as both are imported, in either
order: `keras.saving.load_model("model.keras")` then loads a network of this package.
"""

from dfrnet_keras.lazy import lazy_names
from dfrnet_keras.startup import register_layers

__version__ = "0.1.0"

__getattr__, __all__ = lazy_names(__name__, {
    "ChannelAttention": "layers",
    "Clip": "datasets",
    "DFRNet": "models",
    "FusionBlock": "layers",
    "SpatialAttention": "layers",
    "load_dataset": "datasets",
})  # fmt: skip


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


register_layers()
