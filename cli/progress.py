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


class FoldProgress:
    """Context manager; call it with the events of `evaluate_loso`."""

    def __init__(self) -> None:
        self._progress = _bar(TextColumn("{task.fields[note]}"))
        self._folds = self._progress.add_task("folds", total=None, note="")
        self._epochs: dict[str, TaskID] = {}

    def __enter__(self) -> FoldProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: dict[str, Any]) -> None:
        if event["event"] == "start":
            done = event["folds"] - event["waiting"]
            self._progress.update(
                self._folds,
                total=event["folds"],
                completed=done,
                note=f"{done} found from before" if done else "",
            )
        elif event["event"] == "epoch":
            worker = event["worker"]
            if worker not in self._epochs:
                self._epochs[worker] = self._progress.add_task("", total=None, note="")
            self._progress.update(
                self._epochs[worker],
                description=f"  {escape(event['subject'])} seed {event['seed']} epochs",
                total=event["epochs"],
                completed=event["epoch"],
                note=f"loss {event['loss']:.4f}",
            )
        elif event["event"] == "members":
            self._progress.update(
                self._folds,
                note=f"networks taught by drawn motion: {event['done']} of {event['members']}",
            )
        elif event["event"] == "done":
            self._progress.advance(self._folds)
            if event["failure"]:
                # Names may hold brackets, which are no markup here.
                self._progress.console.print(
                    f"{event['subject']} failed: {event['failure']}", markup=False
                )
