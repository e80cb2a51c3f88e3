"""Keras as the commands start it: without the lines that TensorFlow prints at its start."""

from __future__ import annotations

from dfrnet_keras.startup import start_keras

__all__ = ["start_keras"]
