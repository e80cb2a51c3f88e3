"""`dfr-keras benchmark`: what `.tflite` files cost on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    from dfrnet_keras.tflite.benchmarking.timing import Timing

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("files", nargs=-1, required=True, type=_PATH)
@click.option("--threads", default="1", show_default=True, help="Numbers of threads, by commas.")
@click.option("--runs", type=click.IntRange(1), default=100, show_default=True,
              help="Timed runs of each file.")  # fmt: skip
@click.option("--warmup", type=click.IntRange(0), default=10, show_default=True,
              help="Runs before that.")  # fmt: skip
@click.option("--ops", is_flag=True, help="Print where the time of each file goes.")
@click.option("--against", type=_PATH, help="The .keras file: time Keras as well, and compare the "
              "answers.")  # fmt: skip
@click.option("--store", "store_path", type=_PATH, help="Real features for --against; found by "
              "itself where the training store is here, else synthetic clips.")  # fmt: skip
@click.option("--clip", type=_PATH, help="Time the whole way from the frames of a clip (a video or "
              "a folder) to the class; 'synthetic' renders one.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def benchmark(
    files: tuple[Path, ...],
    threads: str,
    runs: int,
    warmup: int,
    ops: bool,
    against: Path | None,
    store_path: Path | None,
    clip: Path | None,
    as_json: bool,
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
        from dfrnet_keras.startup import start_keras

        start_keras()
        from dfrnet_keras.tflite.benchmarking.keras_baseline import compare_with_keras, keras_calls

        others = keras_calls(against, threads=numbers[0])
    rows = timing.benchmark(files, threads=numbers, runs=runs, warmup=warmup, others=others)
    report["machine"]["free_cores_after"] = timing.machine()["free_cores"]
    report["timings"] = [row.as_dict() for row in rows]
    report["paper"] = {"milliseconds": timing.PAPER_MS, "budget": timing.BUDGET_MS}
    if against is not None:
        report["agreement"] = compare_with_keras(against, files, store_path)
    if ops:
        from dfrnet_keras.tflite.benchmarking.operations import time_operations

        report["operations"] = {
            str(file): [row.__dict__ for row in time_operations(file, threads=numbers[0])]
            for file in files
        }
    if clip is not None:
        report["path"] = {
            str(file): _path_rows(file, clip, numbers[0], runs, warmup) for file in files
        }
    if as_json:
        click.echo(json.dumps(report, indent=1))
    else:
        _print(report, rows)


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = [0]
    if min(numbers) < 1:
        raise InputError(f"--threads {text!r}: give whole numbers from 1 up, by commas.")
    return numbers


def _path_rows(
    file: Path, clip: Path, threads: int, runs: int, warmup: int
) -> list[dict[str, Any]]:
    from dfrnet_keras.frames import read_clip
    from dfrnet_keras.tflite.benchmarking.end_to_end_timing import camera_clip, time_end_to_end
    from dfrnet_keras.tflite.runtime import Predictor

    frames = camera_clip() if str(clip) == "synthetic" else read_clip(clip)
    predictor = Predictor(file, threads=threads)
    rows = time_end_to_end(predictor, frames, threads=threads, runs=runs, warmup=warmup)
    return [row.as_dict() for row in rows]


def _print(report: dict[str, Any], rows: list[Timing]) -> None:
    from rich.console import Console

    console = Console()
    about = report["machine"]
    console.print(
        f"{about['processor']}, {about['system']}, {about['cores']} cores, of which "
        f"{about['free_cores']:.1f} were free before and {about['free_cores_after']:.1f} after"
    )
    # Written by hand: a table of rich cuts the names of files short where a terminal is narrow.
    names = [Path(row.name).name for row in rows]
    widest = max(map(len, names))
    heads = ("threads", "median ms", "p10", "p90", "p99", "CPU ms", "first", "load ms", "peak MB",
             "MB")  # fmt: skip
    click.echo(" " * widest + "".join(f"  {head:>6}" for head in heads))
    for name, row in zip(names, rows, strict=True):
        start = row.footprint
        cells = (
            str(row.threads),
            *(f"{getattr(row, key):.2f}" for key in ("median", "p10", "p90", "p99", "cpu")),
            f"{start.first_ms if start else row.first:.1f}",
            f"{start.load_ms:.1f}" if start else "",
            f"{start.peak_mb:.0f}" if start else "",
            f"{row.bytes / 1e6:.2f}" if row.bytes else "",
        )
        click.echo(
            f"{name:{widest}}"
            + "".join(
                f"  {cell:>{max(6, len(head))}}" for head, cell in zip(heads, cells, strict=True)
            )
        )
    paper = report["paper"]
    console.print(
        f"The paper: {paper['milliseconds']} ms in PyTorch on a Core i7-1165G7, another machine "
        f"than this; its budget for real time: {paper['budget']:.0f} ms."
    )
    if max(row.threads for row in rows) > about["free_cores"] + 0.3:
        console.print("Times for more threads than were free mean nothing.", style="red")
    for file, found in report.get("agreement", {}).items():
        console.print(
            f"{Path(file).name} against Keras, {found['clips']} clips of {found['source']}: "
            f"largest difference {found['largest_difference']:.4f}, "
            f"{found['equal_classes']:.1%} equal classes"
        )
    for file, operations in report.get("operations", {}).items():
        total = sum(row["milliseconds"] for row in operations)
        console.print(f"{Path(file).name}, {total:.2f} ms in its operations:")
        for row in operations[:12]:
            console.print(
                f"  {row['milliseconds']:7.2f} ms {row['milliseconds'] / total:4.0%}  "
                f"{row['count']} x {row['name']} {list(row['inputs'][0])} -> {list(row['output'])}"
            )
    for file, parts in report.get("path", {}).items():
        console.print(f"{Path(file).name}, from frames to class:")
        for part in parts:
            console.print(f"  {part['name']:18} {part['median']:7.2f} ms, p90 {part['p90']:.2f}")
