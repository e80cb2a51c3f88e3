"""The folder of a preset: card, notice, and the network that becomes its `.tflite` file."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dfrnet_keras.cache import cache_folder
from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.face_model import UNIT_NAMES, UNITS
from dfrnet_keras.datasets.synthetic.unit_maps import draw_unit_maps
from dfrnet_keras.learners.preset_training import (
    PresetTraining,
    TrainedPreset,
    train_preset,
)

if TYPE_CHECKING:
    import keras

LEARNT_FROM = (
    "drawn maps alone: hills of action units, a scanned face model, rendered people and the flow "
    "that DIS and ilk measure on them; no real clip"
)
NOT_FOR = (
    "lie detection", "hiring", "clinical use", "surveillance", "any decision about a person",
)  # fmt: skip
LICENCE = "Apache-2.0; the face model is under the MIT licence of NOTICE.txt"
# Raised when drawing or training change, so that presets of an earlier revision are not taken.
REVISION = 4


def trained_preset(training: PresetTraining, seed: int, **options: Any) -> Path:
    """The folder of a preset in the cache, made where it is not there yet.

    Args:
        training, seed: See `train_preset`.
        **options: See `train_preset`.
    """
    from dfrnet_keras.models.preset import CARD, write_preset

    identity = json.dumps([REVISION, training.as_dict(), seed])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    folder = cache_folder("presets") / digest
    if not (folder / CARD).is_file():
        trained = train_preset(training, seed, **options)
        write_preset(folder, trained.networks, describe(trained, training, seed), {})
    return folder


def describe(trained: TrainedPreset, training: PresetTraining, seed: int) -> dict[str, Any]:
    """What the card of a preset says of itself before anything is measured."""
    return {
        "revision": REVISION,
        "seed": seed,
        "training": training.as_dict(),
        "classes": list(MEGC2019_CLASSES),
        "units": list(UNITS),
        "unit_names": {f"AU{unit}": name for unit, name in UNIT_NAMES.items()},
        "temperatures": list(trained.temperatures),
        "thresholds": trained.thresholds,
        "held": _held_answers(calibrated_network(trained)),
        "preparation": {"size": 28, "flow_method": "dis"},
        "learnt_from": LEARNT_FROM,
        "not_for": list(NOT_FOR),
        "licence": LICENCE,
    }


def calibrated_network(trained: TrainedPreset) -> keras.Model:
    """The network of a preset for maps in pixels, with its temperatures."""
    from dfrnet_keras.models.preset_network import PresetNetwork, take_weights

    there = trained.networks[0].layers
    members = len([1 for layer in there if layer.name.endswith("_movement")])
    network = PresetNetwork(members=members, temperatures=trained.temperatures, name="preset")
    take_weights(network, trained.networks[0])
    return network


def _held_answers(network: keras.Model) -> dict[str, list[Any]]:
    """Answers to three drawn maps, by which a test knows these weights again."""
    maps = draw_unit_maps(3, seed=5, source="hills", kinds=("expression",))
    answers = network.predict(maps.flow, verbose=0)
    return {
        name: np.round(answers[name].astype(float), 4).reshape(3, -1).tolist()
        for name in ("probabilities", "movement")
    }


def text_files(card: dict[str, Any]) -> dict[str, bytes]:
    """The card for a reader, and the notice of the face model."""
    lines = [
        "# A preset of dfrnet_keras",
        "",
        f"Recognises {', '.join(card['classes'])} micro-expressions in the optical flow from onset "
        f"to apex ({card['preparation']['flow_method']} flow, maps of "
        f"{card['preparation']['size']} pixels), says whether there is one, and which action units "
        f"moved: {', '.join(f'{unit} ({name})' for unit, name in card['unit_names'].items())}.",
        "",
        f"Learnt from {card['learnt_from']}.",
        f"Made by `dfr-keras preset make --seed {card['seed']}`.",
        "",
        f"Not for {', '.join(card['not_for'])}.",
        "",
        "Measured: docs/presets.md.",
        "",
        f"Licence: {card['licence']}.",
        "",
    ]
    notice = files("dfrnet_keras.datasets.synthetic") / "face_model_license.txt"
    return {"card.md": "\n".join(lines).encode(), "NOTICE.txt": notice.read_bytes()}
