"""Arrays in, arrays out: optical flow, strain, frame difference, the three maps of a clip."""

from dfrnet_keras.features.extract import Features, extract_features
from dfrnet_keras.features.flow import (
    FLOW_METHODS,
    frame_difference,
    global_motion,
    optical_flow,
    optical_strain,
)

__all__ = [
    "FLOW_METHODS",
    "Features",
    "extract_features",
    "frame_difference",
    "global_motion",
    "optical_flow",
    "optical_strain",
]
