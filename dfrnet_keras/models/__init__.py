"""Networks as plain constructor functions, and what they cost.

Names are loaded on first use: a kernel machine or a recipe needs no Keras.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.table import TABLE

if TYPE_CHECKING:
    import keras

_HOME = {
    **{function: module for module, function in (entry.constructor for entry in TABLE.values())},
    "Counts": "counting",
    "PaperCounts": "counting",
    "count": "counting",
    "Preset": "preset",
    "SOFTNet": "softnet",
    "PresetAnswer": "preset",
    "end_to_end": "frames_network",
    "list_presets": "preset",
    "normalization_layers": "dfrnet",
    "paper_counts": "counting",
    "paper_recipe": "table",
}
__all__ = sorted([*_HOME, "build_model"])

MODELS = tuple(TABLE)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def build_model(name: str, **kwargs: Any) -> keras.Model:
    """Build a network by its name.

    Args:
        name: One of `MODELS`, in any case: `"dfrnet"`, `"ststnet"`, `"off-apexnet"` ...
        **kwargs: Arguments of the constructor, `DFRNet`, `STSTNet`, `OffApexNet` ...

    Returns:
        The model, not compiled.

    Raises:
        InputError: No network has that name, or an argument is bad.
    """
    if name.lower() not in TABLE:
        raise InputError(f"model must be one of {', '.join(MODELS)}, not {name}.")
    return TABLE[name.lower()].build(**kwargs)
