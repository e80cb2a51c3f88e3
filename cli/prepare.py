"""`dfr-keras prepare`: the feature store of a dataset."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--dataset", required=True, help="Which dataset: synthetic, flow-folder.")
@click.option("--root", type=_FOLDER, help="Its folder; by default the one named after it under "
              "$DFR_KERAS_DATA.")  # fmt: skip
@click.option("--size", type=click.IntRange(2), default=224, show_default=True,
              help="Width and height of the maps in pixels.")  # fmt: skip
@click.option("--flow", "flow_method", default="tvl1", show_default=True,
              help="Optical flow: tvl1, dis, dis-fast or farneback.")  # fmt: skip
@click.option("--strain", type=click.Choice(["paper", "tensor"]), default="paper",
              show_default=True, help="Optical strain by equation 7 of the paper, or the usual "
              "norm of the strain tensor.")  # fmt: skip
@click.option("--remove-global-motion", is_flag=True,
              help="Take the movement of the whole face out of the flow.")  # fmt: skip
@click.option("--out", type=_FOLDER, help="Where to write the store; by default a folder of its "
              "own under $DFR_KERAS_HOME/stores.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(-1), default=-1,
              help="Processes; -1, the default, is one per processor.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a store that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was built as JSON.")
def prepare(
    dataset: str,
    root: Path | None,
    size: int,
    flow_method: str,
    strain: str,
    remove_global_motion: bool,
    out: Path | None,
    jobs: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Build the feature store of a dataset.

    A store that is there already, built from the same clips with the same settings, is left as it
    is. A build that was interrupted goes on where it stopped when the command is given again. The
    maps of flow-folder are ready-made: --size, --flow, --strain and --remove-global-motion do not
    apply to them.
    """
    from dfrnet_keras.store import open_or_build

    with clip_progress() as progress:
        store = open_or_build(
            dataset,
            root,
            path=out,
            size=size,
            flow_method=flow_method,
            strain_cross_term=strain == "tensor",
            remove_global_motion=remove_global_motion,
            jobs=jobs,
            progress=progress,
            overwrite=overwrite,
        )
    counts = {name: int((store.labels == k).sum()) for k, name in enumerate(store.classes)}
    if as_json:
        described = {
            "path": str(store.path),
            "clips": len(store),
            "subjects": len({(row.dataset, row.subject) for row in store.rows}),
            "classes": counts,
            "features": store.features,
            "size": store.size,
            "flow_range": store.flow_range,
            "settings": store.settings,
            "digest": store.digest,
            "skipped": [{"clip": key, "reason": reason} for key, reason in store.skipped],
        }
        click.echo(json.dumps(described, indent=2))
        return
    shown = ", ".join(f"{count} {name}" for name, count in counts.items())
    click.echo(f"{len(store)} clips ({shown}), {' '.join(store.arrays)}, {store.size} pixels")
    click.echo(f"in {store.path}")
    unannotated = sum("apex_not_annotated" in row.flags for row in store.rows)
    if unannotated:
        click.echo(f"{unannotated} clips have no annotated apex: their middle frame was taken")
    if store.skipped:
        click.echo(f"{len(store.skipped)} clips were skipped:", err=True)
        for key, reason in store.skipped:
            click.echo(f"  {key}: {reason}", err=True)


@contextmanager
def clip_progress() -> Iterator[Callable[[int, int], None]]:
    """A bar of clips with the time left; nothing where standard error is not a terminal.

    Yields:
        A callback for `open_or_build(..., progress=...)`.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (TextColumn("maps"), BarColumn(), MofNCompleteColumn(), TimeLeft())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("maps", total=None)
        started = False

        def update(done: int, total: int) -> None:
            nonlocal started
            if started:
                bar.update(task, completed=done)
            else:
                # Clips kept from an earlier build must not make this one look fast.
                bar.reset(task, total=total, completed=done)
                started = True

        yield update
