"""`dfr-keras benchmark`: what `.tflite` files cost on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.console import print_table
from dfrnet_keras.errors import InputError
from dfrnet_keras.startup import start_keras


@click.command()
@click.argument("files", nargs=-1, required=True, type=shared.PATH)
@click.option("--threads", default="1", show_default=True, help="Numbers of threads, by commas.")
@click.option("--runs", type=click.IntRange(1), default=100, show_default=True,
              help="Timed runs of each file.")  # fmt: skip
@click.option("--warmup", type=click.IntRange(0), default=10, show_default=True,
              help="Runs before that.")  # fmt: skip
@click.option("--ops", is_flag=True, help="Print where the time of each file goes.")
@click.option("--against", type=shared.PATH, help="The .keras file: time Keras as well, and "
              "compare the answers.")  # fmt: skip
@click.option("--store", type=shared.PATH, help="Real features for --against; found by itself "
              "where the training store is here, else synthetic clips.")  # fmt: skip
@click.option("--clip", type=shared.PATH, help="Time the whole way from the frames of a clip (a "
              "video or a folder) to the class; 'synthetic' renders one.")  # fmt: skip
@shared.json_output
def benchmark(
    files: tuple[Path, ...],
    threads: str,
    ops: bool,
    against: Path | None,
    store: Path | None,
    clip: Path | None,
    as_json: bool,
    **runs: Any,
) -> None:
    """Time FILES, run by run in turns: wall and processor time, memory, size.

    All figures are of batch 1 on this machine. Times for more threads than there are free
    processors mean nothing: how many were free is measured and printed.
    """
    from dfrnet_keras.tflite.benchmarking import timing

    numbers = _numbers(threads)
    report: dict[str, Any] = {"machine": timing.machine()}
    others: dict[str, Any] = {}
    if against is not None:
        start_keras()
        from dfrnet_keras.tflite.benchmarking.keras_baseline import compare_with_keras, keras_calls

        others = keras_calls(against, threads=numbers[0])
    rows = timing.benchmark(files, threads=numbers, others=others, **runs)
    report["machine"]["free_cores_after"] = timing.machine()["free_cores"]
    report["timings"] = [row.as_dict() for row in rows]
    report["paper"] = {"milliseconds": timing.PAPER_MS, "budget": timing.BUDGET_MS}
    if against is not None:
        report["agreement"] = compare_with_keras(against, files, store)
    if ops:
        from dfrnet_keras.tflite.benchmarking.operations import time_operations

        report["operations"] = {
            str(file): [vars(row) for row in time_operations(file, threads=numbers[0])]
            for file in files
        }
    if clip is not None:
        report["path"] = {str(file): _time_path(file, clip, numbers[0], runs) for file in files}
    if as_json:
        click.echo(json.dumps(report, indent=1))
    else:
        _print(report)


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = [0]
    if min(numbers) < 1:
        raise InputError(f"--threads {text!r}: give whole numbers from 1 up, by commas.")
    return numbers


def _time_path(file: Path, clip: Path, threads: int, runs: dict[str, Any]) -> list[dict[str, Any]]:
    from dfrnet_keras.frames import read_clip
    from dfrnet_keras.tflite.benchmarking.end_to_end_timing import camera_clip, time_end_to_end
    from dfrnet_keras.tflite.runtime import Predictor

    frames = camera_clip() if str(clip) == "synthetic" else read_clip(clip)
    predictor = Predictor(file, threads=threads)
    return [row.as_dict() for row in time_end_to_end(predictor, frames, threads=threads, **runs)]


def _print(report: dict[str, Any]) -> None:
    about, rows = report["machine"], report["timings"]
    click.echo(
        f"{about['processor']}, {about['system']}, {about['cores']} cores, of which "
        f"{about['free_cores']:.1f} were free before and {about['free_cores_after']:.1f} after"
    )
    print_table(
        ["", "threads", "median ms", "p10", "p90", "p99", "CPU ms", "first", "load ms", "peak MB",
         "MB"],
        [_cells(row) for row in rows],
    )  # fmt: skip
    paper = report["paper"]
    click.echo(
        f"The paper: {paper['milliseconds']} ms in PyTorch on a Core i7-1165G7, another machine "
        f"than this; its budget for real time: {paper['budget']:.0f} ms."
    )
    if max(row["threads"] for row in rows) > about["free_cores"] + 0.3:
        click.secho("Times for more threads than were free mean nothing.", fg="red")
    for file, found in report.get("agreement", {}).items():
        click.echo(
            f"{Path(file).name} against Keras, {found['clips']} clips of {found['source']}: "
            f"largest difference {found['largest_difference']:.4f}, "
            f"{found['equal_classes']:.1%} equal classes"
        )
    for file, operations in report.get("operations", {}).items():
        total = sum(row["milliseconds"] for row in operations)
        click.echo(f"{Path(file).name}, {total:.2f} ms in its operations:")
        for row in operations[:12]:
            click.echo(
                f"  {row['milliseconds']:7.2f} ms {row['milliseconds'] / total:4.0%}  "
                f"{row['count']} x {row['name']} {list(row['inputs'][0])} -> {list(row['output'])}"
            )
    for file, parts in report.get("path", {}).items():
        click.echo(f"{Path(file).name}, from frames to class:")
        for part in parts:
            click.echo(f"  {part['name']:18} {part['median']:7.2f} ms, p90 {part['p90']:.2f}")


def _cells(row: dict[str, Any]) -> list[str]:
    """A row of the table; what is no file has no size and no process of its own."""
    cost = row["footprint"]
    return [
        Path(row["name"]).name,
        str(row["threads"]),
        *(f"{row[key]:.2f}" for key in ("median", "p10", "p90", "p99", "cpu")),
        f"{cost['first_ms'] if cost else row['first']:.1f}",
        f"{cost['load_ms']:.1f}" if cost else "",
        f"{cost['peak_mb']:.0f}" if cost else "",
        f"{row['bytes'] / 1e6:.2f}" if row["bytes"] else "",
    ]
