"""Finds facial movements in long recordings, frame by frame: face, regions, intervals."""

from dfrnet_keras.features.spotting.movements import Movement, Thresholds
from dfrnet_keras.features.spotting.spotter import Spotter
from dfrnet_keras.features.spotting.tracking import Sample, align, eyes_in_frame

__all__ = ["Movement", "Sample", "Spotter", "Thresholds", "align", "eyes_in_frame"]
