"""What the networks of a table cost in parameters and multiply-accumulates, and what is printed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dfrnet_keras.paper.experiments import Row
from dfrnet_keras.paper.published import PUBLISHED
from dfrnet_keras.report import costs


def network_key(row: Row) -> str:
    """The same for rows of the same network."""
    return costs.network_key(row.model, row.options)


def is_network(row: Row) -> bool:
    """Whether a row's model is a network of `models.build_model`, not a kernel machine."""
    from dfrnet_keras.models import MODELS

    return row.model in MODELS


def printed_costs(what: str, row: Row) -> dict[str, float]:
    """`parameters`, `thop_macs` and `milliseconds` that a table prints; empty where it has none."""
    milliseconds = PUBLISHED[what][row.name].milliseconds
    if milliseconds is None:
        return {}
    from dfrnet_keras.models import paper_counts

    options = {**row.options, **(row.counted or {})}
    options.pop("classes", None)
    printed = paper_counts(**options)
    assert printed is not None
    return {
        "parameters": printed.parameters,
        "thop_macs": printed.thop_macs,
        "milliseconds": milliseconds,
    }


def counts_of(row: Row) -> dict[str, Any]:
    """Parameters and multiply-accumulates of a row's network at its published input size.

    Args:
        row: A row whose `model` is a network.

    Returns:
        `parameters`, `keras_parameters`, `macs` and `thop_macs` (see `models.count`) with the
        head and the attention that the printed figures fit, where there are any: these under
        `counted_with`, and where that is another network than the one trained, the figures of
        that one under `as_trained`.
    """
    trained = _count(row, {})
    if not row.counted:
        return dict(trained)
    counted = _count(row, row.counted)
    figures: dict[str, Any] = {**counted, "counted_with": dict(row.counted)}
    if counted != trained:
        figures["as_trained"] = trained
    return figures


def _count(row: Row, changes: Mapping[str, Any]) -> dict[str, int]:
    from dfrnet_keras.models import build_model, count

    assert row.model is not None
    return dataclasses.asdict(count(build_model(row.model, **{**row.options, **changes})))
