"""What a page shows of several runs side by side."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.comparison import Comparison, compare_runs
from dfrnet_keras.evaluation.folds import read_protocol
from dfrnet_keras.report.costs import Costs
from dfrnet_keras.report.losses import convergence_picture
from dfrnet_keras.report.pictures import Picture
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


@dataclass(frozen=True)
class SubjectDifferences:
    """Clips that the first run has right more than another, subject by subject.

    Attributes:
        name: The other run.
        differences: Subject, difference in clips, and its number of clips.
    """

    name: str
    differences: list[tuple[str, float, int]]

    @property
    def more(self) -> list[float]:
        return [difference for _, difference, _ in self.differences if difference > 1e-9]

    @property
    def fewer(self) -> list[float]:
        return [-difference for _, difference, _ in self.differences if difference < -1e-9]

    @property
    def alike(self) -> int:
        return len(self.differences) - len(self.more) - len(self.fewer)

    @property
    def rows(self) -> list[list[str]]:
        """Lines of a table, the largest gain first."""
        ordered = sorted(self.differences, key=lambda one: -one[1])
        return [[person, f"{gain:+.4g}", str(clips)] for person, gain, clips in ordered]


@dataclass(frozen=True)
class Between:
    """What the template `comparison.html.j2` shows, beside the sections of the runs.

    Attributes:
        datasets: Their names, where there are several.
        protocols: Each once.
        all_composite: Whether all are of the composite protocol.
        same_clips: Whether all were tested on the same clips, with the same labels.
        optimistic: `"all"`, `"some"` or `"none"` of the runs.
        pairs: The first run against each of the others; empty where that was refused.
        refused: Why runs were not compared; else empty.
        cost_rows: Lines of the table of costs.
        points: What is drawn of accuracy against cost.
        without_cost: Names of the runs that are not.
        convergence: Losses of the runs beside each other; empty where none has any.
        subjects: The first run against each of the others.
    """

    datasets: list[str]
    protocols: list[str]
    all_composite: bool
    same_clips: bool
    optimistic: str
    pairs: list[Comparison]
    refused: str
    cost_rows: list[list[str]]
    points: list[CostPoint]
    without_cost: list[str]
    convergence: Picture
    subjects: list[SubjectDifferences]


def between(sections: Sequence[Section], costs: Costs) -> Between:
    """Compare runs, as far as they can be."""
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
    marks = {run.optimistic for run in runs}
    drawn = {
        place: cost for place, cost in costs.drawn[0].items() if sections[place].metrics["clips"]
    }
    points = [
        CostPoint(names[place], cost, figures["uf1"], figures["interval"]["uf1"], run.optimistic)
        for place, cost in sorted(drawn.items())
        for figures, run in [(sections[place].metrics, runs[place])]
    ]
    return Between(
        datasets=datasets if len(datasets) > 1 else [],
        protocols=protocols,
        all_composite=all(read_protocol(words)[0] == "composite" for words in protocols),
        same_clips=len(clips) == 1,
        optimistic="some" if len(marks) > 1 else "all" if True in marks else "none",
        pairs=pairs,
        refused=refused,
        cost_rows=[_cost_row(section, costs) for section in sections],
        points=points,
        without_cost=[name for place, name in enumerate(names) if place not in drawn],
        convergence=convergence_picture(
            {name: run.folds for name, run in zip(names, runs, strict=True)}
        ),
        subjects=[_differences(sections[0], other) for other in sections[1:]] if pairs else [],
    )


def _cost_row(section: Section, costs: Costs) -> list[str]:
    """Scores of a run beside parameters, multiply-accumulates, latency, epochs and time."""
    metrics, folds = section.metrics, section.run.folds
    counts = costs.counts.get(section.number - 1)
    latency = costs.milliseconds.get(section.number - 1)
    epochs = [record.epoch for record in folds if record.epoch and not record.failure]
    kept = f"{statistics.median(epochs):g}" if epochs else ""
    if epochs and min(epochs) < max(epochs):
        kept += f" ({min(epochs)} to {max(epochs)})"
    seconds = sum(record.seconds for record in folds)
    return [
        section.name,
        *["" if metrics[key] is None else f"{metrics[key]:.4f}" for key in ("uf1", "uar")],
        f"{counts.parameters:,}" if counts else "",
        f"{counts.macs / 1e6:,.2f} M" if counts else "",
        *([f"{latency:.4g}" if latency is not None else ""] if costs.milliseconds else []),
        kept,
        f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:.3g}",
    ]


def _differences(first: Section, other: Section) -> SubjectDifferences:
    def right(metrics: dict[str, Any]) -> dict[tuple[str, str], float]:
        return {(one["dataset"], one["subject"]): one["right"] for one in metrics["subjects"]}

    of_first = right(first.metrics)
    return SubjectDifferences(
        other.name,
        [
            (
                f"{one['dataset']} / {one['subject']}",
                of_first[one["dataset"], one["subject"]] - one["right"],
                one["clips"],
            )
            for one in other.metrics["subjects"]
        ],
    )
