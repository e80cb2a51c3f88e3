"""The clips that a run got wrong, with the maps that the network had of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import Prediction, Run
from dfrnet_keras.report.map_pictures import MapColors
from dfrnet_keras.report.pictures import Picture

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore


@dataclass(frozen=True)
class Mistakes:
    """What the template `mistakes.html.j2` shows.

    Attributes:
        wrong: How many clips are wrong under one seed or more.
        cards: The most confident mistakes first: the prediction, under how many seeds the clip is
            wrong, and its maps by name, where they can be had.
        without_maps: Why there are no maps; empty where there are.
        key: What the colours of the maps stand for.
        flow_range: Of the store; empty without maps.
    """

    wrong: int
    cards: list[tuple[Prediction, int, list[tuple[str, Picture]]]]
    without_maps: str = ""
    key: Picture | None = None
    flow_range: str = ""


def mistakes_of(run: Run, limit: int) -> Mistakes:
    """The most confident mistakes of a run, so many at most."""
    wrong: dict[tuple[str, str, str], list[Prediction]] = {}
    for row in run.predictions:
        if row.label != row.predicted:
            wrong.setdefault((row.dataset, row.subject, row.clip), []).append(row)
    if not wrong:
        return Mistakes(0, [])
    ranked = sorted(
        (max(rows, key=lambda row: max(row.probabilities)) for rows in wrong.values()),
        key=lambda row: max(row.probabilities),
        reverse=True,
    )[:limit]
    times = [len(wrong[row.dataset, row.subject, row.clip]) for row in ranked]
    store, reason = _store(run)
    if store is None:
        without: list[list[tuple[str, Picture]]] = [[] for _ in ranked]
        return Mistakes(len(wrong), list(zip(ranked, times, without, strict=True)), reason)
    place = {(row.dataset, row.subject, row.name): i for i, row in enumerate(store.rows)}
    maps = store.take([place[row.dataset, row.subject, row.clip] for row in ranked])
    colors = MapColors(maps, store.flow_range)
    pictures = [colors.pictures(maps, clip) for clip in range(len(ranked))]
    shown = list(zip(ranked, times, pictures, strict=True))
    return Mistakes(len(wrong), shown, "", colors.key(), store.flow_range)


def _store(run: Run) -> tuple[FeatureStore | None, str]:
    """The store that the run was made from, or the reason why its maps are not shown."""
    from dfrnet_keras.store import FeatureStore

    about = run.settings["store"]
    try:
        store = FeatureStore.open(str(about.get("path", "")))
    except (InputError, OSError):
        return None, f"The feature store is no longer at {about.get('path')}: no maps are shown."
    if store.digest != about.get("digest"):
        return None, f"The feature store at {store.path} is another one by now: no maps are shown."
    return store, ""
