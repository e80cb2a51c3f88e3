"""`dfr-keras evaluate-spotting`: finds held against the expressions of a dataset."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.console import console, print_table

if TYPE_CHECKING:
    from dfrnet_keras.evaluation.spotting import KindScores, Outcome, SpottingScores


@click.command()
@click.argument("finds", type=shared.PATH)
@shared.recordings
@shared.root
@click.option("--videos", type=click.Choice(["all", "with-truth"]), default="all",
              show_default=True, help="with-truth leaves out, for each kind, recordings without "
              "an expression of it, as some published codes do.")  # fmt: skip
@click.option("--overlap", type=click.FloatRange(0, 1, min_open=True), default=0.5,
              show_default=True, help="Intersection over union that makes a hit.")  # fmt: skip
@click.option("--rows", type=shared.PATH, help="Write every hit, false find and miss there (.csv).")
@shared.json_output
def evaluate_spotting(
    finds: Path,
    dataset: str,
    root: Path | None,
    videos: str,
    overlap: float,
    rows: Path | None,
    as_json: bool,
) -> None:
    """Hold FINDS (.csv or .json) against the expressions annotated in long recordings.

    Hits, false finds and misses are summed over the dataset, micro- and macro-expressions apart
    and together. Where finds have classes, recognition counts on the hits, and STRS is the
    product of both F1.
    """
    from dfrnet_keras.datasets.recording import load_recordings
    from dfrnet_keras.evaluation.spotting import evaluate_finds, read_finds

    content = read_finds(finds)
    recordings = load_recordings(dataset, root)
    scores = evaluate_finds(recordings, content.finds, videos=videos, least_overlap=overlap)
    if rows is not None:
        _write_rows(rows, scores.rows)
    print_scores(scores, content.method, content.optimistic, as_json=as_json)


def print_scores(scores: SpottingScores, method: str, optimistic: bool, *, as_json: bool) -> None:
    """Print the figures of spotting as JSON or as a table."""
    if as_json:
        figures = asdict(replace(scores, rows=()))
        del figures["rows"]
        figures |= {"method": method, "optimistic": optimistic}
        click.echo(json.dumps(figures, indent=1))
        return
    out = console()
    note = " - OPTIMISTIC: chosen on the test subjects" if optimistic else ""
    out.print(f"{method or 'finds'}, overlap {scores.least_overlap:g}{note}", style="bold")
    if scores.videos != "all":
        out.print("Recordings without an expression of the kind were left out: precision is not "
                  "comparable.")  # fmt: skip
    kinds = {"micro": scores.micro, "macro": scores.macro, "overall": scores.overall}
    print_table(
        ["", "F1", "", "precision", "recall", "truth", "hits", "false", "missed", "false/min",
         "apex error", "STRS"],
        [[name, *_line(own)] for name, own in kinds.items()],
        left=(0, 2),
    )  # fmt: skip
    out.print(
        f"{scores.overall.recordings} recordings of {scores.subjects} subjects; apex error in "
        "frames, of hits; beside F1 the 95 % interval of a bootstrap over subjects.",
        style="dim",
    )


def _line(own: KindScores) -> Sequence[str]:
    low, high = own.intervals.get("f1", (None, None))
    interval = "" if low is None else f"{low:.3f}-{high:.3f}"
    apex = "" if own.apex_error is None else f"{own.apex_error:.1f}"
    strs = "" if own.strs is None else f"{own.strs:.3f}"
    counts = (own.truth, own.hits, own.false_finds, own.misses)
    return [f"{own.f1:.3f}", interval, f"{own.precision:.3f}", f"{own.recall:.3f}",
            *map(str, counts), f"{own.false_finds_a_minute:.2f}", apex, strs]  # fmt: skip


def _write_rows(path: Path, rows: Sequence[Outcome]) -> None:
    from dfrnet_keras.atomic import whole_file

    names = ("onset", "apex", "offset", "label")
    with whole_file(path) as partial, partial.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["recording", "subject", "kind", "outcome", *(f"true_{n}" for n in names),
                        *names])  # fmt: skip
        for row in rows:
            outcome = "FN" if row.find is None else "FP" if row.truth is None else "TP"
            cells = [
                "" if one is None or getattr(one, name) is None else getattr(one, name)
                for one in (row.truth, row.find)
                for name in names
            ]
            table.writerow([row.recording.name, row.subject, row.kind, outcome, *cells])
