"""A preset as what conversion takes: its network, its description, maps to compare on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

_SEED = 20260701  # of drawn maps that no preset is taught or measured with


def load_preset(name: str | os.PathLike[str]) -> tuple[keras.Model, dict[str, Any]]:
    """The network of a preset for flow in pixels, and its description for `convert`.

    Raises:
        InputError: There is no such preset, or its files are damaged.
    """
    from dfrnet_keras.models import Preset

    preset = Preset(name)
    return preset.network, describe_preset(preset.card)


def describe_preset(card: dict[str, Any]) -> dict[str, Any]:
    """What a `.tflite` file says of the preset in it, from its card."""
    return {
        **{name: card[name] for name in ("classes", "preparation", "learnt_from", "not_for")},
        "abstention": {"threshold": card["thresholds"]["pixels"], "units": card["unit_names"]},
    }


def preset_maps(count: int) -> list[dict[str, NDArray[np.float32]]]:
    """Rendered maps of drawn people, one a dict as `convert` takes them."""
    from dfrnet_keras.datasets.synthetic.unit_maps import draw_unit_maps

    maps = draw_unit_maps(count, seed=_SEED, source="rendered")
    return [{"flow": flow[None]} for flow in maps.flow]
