"""Prediction on a device: frames or maps in, class out; no Keras and no TensorFlow."""

from dfrnet_keras.tflite.runtime.predictor import Prediction, Predictor

__all__ = ["Prediction", "Predictor"]
