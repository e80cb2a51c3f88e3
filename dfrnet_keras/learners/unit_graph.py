"""Which action units come together, for the graph of FGRL-AUF."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.action_units import unit_number
from dfrnet_keras.datasets.clip import MEGC2019_CLASSES, Clip
from dfrnet_keras.datasets.synthetic.flow import combinations_of
from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.learners.trainer import Trainer
from dfrnet_keras.models.fgrl_auf import UNITS
from dfrnet_keras.store import FeatureStore

# Datasets whose sheets have a column of action units.
_CODED = ("casme2", "samm")
# What stands for each of `UNITS` in drawn clips; a dropped jaw parts the lips.
_DRAWN = ("inner brow up", "outer brow up", "brow down", "upper lip", "smile", "dimple",
          "corner down", "chin", "jaw")  # fmt: skip


class UnitGraphTrainer(Trainer):
    """A trainer that sets the graph of each fold from the clips it trains on.

    Args:
        *arguments: Those of `Trainer`.
        units: Of clips by their key, the action units that were coded. Where there are none, the
            graph is that of drawn clips, with the classes as frequent as in the fold.
    """

    def __init__(self, *arguments: Any, units: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__(*arguments)
        self.units = units

    def start_anew(self, fold: Fold, seed: int) -> None:
        super().start_anew(fold, seed)
        if self.units:
            keys = [self.store.rows[int(clip)].key for clip in fold.train]
            shown = [(self.units[key], 1.0) for key in keys if key in self.units]
        else:
            shown = drawn_units(self.store.labels[fold.train], self.store.classes)
        self.network.get_layer("units").set_adjacency(together(shown))


def together(shown: Sequence[tuple[Sequence[int], float]]) -> NDArray[np.float64]:
    """Which units come together.

    Args:
        shown: The units of each clip, and how much the clip counts.

    Returns:
        `(9, 9)`: of the clips that show unit j of `UNITS`, the share that shows unit i too; zeros
        for a unit that is never shown, and on the diagonal.
    """
    table = np.array([[unit in units for unit in UNITS] for units, _ in shown], float)
    table = table.reshape(-1, len(UNITS))
    counts = table.T @ (table * np.array([share for _, share in shown]).reshape(-1, 1))
    single = np.diagonal(counts)
    shares = np.divide(counts, single, out=np.zeros_like(counts), where=single > 0)
    np.fill_diagonal(shares, 0)
    return shares


def drawn_units(
    labels: NDArray[np.int64], classes: Sequence[str]
) -> list[tuple[tuple[int, ...], float]]:
    """Units of drawn clips whose classes are as frequent as given, for `together`.

    Args:
        labels: Class numbers of clips.
        classes: Names of the classes; those that are not drawn do not count. If none is, all that
            are drawn count alike.
    """
    numbers = dict(zip(_DRAWN, UNITS, strict=True))
    frequent = {name: float(np.mean(labels == number)) for number, name in enumerate(classes)}
    known = {name: frequent.get(name, 0.0) for name in MEGC2019_CLASSES}
    if not any(known.values()):
        known = dict.fromkeys(MEGC2019_CLASSES, 1.0)
    return [
        (tuple(numbers[name] for name in names if name in numbers), share * known[label])
        for label in MEGC2019_CLASSES
        for names, share in combinations_of(label).items()
    ]


def coded_units(
    store: FeatureStore, clips: Sequence[Clip] | Callable[[], Sequence[Clip]] | None
) -> dict[str, tuple[int, ...]]:
    """Action units of the clips whose sheet has some, by their key.

    Args:
        store: Whose clips are wanted; ready-made maps have no sheet.
        clips: The clips, or what gives them.
    """
    has_sheet = any(row.dataset in _CODED for row in store.rows) and store.flow_range != "bytes"
    if not has_sheet or clips is None:
        return {}
    found = clips() if callable(clips) else clips
    return {
        clip.key: tuple(dict.fromkeys(map(unit_number, clip.action_units)))
        for clip in found
        if clip.action_units
    }
