"""`dfr-keras evaluate`: the figures of a run."""

from __future__ import annotations

import json
from typing import Any

import click


@click.command()
@click.argument("run", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def evaluate(run: str, as_json: bool) -> None:
    """Print UF1, UAR and accuracy of RUN, pooled over all clips, from its rows.

    RUN is the folder that `dfr-keras fit` printed. The mean over seeds comes first, then each
    seed, each dataset, and the 95 % interval of a bootstrap over subjects.
    """
    from dfrnet_keras.evaluation import open_run

    print_metrics(open_run(run).metrics(), as_json=as_json)


def print_metrics(metrics: dict[str, Any], *, as_json: bool) -> None:
    """Print the metrics of a run as JSON or as tables."""
    if as_json:
        click.echo(json.dumps(metrics, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    from dfrnet_keras.evaluation.folds import held_out_unit, read_protocol

    console = Console(markup=False, highlight=False)  # names may hold brackets
    note = " - OPTIMISTIC: chosen on the test subjects" if metrics["optimistic"] else ""
    folds = metrics["folds"]
    if not metrics["clips"]:
        console.print(f"No fold of this run has predictions: {len(folds['failed'])} failed.")
        return
    console.print(f"{metrics['protocol']}, validation {metrics['validation']}{note}", style="bold")
    expected = f" of {folds['expected']}" if folds["expected"] else ""
    console.print(
        f"{folds['done']}{expected} folds, {metrics['clips']} clips, "
        f"{len(metrics['seeds'])} seed(s)"
    )
    if not metrics["complete"]:
        unit = held_out_unit(str(metrics["protocol"]))
        plural = "" if folds["left_out"] == 1 else "s"
        left_out = f", {folds['left_out']} {unit}{plural} left out" if folds["left_out"] else ""
        console.print(f"Incomplete{left_out}: these are the figures of the folds that are done.")
    if read_protocol(str(metrics["protocol"]))[0] != "composite" and len(metrics["datasets"]) > 1:
        console.print(
            "The figures of this protocol are those of each dataset; the first line pools them."
        )
    table = Table(box=None, pad_edge=False)
    for column in ("", "UF1", "", "UAR", "", "accuracy", "clips"):
        table.add_column(column, justify="left" if column in ("", "clips") else "right")

    def row(name: str, figures: dict[str, Any], clips: Any, style: str | None = None) -> None:
        values = []
        for key in ("uf1", "uar"):
            low, high = figures.get("interval", {}).get(key, (None, None))
            values += [f"{figures[key]:.4f}", "" if low is None else f"{low:.2f}-{high:.2f}"]
        table.add_row(name, *values, f"{figures['accuracy']:.4f}", str(clips), style=style)

    seeds = metrics["seeds"]
    row("all clips" + (", mean of seeds" if len(seeds) > 1 else ""), metrics, metrics["clips"],
        "bold")  # fmt: skip
    if len(seeds) > 1:
        for seed, figures in seeds.items():
            row(f"  seed {seed}", figures, figures["clips"])
    if len(metrics["datasets"]) > 1:
        for name, figures in metrics["datasets"].items():
            row(f"  {name}", figures, figures["clips"])
    row("most frequent class", metrics["floor"], metrics["clips"], "dim")
    console.print(table)
    console.print("Beside each: the 95 % interval of a bootstrap over subjects.", style="dim")
    matrix = Table(
        "true \\ predicted", *metrics["classes"], box=None, pad_edge=False, title_justify="left"
    )
    for name, counts in zip(metrics["classes"], metrics["confusion_matrix"], strict=True):
        matrix.add_row(name, *[str(count) for count in counts])
    console.print(matrix)
    for fold in folds["failed"]:
        console.print(
            f"Failed: {fold['subject']} seed {fold['seed']}: {fold['reason']}", style="red"
        )
