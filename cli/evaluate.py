"""`dfr-keras evaluate`: the figures of a run."""

from __future__ import annotations

import json
from typing import Any

import click

from dfrnet_keras.cli.console import console, print_table


@click.command()
@click.argument("run", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def evaluate(run: str, as_json: bool) -> None:
    """Print UF1, UAR, weighted F1 and accuracy of RUN, pooled over all clips, from its rows.

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
    from dfrnet_keras.evaluation.folds import held_out_unit, read_protocol

    out = console()
    note = " - OPTIMISTIC: chosen on the test subjects" if metrics["optimistic"] else ""
    folds, seeds, protocol = metrics["folds"], metrics["seeds"], str(metrics["protocol"])
    if not metrics["clips"]:
        out.print(f"No fold of this run has predictions: {len(folds['failed'])} failed.")
        return
    out.print(f"{protocol}, validation {metrics['validation']}{note}", style="bold")
    expected = f" of {folds['expected']}" if folds["expected"] else ""
    out.print(f"{folds['done']}{expected} folds, {metrics['clips']} clips, {len(seeds)} seed(s)")
    if not metrics["complete"]:
        plural = "" if folds["left_out"] == 1 else "s"
        left_out = f", {folds['left_out']} {held_out_unit(protocol)}{plural} left out"
        out.print(
            f"Incomplete{left_out if folds['left_out'] else ''}: "
            "these are the figures of the folds that are done."
        )
    if read_protocol(protocol)[0] != "composite" and len(metrics["datasets"]) > 1:
        out.print("The figures of this protocol are those of each dataset; the first line pools "
                  "them.")  # fmt: skip
    lines = {"all clips" + (", mean of seeds" if len(seeds) > 1 else ""): metrics}
    if len(seeds) > 1:
        lines |= {f"  seed {seed}": figures for seed, figures in seeds.items()}
    if len(metrics["datasets"]) > 1:
        lines |= {f"  {name}": figures for name, figures in metrics["datasets"].items()}
    print_table(
        ["", "UF1", "", "UAR", "", "weighted F1", "accuracy", "clips"],
        [
            *(_line(name, figures, figures["clips"]) for name, figures in lines.items()),
            _line("most frequent class", metrics["floor"], metrics["clips"]),
        ],
        left=(0, 2, 4, 7),
        styles=["bold", *[None] * (len(lines) - 1), "dim"],
    )
    out.print("Beside each: the 95 % interval of a bootstrap over subjects.", style="dim")
    print_table(
        ["true \\ predicted", *metrics["classes"]],
        [
            [name, *map(str, counts)]
            for name, counts in zip(metrics["classes"], metrics["confusion_matrix"], strict=True)
        ],
        left=range(9),
    )
    if units := metrics.get("action_units"):
        out.print(f"Action units of {units['clips']} clips; always: by answering it every time.")
        print_table(
            ["unit", "F1", "always", "clips"],
            [
                [f"AU{name}", f"{figures['f1']:.4f}" if figures["known"] else "not known",
                 f"{figures['always']:.4f}", str(figures["clips"])]
                for name, figures in units["units"].items()
            ],
        )  # fmt: skip
        if units["mean_f1"] is not None:
            out.print(f"Mean F1 of the units that are known: {units['mean_f1']:.4f}")
    for fold in folds["failed"]:
        out.print(f"Failed: {fold['subject']} seed {fold['seed']}: {fold['reason']}", style="red")


def _line(name: str, figures: dict[str, Any], clips: int) -> list[str]:
    values = []
    for key in ("uf1", "uar"):
        low, high = figures.get("interval", {}).get(key, (None, None))
        values += [f"{figures[key]:.4f}", "" if low is None else f"{low:.2f}-{high:.2f}"]
    return [
        name,
        *values,
        f"{figures['weighted_f1']:.4f}",
        f"{figures['accuracy']:.4f}",
        str(clips),
    ]
