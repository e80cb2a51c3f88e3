"""Layers of DFR-Net: stock Keras sublayers and `keras.ops`, so they run on any Keras backend."""

from dfrnet_keras.layers.adaptive_average_pooling import AdaptiveAveragePooling2D
from dfrnet_keras.layers.area_resizing import AreaResizing
from dfrnet_keras.layers.attended_classifier import AttendedClassifier
from dfrnet_keras.layers.byte_range import ByteRange
from dfrnet_keras.layers.channel_attention import ChannelAttention
from dfrnet_keras.layers.class_capsules import ClassCapsules
from dfrnet_keras.layers.expression_proposals import ExpressionProposals
from dfrnet_keras.layers.feature_normalization import FeatureNormalization
from dfrnet_keras.layers.frame_difference import FrameDifference
from dfrnet_keras.layers.fusion_block import FusionBlock
from dfrnet_keras.layers.gray import Gray
from dfrnet_keras.layers.node_patches import NodePatches
from dfrnet_keras.layers.optical_flow import OpticalFlow
from dfrnet_keras.layers.optical_strain import OpticalStrain
from dfrnet_keras.layers.padded_max_pooling import PaddedMaxPooling2D
from dfrnet_keras.layers.relative_motion import MirroredMotion, MotionStrength, RelativeMotion
from dfrnet_keras.layers.residual_block import ResidualBlock
from dfrnet_keras.layers.spatial_attention import SpatialAttention
from dfrnet_keras.layers.token_embedding import TokenEmbedding
from dfrnet_keras.layers.unit_graph import UnitGraph
from dfrnet_keras.layers.window_attention import WindowAttention, WindowPositions

__all__ = [
    "AdaptiveAveragePooling2D",
    "AreaResizing",
    "AttendedClassifier",
    "ByteRange",
    "ChannelAttention",
    "ClassCapsules",
    "ExpressionProposals",
    "FeatureNormalization",
    "FrameDifference",
    "FusionBlock",
    "Gray",
    "MirroredMotion",
    "MotionStrength",
    "NodePatches",
    "OpticalFlow",
    "OpticalStrain",
    "PaddedMaxPooling2D",
    "RelativeMotion",
    "ResidualBlock",
    "SpatialAttention",
    "TokenEmbedding",
    "UnitGraph",
    "WindowAttention",
    "WindowPositions",
]
