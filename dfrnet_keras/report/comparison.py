"""What a page shows of several runs side by side."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, Protocol

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.comparison import compare_runs
from dfrnet_keras.evaluation.folds import read_protocol
from dfrnet_keras.report.costs import Costs
from dfrnet_keras.report.losses import convergence_picture
from dfrnet_keras.report.plots import CostPoint
from dfrnet_keras.report.sections import Section


class Published(Protocol):
    """A row that a paper prints; `smic`, `casme2` and `samm` may stand beside `full`."""

    @property
    def method(self) -> str: ...
    @property
    def full(self) -> tuple[float, float]: ...
    @property
    def source(self) -> str: ...
    @property
    def note(self) -> str: ...


def between(sections: Sequence[Section], costs: Costs) -> dict[str, Any]:
    """Compare runs, as far as they can be.

    Args:
        sections: What is shown of each run alone.
        costs: What is known of their costs.

    Returns:
        What `comparison.html.j2` shows: `datasets`, their names where there are several;
        `protocols`, each once, and whether they are `all_composite`; `same_clips`, whether all
        were tested on the same clips with the same labels; `mixed`, whether some runs alone are
        optimistic; `pairs`, the first run against each of the others, or why that was `refused`;
        `cost_rows`, `points` of accuracy against cost, and names of the runs `without_cost`;
        `convergence`, a picture of the losses; `subjects`, the first run against each of the
        others.
    """
    runs = [section.run for section in sections]
    names = [section.name for section in sections]
    pairs, refused = [], ""
    try:
        pairs = compare_runs(runs, names=names)
    except InputError as error:
        refused = str(error)
    datasets = sorted({name for one in sections for name in one.metrics["datasets"]})
    protocols = sorted({str(run.settings.get("protocol")) for run in runs})
    clips = {
        frozenset((row.dataset, row.subject, row.clip, row.label) for row in run.predictions)
        for run in runs
    }
    drawn = {
        place: cost for place, cost in costs.drawn[0].items() if sections[place].metrics["clips"]
    }
    points = [
        CostPoint(names[place], cost, figures["uf1"], figures["interval"]["uf1"], run.optimistic)
        for place, cost in sorted(drawn.items())
        for figures, run in [(sections[place].metrics, runs[place])]
    ]
    return {
        "datasets": datasets if len(datasets) > 1 else [],
        "protocols": protocols,
        "all_composite": all(read_protocol(words)[0] == "composite" for words in protocols),
        "same_clips": len(clips) == 1,
        "mixed": len({run.optimistic for run in runs}) > 1,
        "pairs": pairs,
        "refused": refused,
        "cost_rows": [_cost_row(section, costs) for section in sections],
        "points": points,
        "without_cost": [name for place, name in enumerate(names) if place not in drawn],
        "convergence": convergence_picture({one.name: one.run.folds for one in sections}),
        "subjects": [_gains(sections[0], other) for other in sections[1:]] if pairs else [],
    }


def _cost_row(section: Section, costs: Costs) -> list[str]:
    """Scores of a run beside parameters, multiply-accumulates, latency, epochs and time."""
    metrics, folds = section.metrics, section.run.folds
    counts = costs.counts.get(section.number - 1)
    latency = costs.milliseconds.get(section.number - 1)
    epochs = [record.epoch for record in folds if record.epoch and not record.failure]
    kept = f"{statistics.median(epochs):g}" if epochs else ""
    if epochs and min(epochs) < max(epochs):
        kept += f" ({min(epochs)} to {max(epochs)})"
    return [
        section.name,
        *["" if metrics[key] is None else f"{metrics[key]:.4f}" for key in ("uf1", "uar")],
        f"{counts.parameters:,}" if counts else "",
        f"{counts.macs / 1e6:,.2f} M" if counts else "",
        *([f"{latency:.4g}" if latency is not None else ""] if costs.milliseconds else []),
        kept,
        f"{section.seconds:,.0f}" if section.seconds >= 100 else f"{section.seconds:.3g}",
    ]


def _gains(first: Section, other: Section) -> dict[str, Any]:
    """How many clips more or fewer of each subject the first run has right than another."""
    right = {(one["dataset"], one["subject"]): one["right"] for one in first.metrics["subjects"]}
    subjects = [
        (f"{one['dataset']} / {one['subject']}",
         right[one["dataset"], one["subject"]] - one["right"], one["clips"])
        for one in other.metrics["subjects"]
    ]  # fmt: skip
    subjects.sort(key=lambda one: -one[1])
    more = [gain for _, gain, _ in subjects if gain > 1e-9]
    fewer = [-gain for _, gain, _ in subjects if gain < -1e-9]
    return {
        "name": other.name,
        "subjects": subjects,
        "more": more,
        "fewer": fewer,
        "alike": len(subjects) - len(more) - len(fewer),
    }
