"""Frames of a clip: read from pictures or a video, in order, damage found."""

from dfrnet_keras.frames.files import (
    IMAGE_SUFFIXES,
    in_order,
    is_leftover,
    is_video,
    list_frames,
    natural_key,
)
from dfrnet_keras.frames.read import iterate_frames, read_clip, read_frames, read_image
from dfrnet_keras.frames.stream import TimedFrame, stream_frames
from dfrnet_keras.frames.video import frame_times, video_length

__all__ = [
    "IMAGE_SUFFIXES",
    "TimedFrame",
    "frame_times",
    "in_order",
    "is_leftover",
    "is_video",
    "iterate_frames",
    "list_frames",
    "natural_key",
    "read_clip",
    "read_frames",
    "read_image",
    "stream_frames",
    "video_length",
]
