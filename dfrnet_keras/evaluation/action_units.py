"""F1 of each action unit, where the sheet names units and the learner knows some."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from dfrnet_keras.datasets.action_units import unit_number

PRESENT = 0.3  # strength from which a unit counts as seen, that of `models.preset` too


def unit_scores(rows: Iterable[Any]) -> dict[str, Any]:
    """F1 of each action unit over the clips whose sheet names units, whatever side and intensity.

    Args:
        rows: `run.Prediction`, one per clip and seed; those without units in the sheet or of the learner do not
            count.

    Returns:
        Nothing where no row counts. Else `units`: of each number that a sheet names or the learner
        saw, `f1` (a mean over seeds), `always` (the F1 of always answering it, the floor), `clips`
        that have it, and `known`, whether the learner knows it (`f1` is 0 where not); `mean_f1`
        over the known ones; and `clips` in all.
    """
    counted = [row for row in rows if row.action_units is not None and row.units is not None]
    if not counted:
        return {}
    seeds = sorted({row.seed for row in counted})
    known = {int(unit) for row in counted for unit in row.units or {}}
    truth = [{unit_number(unit) for unit in row.action_units or ()} for row in counted]
    seen = [{int(unit) for unit, strength in (row.units or {}).items() if strength >= PRESENT}
            for row in counted]  # fmt: skip
    clips = {row.key: units for row, units in zip(counted, truth, strict=True)}
    figures: dict[str, Any] = {}
    for unit in sorted(set().union(*truth, *seen)):
        share = sum(unit in units for units in clips.values()) / len(clips)
        each = []
        for seed in seeds:
            pairs = [(unit in true, unit in found) for row, true, found
                     in zip(counted, truth, seen, strict=True) if row.seed == seed]  # fmt: skip
            positive = sum(true + found for true, found in pairs)
            both = sum(true and found for true, found in pairs)
            each.append(2 * both / positive if positive else 0.0)
        figures[str(unit)] = {
            "f1": float(np.mean(each)),
            "always": 2 * share / (1 + share),
            "clips": round(share * len(clips)),
            "known": unit in known,
        }
    scored = [figure["f1"] for figure in figures.values() if figure["known"]]
    mean = float(np.mean(scored)) if scored else None
    return {"units": figures, "mean_f1": mean, "clips": len(clips)}
