"""Bars of clips, folds and epochs on a terminal; nothing where standard error is a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)


def _bar(*columns: TextColumn) -> Progress:
    """A bar with the time left; `columns` follow it."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        *columns,
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


@contextmanager
def clip_progress(title: str = "maps") -> Iterator[Callable[[int, int], None]]:
    """A bar of clips.

    Args:
        title: What is counted.

    Yields:
        A callback of the number done and the number of all.
    """
    with _bar() as bar:
        task = bar.add_task(title, total=None)
        started = False

        def update(done: int, total: int) -> None:
            nonlocal started
            if not started:
                # Clips kept from an earlier build must not make this one look fast.
                bar.reset(task, total=total, completed=done)
                started = True
            bar.update(task, completed=done, total=total)

        yield update


@contextmanager
def fold_progress() -> Iterator[Callable[[dict[str, Any]], None]]:
    """A bar of folds, and one of epochs for each process that trains.

    Yields:
        A callback of the events of `evaluate_loso`.
    """
    with _bar(TextColumn("{task.fields[note]}")) as bar:
        folds = bar.add_task("folds", total=None, note="")
        epochs: dict[str, TaskID] = {}

        def update(event: dict[str, Any]) -> None:
            if event["event"] == "start":
                done = event["folds"] - event["waiting"]
                note = f"{done} found from before" if done else ""
                bar.update(folds, total=event["folds"], completed=done, note=note)
            elif event["event"] == "epoch":
                worker = event["worker"]
                if worker not in epochs:
                    epochs[worker] = bar.add_task("", total=None, note="")
                bar.update(
                    epochs[worker],
                    description=f"  {escape(event['subject'])} seed {event['seed']} epochs",
                    total=event["epochs"],
                    completed=event["epoch"],
                    note=f"loss {event['loss']:.4f}",
                )
            elif event["event"] == "members":
                done = f"{event['done']} of {event['members']}"
                bar.update(folds, note=f"networks taught by drawn motion: {done}")
            elif event["event"] == "done":
                bar.advance(folds)
                if event["failure"]:
                    # Names may hold brackets, which are no markup here.
                    failed = f"{event['subject']} failed: {event['failure']}"
                    bar.console.print(failed, markup=False)

        yield update
