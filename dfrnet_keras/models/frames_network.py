"""Two face crops in, the class out: the preparation of the maps as part of the network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import SMALLEST_FLOW_SIZE
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.features.views import VIEW_OF_MAP
from dfrnet_keras.layers import (
    AreaResizing,
    ByteRange,
    FrameDifference,
    Gray,
    OpticalFlow,
    OpticalStrain,
)
from dfrnet_keras.models.inputs import arrange_inputs, input_names

CROP_SIZE = 224


def end_to_end(
    model: keras.Model,
    preparation: Preparation,
    *,
    crop_size: int = CROP_SIZE,
    name: str | None = None,
) -> keras.Model:
    """Build a network from two face crops to probabilities around a trained network.

    The optical flow is `layers.OpticalFlow` ("ilk"), whichever method the network was trained on:
    the others cannot be part of a network. Trained on a store of `prepare --flow ilk` it sees what
    it was trained on.

    Args:
        model: A trained network whose inputs are maps: `flow`, `apex`, `difference` or some of
            them. Its layers are shared.
        preparation: How its maps were made; `Preparation.from_settings(store.settings)`.
        crop_size: Height and width of the crops in pixels, at least those of the maps.
        name: Name of the network; by default that of `model` with `_frames`.

    Returns:
        A functional model from `onset` and `apex`, uint8 `(batch, crop_size, crop_size, 3)` RGB,
        cut by one transform (`features.crop_face`), to what `model` answers.

    Raises:
        InputError: The network takes something else, crops would have to be enlarged, or the
            preparation takes the motion of the head out, for which there is no layer.

    Example:

    ```python
    network = end_to_end(model, store.preparation)
    network.predict({"onset": crops[:1], "apex": crops[9:10]})
    ```
    """
    maps = map_network(input_names(model), preparation, crop_size=crop_size)
    answer = model(arrange_inputs(model, maps.output))
    return keras.Model(maps.input, answer, name=name or f"{model.name}_frames")


def map_network(
    names: Iterable[str], preparation: Preparation, *, crop_size: int = CROP_SIZE
) -> keras.Model:
    """Build the network of the preparation alone: two crops in, maps out; it has no weights.

    Args:
        names: Which maps: of `flow`, `apex`, `difference`.
        preparation: How they are made.
        crop_size: Height and width of the crops in pixels.

    Returns:
        A functional model from `onset` and `apex`, as those of `end_to_end`, to a dictionary of
        name to map `(batch, size, size, channels)`, float32.

    Raises:
        InputError: See `end_to_end`.
    """
    names = list(names)
    unknown = [name for name in names if name not in VIEW_OF_MAP]
    if unknown:
        raise InputError(
            f"The network takes {', '.join(unknown)}, and frames give {', '.join(VIEW_OF_MAP)}: "
            "only a network of these maps can take frames."
        )
    if preparation.remove_global_motion:
        raise InputError(
            "The maps of this network have the motion of the head taken out, for which there is no "
            "layer: convert it with --input maps, or train on a store prepared without "
            "--remove-global-motion."
        )
    size = preparation.size
    flow_size = max(size, SMALLEST_FLOW_SIZE)
    needed = flow_size if "flow" in names else size
    if crop_size < needed:
        raise InputError(
            f"The crops are {crop_size} x {crop_size} pixels and the maps need {needed} x {needed} "
            f"at least: give a crop size of {needed} or more."
        )
    inputs = {
        frame: keras.Input((crop_size, crop_size, 3), dtype="uint8", name=frame)
        for frame in ("onset", "apex")
    }
    sized = {
        frame: AreaResizing(size, size, whole=True, name=f"{frame}_at_map_size")(crop)
        for frame, crop in inputs.items()
    }
    maps: dict[str, Any] = {}
    if "apex" in names:
        maps["apex"] = sized["apex"]
    if "difference" in names:
        pair = [Gray(name=f"{frame}_gray_at_map_size")(sized[frame]) for frame in sized]
        maps["difference"] = FrameDifference(name="difference")(pair)
    if "flow" in names:
        maps["flow"] = _flow(inputs, preparation, flow_size)
    return keras.Model(inputs, {name: maps[name] for name in names}, name="maps")


def _flow(inputs: dict[str, Any], preparation: Preparation, flow_size: int) -> Any:
    """Flow and strain at `flow_size`, as `features.extract_features` makes them."""
    pair = []
    for frame, crop in inputs.items():
        resized = AreaResizing(flow_size, flow_size, whole=True, name=f"{frame}_at_flow_size")(crop)
        pair.append(Gray(name=f"{frame}_gray")(resized))
    motion = OpticalFlow(name="optical_flow")(pair)
    strain = OpticalStrain(cross_term=preparation.strain_cross_term, name="optical_strain")(motion)
    if flow_size != preparation.size:
        side = preparation.size
        motion = AreaResizing(side, side, name="flow_at_map_size")(motion)
        # A displacement is counted in pixels of its map.
        motion = layers.Rescaling(side / flow_size, name="flow_in_map_pixels")(motion)
        strain = AreaResizing(side, side, name="strain_at_map_size")(strain)
    flow = layers.Concatenate(axis=-1, name="flow_and_strain")([motion, strain])
    if preparation.flow_range == "bytes":
        flow = ByteRange(name="flow_bytes")(flow)
    return flow
