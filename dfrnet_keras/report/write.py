"""One page about one run or several: what was run, how it did, where it failed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.comparison import names_of
from dfrnet_keras.evaluation.folds import held_out_unit
from dfrnet_keras.evaluation.run import Run
from dfrnet_keras.evaluation.run_folder import open_run, write_text
from dfrnet_keras.report.comparison import Published, comparison
from dfrnet_keras.report.costs import Costs, count_networks, read_latencies
from dfrnet_keras.report.gallery import gallery
from dfrnet_keras.report.page import note, page
from dfrnet_keras.report.pictures import curves_picture
from dfrnet_keras.report.sections import (
    count_of,
    facts_of,
    fit_command,
    headline,
    matrices,
    scores_table,
    subjects_table,
    title_of,
)

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
        latency: For several runs, a JSON file of their latencies (see `read_latencies`), against
            which accuracy is drawn and which stand in the table of costs; without it, accuracy is
            drawn against multiply-accumulates of the networks.
        published: For several runs, rows that papers print, shown beside what was measured here.

    Returns:
        Path of the page.

    Raises:
        InputError: There is no run, one cannot be read, or the page cannot be written.
    """
    listed = [runs] if isinstance(runs, (Run, str, os.PathLike)) else list(runs)
    opened = [run if isinstance(run, Run) else open_run(run) for run in listed]
    if not opened:
        raise InputError("There is no run to report: give at least one run folder.")
    path = _output(opened, output)
    several = len(opened) > 1
    figures = [run.metrics() for run in opened]
    mistakes = max(6, _MISTAKES // len(opened))
    names = names_of(opened)
    sections = [
        _section(run, name, metrics, number, several, mistakes)
        for number, (run, name, metrics) in enumerate(zip(opened, names, figures, strict=True), 1)
    ]
    above = []
    if several:
        costs = Costs(count_networks(opened))
        if latency is not None:
            costs = Costs(costs.counts, *read_latencies(latency, opened, names))
        above = [
            f"<h1>{len(opened)} runs compared</h1>",
            comparison(opened, names, figures, published=published, costs=costs),
        ]  # fmt: skip
    elif latency is not None or published:
        raise InputError("Latencies and published rows stand beside several runs: give more runs.")
    title = f"{len(opened)} runs compared" if several else title_of(opened[0])
    body = [*above, *sections]
    command = _command(opened, path, latency, bool(published))
    if command:
        body.append(f"<h2>This page again</h2>\n<pre>{escape(command)}</pre>")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        words = {held_out_unit(str(run.settings.get("protocol", ""))) for run in opened}
        heading = f"{title}: leave-one-{'-or-'.join(sorted(words))}-out"
        write_text(path, page(heading, "\n".join(body)))
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}): give another --out."
        ) from error
    return path


def _output(runs: Sequence[Run], output: str | os.PathLike[str] | None) -> Path:
    if output is not None:
        path = Path(output)
        if path.suffix.lower() not in (".html", ".htm"):
            raise InputError(f"{path} is to hold a web page: give --out a name that ends in .html.")
    elif runs[0].path is None:
        raise InputError("The run was kept in memory alone: give output, the page to write.")
    else:
        path = runs[0].path / ("report.html" if len(runs) == 1 else "comparison.html")
    if path.is_dir():
        raise InputError(f"{path} is a folder: give --out the name of a file.")
    return path


def _section(
    run: Run, name: str, metrics: dict[str, Any], number: int, several: bool, mistakes: int
) -> str:
    heading = "h2" if several else "h1"
    protocol = run.settings.get("protocol", "")
    parts = [
        f'<section class="run{" watermark" if run.optimistic else ""}" id="run-{number}">',
        f"<{heading}>{escape(title_of(run))}</{heading}>",
        f'<p class="lead">{escape(name)} · {escape(str(protocol))}</p>',
        *_warnings(run, metrics),
    ]
    if metrics["clips"]:
        parts += [
            headline(metrics),
            "<h2>Scores</h2>",
            scores_table(metrics),
            "<h2>Confusion matrices</h2>",
            matrices(metrics),
        ]
    curves = curves_picture([record.curves for record in run.folds])
    if curves:
        parts += ["<h2>Loss</h2>", f'<figure class="row">{curves}</figure>']
    if metrics["clips"]:
        parts += ["<h2>Subjects</h2>", subjects_table(metrics)]
        parts += ["<h2>Mistakes</h2>", gallery(run, mistakes)]
    parts += ["<h2>What was run</h2>", facts_of(run, metrics)]
    again = fit_command(run)
    if again:
        parts.append(f"<h3>The training again</h3>\n<pre>{escape(again)}</pre>")
    return "\n".join([*parts, "</section>"])


def _warnings(run: Run, metrics: dict[str, Any]) -> list[str]:
    found = []
    folds = metrics["folds"]
    if run.optimistic:
        found.append(note(
            "<strong>OPTIMISTIC</strong> The epoch of each fold was chosen on the subject that it "
            "is judged by. These figures are higher than what a new person would see; they serve "
            "to compare with publications that did the same.", warm=True))  # fmt: skip
    if not metrics["complete"]:
        words = f"{folds['done']} of {folds['expected']} folds are done"
        if folds["left_out"]:
            unit = held_out_unit(str(run.settings.get("protocol", "")))
            were = "was" if folds["left_out"] == 1 else "were"
            words += f", and {count_of(folds['left_out'], unit)} {were} left out on purpose"
        judged = (
            "The figures below are those of the folds that are there."
            if metrics["clips"]
            else "There are no figures yet."
        )
        found.append(note(f"<strong>INCOMPLETE</strong> {words}. {judged}", warm=True))
    if folds["failed"]:
        lines = "".join(
            f"<li>{escape(fold['subject'])}, seed {fold['seed']}: {escape(fold['reason'])}</li>"
            for fold in folds["failed"]
        )
        found.append(note(
            f"<strong>FAILED</strong> {count_of(len(folds['failed']), 'fold')} failed, and the "
            f"figures leave these subjects out.<ul>{lines}</ul>", warm=True))  # fmt: skip
    return found


def _command(
    runs: Sequence[Run], path: Path, latency: str | os.PathLike[str] | None, published: bool
) -> str:
    folders = [str(run.path) for run in runs if run.path is not None]
    if len(folders) < len(runs):
        return ""  # a run in memory has no folder to be reported from
    given = ["--latency", str(latency)] if latency is not None else []
    given += ["--published"] if published else []
    return shlex.join(["dfr-keras", "report", *folders, *given, "--out", str(path)])
