"""What can be trained on the maps that are there, and what to say where nothing can."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dfrnet_keras.paper.experiments import TABLES, Row

if TYPE_CHECKING:
    from dfrnet_keras.paper.runs import Source
    from dfrnet_keras.store import FeatureStore

MAPS = {"T": "flow", "S": "apex", "D": "difference"}


def missing_views(row: Row, store: FeatureStore) -> list[str]:
    """Names of the maps that a row looks at and a store lacks."""
    return [MAPS[letter] for letter in row.views if letter not in store.features]


def trainable(rows: Iterable[Row], store: FeatureStore) -> list[Row]:
    """The rows that can be trained on the maps of a store."""
    return [row for row in rows if row.model and not missing_views(row, store)]


def refusal(what: str, source: Source, rows: Iterable[Row], *, has_costs: bool = False) -> str:
    """Why a table or figure cannot be run, and what can be run instead.

    Args:
        what: Its name.
        source: The data.
        rows: Its rows, none of which can be trained.
        has_costs: Whether it has columns that need no training.
    """
    store = source.store
    lacking = sorted({name for row in rows for name in missing_views(row, store)})
    able = {
        name: [row.name for row in trainable(table.rows, store) if row.views]
        for name, table in TABLES.items()
    }
    others = [f"{name} ({', '.join(names)})" for name, names in able.items() if names]
    can = [f"of the paper's tables it can train {'; '.join(others)}"] if others else []
    can += [f"`{what} --no-training` prints its costs"] if has_costs else []
    can.append(f"`dfr-keras fit --features {store.features}` trains DFR-Net on what is there")
    listed = ", and ".join([", ".join(can[:-1]), can[-1]] if can[1:] else can)
    return (
        f"{source.name} does not have the maps {' and '.join(lacking)} that {what} needs: {listed}."
    )
