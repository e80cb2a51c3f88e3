"""`dfr-keras report`: one HTML page about one run or several."""

from __future__ import annotations

from pathlib import Path

import click

from dfrnet_keras.startup import start_keras


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--out", type=click.Path(path_type=Path),
              help="The page to write; RUN/report.html by default, for several runs "
              "comparison.html in the folder of the first.")  # fmt: skip
@click.option("--latency", type=click.Path(path_type=Path), metavar="FILE.json",
              help="For several runs: milliseconds by name of the run, what `dfr-keras "
              "benchmark --json` printed of files in their folders, or the latencies.json of "
              "`dfr-keras reproduce`, whose folder will do. Without it, accuracy is drawn against "
              "multiply-accumulates.")  # fmt: skip
@click.option("--published", is_flag=True,
              help="Show the rows of the paper's Table 2 beside the runs.")  # fmt: skip
def report(runs: tuple[Path, ...], out: Path | None, latency: Path | None, published: bool) -> None:
    """Write one HTML page about RUN, or about several runs side by side.

    It shows what was run, UF1 and UAR with their intervals, confusion matrices, loss curves and
    the most confident mistakes with their maps. Of several runs, the first is tested against each
    of the others, subject by subject; parameters, multiply-accumulates, latency and epochs stand
    beside the scores, their losses are drawn beside each other, and accuracy against latency. The
    page is one file that needs no network.
    """
    if len(runs) > 1:
        start_keras()  # networks are built to be counted
    from dfrnet_keras.paper.published import PUBLISHED_TABLE2
    from dfrnet_keras.report import write_report

    rows = PUBLISHED_TABLE2 if published else ()
    click.echo(f"Report: {write_report(runs, out, latency=latency, published=rows)}")
