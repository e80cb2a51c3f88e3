"""Arrays in, arrays out: face, apex, optical flow, strain, difference, the maps of a clip."""

from dfrnet_keras.features.apex import BEST_SPOTTER, SPOTTERS, spot_apex
from dfrnet_keras.features.extract import ClipFeatures, Features, extract_clip, extract_features
from dfrnet_keras.features.face import (
    CROPS,
    FINDERS,
    Face,
    crop_face,
    cut_faces,
    find_face,
    find_faces,
)
from dfrnet_keras.features.flow import (
    FLOW_METHODS,
    frame_difference,
    global_motion,
    optical_flow,
    optical_strain,
)
from dfrnet_keras.features.preparation import Preparation

__all__ = [
    "BEST_SPOTTER",
    "CROPS",
    "FINDERS",
    "FLOW_METHODS",
    "SPOTTERS",
    "ClipFeatures",
    "Face",
    "Features",
    "Preparation",
    "crop_face",
    "cut_faces",
    "extract_clip",
    "extract_features",
    "find_face",
    "find_faces",
    "frame_difference",
    "global_motion",
    "optical_flow",
    "optical_strain",
    "spot_apex",
]
