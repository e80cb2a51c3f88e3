"""From a clip to an answer.

Names are loaded on first use: a device, which predicts by `tflite.runtime`, has no Keras.
"""

from dfrnet_keras.lazy import lazy_names

__getattr__, __all__ = lazy_names(__name__, {
    "ClipPredictor": "clip_predictor",
    "KerasPredictor": "keras_predictor",
    "Prediction": "clip_predictor",
    "find_clips": "clips",
})  # fmt: skip
