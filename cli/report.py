"""`dfr-keras report`: one HTML page about a run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--out", type=click.Path(path_type=Path),
              help="The page to write; RUN/report.html by default, for several runs "
              "comparison.html in the folder of the first.")  # fmt: skip
def report(runs: tuple[Path, ...], out: Path | None) -> None:
    """Write one HTML page about RUN, or about several runs side by side.

    It shows what was run, UF1 and UAR with their intervals, confusion matrices, loss curves and
    the most confident mistakes with their maps. The page is one file that needs no network.
    """
    from dfrnet_keras.evaluation import write_report

    click.echo(f"Report: {write_report(runs, out)}")
