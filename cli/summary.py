"""`dfr-keras summary`: a network's layers and what it costs, beside the paper's figures."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.console import print_table
from dfrnet_keras.errors import InputError
from dfrnet_keras.startup import start_keras


@click.command()
@click.option("--model", "name", default="dfrnet", show_default=True, help="dfrnet, ststnet, "
              "off-apexnet, rcn-a, dual-inception, featref, capsulenet, htnet, htnet-small, "
              "me-plan, fgrl-auf or sssnet.")  # fmt: skip
@click.option("--features", help="Letters among T, S and D.  [default: TSD]")
@shared.network
@click.option("--input-size", type=int, help="Height and width of the maps, in pixels.")
@click.option("--classes", type=int, default=3, show_default=True, help="Number of classes.")
@shared.json_output
def summary(name: str, classes: int, as_json: bool, **options: Any) -> None:
    """Print a network's layers, parameters and multiply-accumulates.

    Beside them stand the paper's figures, where it prints some for such a network, with the
    number of classes they fit: the paper counted most of its networks with a classifier of 1000.
    """
    start_keras()
    from dfrnet_keras.models import build_model, count, paper_counts

    given = {option: value for option, value in options.items() if value is not None}
    only_dfrnet = [option for option in given if option != "input_size"]
    if name.lower() != "dfrnet" and only_dfrnet:
        raise InputError(f"--{only_dfrnet[0]} belongs to dfrnet; leave it out with {name}.")
    model = build_model(name, classes=classes, **given)
    counts = count(model)
    paper = paper_counts(**given) if name.lower() == "dfrnet" else None
    if as_json:
        row = None if paper is None else dataclasses.asdict(paper)
        click.echo(json.dumps({**dataclasses.asdict(counts), "paper": row}, indent=2))
        return
    model.summary(print_fn=click.echo)
    _print(counts, paper, classes)


def _print(counts: Any, paper: Any, classes: int) -> None:
    theirs = "" if paper is None else f"paper, {paper.classes} classes"
    rows = []
    for title, number, printed, unit, letter in (
        ("Parameters", counts.parameters, paper and paper.parameters, 1e6, "M"),
        ("Parameters, Keras count_params()", counts.keras_parameters, None, 1e6, "M"),
        ("Multiply-accumulates", counts.macs, None, 1e9, "G"),
        ("The same as thop counts them", counts.thop_macs, paper and paper.thop_macs, 1e9, "G"),
    ):
        beside = "" if printed is None else f"{printed / unit:.3f} {letter}"
        rows.append([title, f"{number / unit:.4f} {letter}", beside])
    print_table(["", f"ours, {classes} classes", theirs], rows)
    if paper is not None:
        tables = " and ".join(f"Table {number}" for number in paper.tables)
        click.echo(f"The paper's figures stand in {tables}.")
