"""Networks as plain constructor functions, and what they cost.

Names are loaded on first use: a kernel machine or a recipe needs no Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import check_choice
from dfrnet_keras.lazy import lazy_names
from dfrnet_keras.models.table import TABLE

if TYPE_CHECKING:
    import keras

__getattr__, _names = lazy_names(__name__, {
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
})  # fmt: skip
__all__ = sorted([*_names, "build_model"])

MODELS = tuple(TABLE)


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
    check_choice("model", name.lower(), TABLE)
    return TABLE[name.lower()].build(**kwargs)
