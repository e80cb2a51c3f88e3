"""Spotting in long recordings, measured as the challenges of the field do."""

from dfrnet_keras.evaluation.spotting.finds import Find, FindsFile, read_finds, write_finds
from dfrnet_keras.evaluation.spotting.matching import Outcome, match, overlap
from dfrnet_keras.evaluation.spotting.scores import (
    KindScores,
    Recognition,
    SpottingScores,
    evaluate_finds,
)

__all__ = [
    "Find",
    "FindsFile",
    "KindScores",
    "Outcome",
    "Recognition",
    "SpottingScores",
    "evaluate_finds",
    "match",
    "overlap",
    "read_finds",
    "write_finds",
]
