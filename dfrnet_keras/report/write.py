"""One page about one run or several: what was run, how it did, where it failed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.comparison import names_of
from dfrnet_keras.evaluation.run import Run
from dfrnet_keras.evaluation.run_folder import open_run
from dfrnet_keras.report.comparison import Published, between
from dfrnet_keras.report.costs import Costs, count_networks, read_latencies
from dfrnet_keras.report.page import check_page, write_page
from dfrnet_keras.report.sections import section_of

_MISTAKES = 24

RunOrPath = Run | str | os.PathLike[str]


def write_report(
    runs: Sequence[RunOrPath] | RunOrPath,
    output: str | os.PathLike[str] | None = None,
    *,
    latency: str | os.PathLike[str] | None = None,
    published: Sequence[Published] = (),
) -> Path:
    """Write one HTML page about one run or several; it needs no other file and no network.

    Args:
        runs: Run folders, or runs that are in memory.
        output: The page to write, ending in .html; one that is there is replaced. By default
            `report.html` in the folder of the run, or for several `comparison.html` in that of
            the first.
        latency: For several runs, a file of their latencies, or a folder with a
            `latencies.json` (see `read_latencies`), against which accuracy is drawn and which
            stand in the table of costs; without it, accuracy is drawn against
            multiply-accumulates of the networks.
        published: For several runs, rows that papers print, shown beside what was measured here.

    Returns:
        Path of the page.

    Raises:
        InputError: There is no run, one cannot be read, or the page cannot be written.

    Example:
        >>> write_report("runs/ststnet")
        PosixPath('runs/ststnet/report.html')
        >>> write_report(["runs/ststnet", "runs/svm"], "both.html")
        PosixPath('both.html')
    """
    listed = [runs] if isinstance(runs, (Run, str, os.PathLike)) else list(runs)
    opened = [run if isinstance(run, Run) else open_run(run) for run in listed]
    if not opened:
        raise InputError("There is no run to report: give at least one run folder.")
    several = len(opened) > 1
    if not several and (latency is not None or published):
        raise InputError("Latencies and published rows stand beside several runs: give more runs.")
    path = _output(opened, output)
    names = names_of(opened)
    sections = [
        section_of(run, name, number, max(6, _MISTAKES // len(opened)))
        for number, (run, name) in enumerate(zip(opened, names, strict=True), 1)
    ]
    costs = Costs()
    if several:
        costs = Costs(count_networks(opened))
        if latency is not None:
            costs = Costs(costs.counts, *read_latencies(latency, opened, names))
    title = f"{len(opened)} runs compared" if several else sections[0].title
    units = "-or-".join(sorted({section.unit for section in sections}))
    return write_page(
        path,
        "dfrnet_keras.report",
        "report.html.j2",
        title=f"{title}: leave-one-{units}-out",
        optimistic=any(run.optimistic for run in opened),
        sections=sections,
        comparison=between(sections, costs) if several else None,
        costs=costs,
        published=published,
        command=_command(opened, path, latency, bool(published)),
    )


def _output(runs: Sequence[Run], output: str | os.PathLike[str] | None) -> Path:
    if output is not None:
        return check_page(output)
    if runs[0].path is None:
        raise InputError("The run was kept in memory alone: give output, the page to write.")
    return check_page(runs[0].path / ("report.html" if len(runs) == 1 else "comparison.html"))


def _command(
    runs: Sequence[Run], path: Path, latency: str | os.PathLike[str] | None, published: bool
) -> str:
    folders = [str(run.path) for run in runs if run.path is not None]
    if len(folders) < len(runs):
        return ""  # a run in memory has no folder to be reported from
    given = ["--latency", str(latency)] if latency is not None else []
    given += ["--published"] if published else []
    return shlex.join(["dfr-keras", "report", *folders, *given, "--out", str(path)])
