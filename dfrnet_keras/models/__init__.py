"""Networks as plain constructor functions, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.counting import Counts, PaperCounts, count, paper_counts
from dfrnet_keras.models.dfrnet import DFRNet, normalization_layers
from dfrnet_keras.models.ststnet import STSTNet

__all__ = [
    "Counts",
    "DFRNet",
    "PaperCounts",
    "STSTNet",
    "build_model",
    "count",
    "normalization_layers",
    "paper_counts",
]

MODELS: dict[str, Callable[..., keras.Model]] = {"dfrnet": DFRNet, "ststnet": STSTNet}


def build_model(name: str, **kwargs: Any) -> keras.Model:
    """Build a network by its name.

    Args:
        name: `"dfrnet"` or `"ststnet"`, in any case.
        **kwargs: Arguments of the constructor, `DFRNet` or `STSTNet`.

    Returns:
        The model, not compiled.

    Raises:
        InputError: No network has that name, or an argument is bad.
    """
    if name.lower() not in MODELS:
        raise InputError(f"model must be one of {', '.join(MODELS)}, not {name}.")
    return MODELS[name.lower()](**kwargs)
