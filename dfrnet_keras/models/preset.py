"""Networks that come with the package, for who has no dataset: weights, card, answers."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dfrnet_keras.atomic import whole_folder
from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    import os

    import keras

DEFAULT_PRESET = "drawn-units"
WEIGHTS, CARD, TFLITE = "weights.npz", "card.json", "int8.tflite"
_STILL = 1e-6  # of displacements: below, a map has no pattern that the network could know
_FOLDER = Path(__file__).with_name("presets")


@dataclass(frozen=True)
class PresetAnswer:
    """What a preset says about the flow of a clip.

    Attributes:
        label: Name of the most probable class; `None` where `movement` is below the preset's
            threshold: then there is no micro-expression to be seen. Maps in bytes have no unit, so
            that nothing can be said of how much moved: of these still ones alone have none.
        probabilities: Class name to probability, given that there is an expression.
        movement: Probability that there is one.
        units: Name of each action unit, such as `"AU12"`, to its strength in the left and in the
            right half of the map, 0 to 1; the strongest unit of a clip is about 1.
    """

    label: str | None
    probabilities: dict[str, float]
    movement: float
    units: dict[str, tuple[float, float]]

    def strongest(self, count: int = 3, least: float = 0.3) -> list[str]:
        """Names of the units that moved most, at most `count`, each by `least` or more."""
        ranked = sorted(self.units, key=lambda name: -max(self.units[name]))
        return [name for name in ranked[:count] if max(self.units[name]) >= least]


def list_presets() -> tuple[str, ...]:
    """Names of the presets in the package."""
    return tuple(sorted(card.parent.name for card in _FOLDER.glob(f"*/{CARD}")))


class Preset:
    """A network that comes with the package.

    Args:
        name: One of `list_presets()`, or a folder that `dfr-keras preset make` wrote.
        input_size: Height and width of the flow maps in pixels, a multiple of 28.
        flow_range: `"pixels"`, or `"bytes"` for maps that were scaled to 0..255.

    Attributes:
        card: What the preset learnt from, what it was measured on and for whom it is not.
        network: The network, see `preset_network.PresetNetwork`.
        classes: Names of the classes.
        units: Names of the action units.
        threshold: Probability of movement from which a clip has a label.

    Raises:
        InputError: There is no such preset, or its files are damaged.
    """

    def __init__(
        self,
        name: str | os.PathLike[str] = DEFAULT_PRESET,
        *,
        input_size: int = 28,
        flow_range: str = "pixels",
    ) -> None:
        from dfrnet_keras.models.preset_network import PresetNetwork

        folder = preset_folder(name)
        self.card = read_card(folder)
        self.classes = tuple(self.card["classes"])
        self.units = tuple(f"AU{number}" for number in self.card["units"])
        self.network = PresetNetwork(
            input_size,
            classes=len(self.classes),
            units=len(self.units),
            members=self.card["training"]["members"],
            flow_range=flow_range,
            temperatures=tuple(self.card["temperatures"]),
            name=folder.name.replace("-", "_"),
        )
        _set_weights(self.network, folder, self.card)
        self.threshold = float(self.card["thresholds"][flow_range])

    def predict(self, flow: ArrayLike) -> list[PresetAnswer]:
        """Answer for flow maps `(clips, size, size, 3)` as `features.extract_features` makes them.

        Raises:
            InputError: They have another shape, or values that are no numbers.
        """
        maps = np.asarray(flow, np.float32)
        expected = tuple(self.network.input_shape[1:])
        if maps.ndim != 4 or maps.shape[1:] != expected:
            raise InputError(
                f"flow has the shape {maps.shape}: give (clips, {', '.join(map(str, expected))})"
            )
        if not np.isfinite(maps).all():
            raise InputError("flow holds values that are no numbers: compute it again")
        answers = self.network.predict(maps, batch_size=64, verbose=0)
        still = np.ptp(maps[..., :2], axis=(1, 2)).max(-1) < _STILL
        movement = np.where(still, 0.0, answers["movement"][:, 0].astype(np.float64))
        return [
            PresetAnswer(
                self.classes[int(chances.argmax())] if moves > self.threshold else None,
                dict(zip(self.classes, chances.tolist(), strict=True)),
                float(moves),
                dict(zip(self.units, map(tuple, sides.tolist()), strict=True)),
            )
            for chances, moves, sides in zip(
                answers["probabilities"], movement, answers["units"], strict=True
            )
        ]


def preset_folder(name: str | os.PathLike[str]) -> Path:
    """Where a preset lies; an `InputError` names the presets that there are."""
    folder = _FOLDER / name if str(name) in list_presets() else Path(name)
    if not (folder / CARD).is_file():
        raise InputError(
            f"There is no preset {name}: give one of {', '.join(list_presets()) or 'none'}, or a "
            "folder that dfr-keras preset make wrote."
        )
    return folder


def preset_file(name: str | os.PathLike[str] = DEFAULT_PRESET) -> Path:
    """The `.tflite` file of a preset, which `tflite.runtime.Predictor` runs without Keras.

    Raises:
        InputError: There is no such preset, or the file is damaged.
    """
    folder = preset_folder(name)
    return checked_file(folder, read_card(folder), TFLITE)


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a preset; an `InputError` where it is damaged."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        for entry in ("classes", "units", "training", "temperatures", "thresholds", "files"):
            card[entry]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / CARD} is damaged: {_REPAIR}") from error
    return card


_REPAIR = "install the package again, or make the preset again with dfr-keras preset make."


def checked_file(folder: Path, card: dict[str, Any], name: str) -> Path:
    """A file of a preset, refused where its hash is not that in the card."""
    path = folder / name
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {_REPAIR}") from error
    if found != card["files"].get(name):
        raise InputError(f"{path} is damaged, its SHA-256 is not that of {CARD}: {_REPAIR}")
    return path


def _set_weights(network: keras.Model, folder: Path, card: dict[str, Any]) -> None:
    path = checked_file(folder, card, WEIGHTS)
    try:
        with np.load(path, allow_pickle=False) as file:
            for layer in network.layers:
                names = [f"{layer.name}/{place}" for place in range(len(layer.weights))]
                layer.set_weights([
                    file[name] * file[f"{name}/scale"] if f"{name}/scale" in file else file[name]
                    for name in names
                ])  # fmt: skip
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged: {_REPAIR}") from error
    except KeyError as error:
        raise InputError(f"{path} is of another version of the package: {_REPAIR}") from error


def _packed(network: keras.Model) -> Iterator[tuple[str, NDArray]]:
    """Weights by layer and place: float16, or whole numbers and what a step of each column is."""
    from dfrnet_keras.models.preset_network import PUBLISHED

    for layer in network.layers:
        # The wider members in 5 bits, which a compressed file holds in fewer bytes.
        steps = 15 if layer.name.startswith(PUBLISHED) else 127
        for place, values in enumerate(layer.get_weights()):
            name = f"{layer.name}/{place}"
            if values.ndim == 1:
                yield name, values.astype(np.float16)
                continue
            largest = np.abs(values).max(axis=tuple(range(values.ndim - 1)))
            scale = np.maximum(largest, 1e-12).astype(np.float32) / steps
            yield name, np.rint(values / scale).astype(np.int8)
            yield f"{name}/scale", scale


def write_preset(
    folder: str | os.PathLike[str],
    networks: Iterable[keras.Model],
    card: dict[str, Any],
    files: dict[str, bytes],
    *,
    overwrite: bool = False,
) -> Path:
    """Write a preset into a folder, whole or not at all.

    Args:
        folder: The folder to make.
        networks: Whose weights are written, kernels in 8 bits, those that know published maps in
            5; layers of one name are the same.
        card: What `read_card` gives back; the hashes are added.
        files: Further files by name.
        overwrite: Whether a folder that is there is replaced.
    """
    with whole_folder(folder, overwrite=overwrite) as partial:
        named: dict[str, Any] = {}
        for network in networks:
            named |= _packed(network)
        np.savez_compressed(partial / WEIGHTS, **named)
        for name, content in files.items():
            (partial / name).write_bytes(content)
        hashes = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(partial.iterdir())
        }
        text = json.dumps({**card, "files": hashes}, indent=1)
        (partial / CARD).write_text(text, encoding="utf-8")
    return Path(folder)
