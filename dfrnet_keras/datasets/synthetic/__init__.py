"""Drawn people and drawn motion, in place of the datasets that need a licence."""

from dfrnet_keras.datasets.synthetic.clips import (
    STRONG,
    PlannedClip,
    load_synthetic,
    plan_clips,
    synthesize_clips,
)

__all__ = ["STRONG", "PlannedClip", "load_synthetic", "plan_clips", "synthesize_clips"]
