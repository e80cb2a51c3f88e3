"""The clips that a run got wrong, with the maps that the network had of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import Prediction, Run
from dfrnet_keras.report.map_pictures import MapColors

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore


def mistakes_of(run: Run, limit: int) -> dict[str, Any]:
    """The most confident mistakes of a run, so many at most.

    Returns:
        What `mistakes.html.j2` shows: how many clips are `wrong` under one seed or more; `cards`
        of a prediction, under how many seeds the clip is wrong, and its pictures by name; why
        they are `without_maps`; the `key` of their colours, and the `flow_range` of the store.
    """
    wrong: dict[tuple[str, str, str], list[Prediction]] = {}
    for row in run.predictions:
        if row.label != row.predicted:
            wrong.setdefault((row.dataset, row.subject, row.clip), []).append(row)
    ranked = sorted(
        ((max(rows, key=_confidence), len(rows)) for rows in wrong.values()),
        key=lambda one: _confidence(one[0]),
        reverse=True,
    )[:limit]
    shown: dict[str, Any] = {"wrong": len(wrong), "without_maps": "", "flow_range": ""}
    store, shown["without_maps"] = _store(run) if wrong else (None, "")
    if store is None:
        return {**shown, "cards": [(row, times, []) for row, times in ranked]}
    place = {(row.dataset, row.subject, row.name): i for i, row in enumerate(store.rows)}
    maps = store.take([place[row.dataset, row.subject, row.clip] for row, _ in ranked])
    colors = MapColors(maps, store.flow_range)
    cards = [(*card, colors.pictures(maps, clip)) for clip, card in enumerate(ranked)]
    return {**shown, "cards": cards, "key": colors.key(), "flow_range": store.flow_range}


def _confidence(row: Prediction) -> float:
    return max(row.probabilities)


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
