"""`dfr-keras data`: check a dataset folder, write synthetic clips, compare apex spotters."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dfrnet_keras.cli.progress import clip_progress

_FOLDER = click.Path(path_type=Path, file_okay=False)
_EDITION = click.option("--edition", type=click.Choice(["raw", "cropped"]),
                        help="Which edition of the frames.  [default: whichever is there, raw "
                        "before cropped]")  # fmt: skip
_CAMERA = click.option("--camera", type=click.Choice(["HS", "VIS", "NIR"], case_sensitive=False),
                       help="Which camera of SMIC.  [default: HS]")  # fmt: skip
_ROOT = click.option("--root", type=_FOLDER, help="Its folder as distributed, or the one above; "
                     "by default the one named after it under $DFR_KERAS_DATA.")  # fmt: skip
_JOBS = click.option("--jobs", type=click.IntRange(-1), default=-1,
                     help="Processes; -1, the default, is one per processor.")  # fmt: skip


@click.group()
def data() -> None:
    """Check a dataset folder, write synthetic clips, compare apex spotters."""


@data.command()
@click.option("--dataset", required=True, help="Which dataset: casme2, smic, samm, megc2019, "
              "flow-folder, synthetic.")  # fmt: skip
@_ROOT
@click.option("--classes", type=click.Choice(["megc2019", "original"]), default="megc2019",
              show_default=True, help="The three classes, or the dataset's own.")  # fmt: skip
@_EDITION
@_CAMERA
@click.option("--every-frame", is_flag=True, help="Open every frame of the movements, and not "
              "onset, apex and offset alone: takes minutes.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check(
    dataset: str,
    root: Path | None,
    classes: str,
    edition: str | None,
    camera: str | None,
    every_frame: bool,
    as_json: bool,
) -> None:
    """Hold a dataset folder against what the complete dataset contains.

    Prints the clips, subjects and classes that were found and those that are expected, and every
    problem with its file, its row and what was done about it. The exit status is 0 if the folder
    can be used: clips of two subjects and two classes, and of each dataset in megc2019.
    """
    from dfrnet_keras.datasets.check import check_dataset
    from dfrnet_keras.frames import read_frames

    with clip_progress("clips opened") as progress:
        report = check_dataset(
            dataset,
            root,
            classes=classes,
            edition=edition,
            camera=camera,
            read=read_frames,
            every_frame=every_frame,
            progress=progress,
        )
    if as_json:
        shown = {
            **dataclasses.asdict(report),
            "parts": {
                part: {
                    "found": dataclasses.asdict(found),
                    "expected": expected and dataclasses.asdict(expected),
                }
                for part, (found, expected) in report.parts.items()
            },
            "usable": report.failure is None,
            "complete": report.complete,
        }
        click.echo(json.dumps(shown, indent=2, default=str))
    else:
        _show(report)
    sys.exit(0 if report.failure is None else 1)


def _show(report: Any) -> None:
    for title, paths in (("frames", report.folders), ("sheet", report.sheets)):
        for path in paths:
            click.echo(f"{title}: {path}")
    names = list(report.found.classes or {})
    rows = [("", "clips", "subjects", *names)]
    for title, (found, expected) in {
        **report.parts,
        report.dataset: (report.found, report.expected),
    }.items():
        for what, contents in (("found", found), ("expected", expected)):
            if contents is not None:
                counts = [(contents.classes or {}).get(name, "?") for name in names]
                rows.append((f"{title} {what}", contents.clips, contents.subjects, *counts))
    _table(rows)
    for note in report.notes:
        click.echo(f"note: {note}")
    for problem in report.problems:
        click.echo(f"problem: {problem}")
    if report.failure is not None:
        click.echo(f"not usable: {report.failure}")
        return
    missing = ", but not complete" if report.lacking else ""
    if not missing and not report.complete:
        missing = ", with more than the complete dataset"
    click.echo(f"usable{missing}; {len(report.problems)} problems")


@data.command()
@click.option("--layout", required=True,
              type=click.Choice(["casme2", "smic", "samm", "megc2019"]),
              help="Whose folders, file names and sheet.")  # fmt: skip
@click.argument("out", type=_FOLDER)
@click.option("--subjects", type=click.IntRange(1), default=6, show_default=True,
              help="People, in each dataset.")  # fmt: skip
@click.option("--clips-per-subject", type=click.IntRange(1), default=6, show_default=True,
              help="Clips of each of them.")  # fmt: skip
@click.option("--frames", type=click.IntRange(3), default=20, show_default=True,
              help="Frames from onset to offset; half as many in SMIC.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Another seed, other people.")  # fmt: skip
@click.option("--raw/--cropped", "raw", default=True, show_default="raw",
              help="Camera pictures, or faces cut out as in the cropped editions.")  # fmt: skip
@_JOBS
def synthesize(
    layout: str,
    out: Path,
    subjects: int,
    clips_per_subject: int,
    frames: int,
    seed: int,
    raw: bool,
    jobs: int,
) -> None:
    """Write synthetic clips to the new folder OUT in the layout of a licensed dataset.

    Invented people take the place of the real ones; names of folders, files and columns, file
    formats and picture sizes are those of the dataset, so every other command can be tried on
    OUT without a licence.
    """
    from dfrnet_keras.datasets.synthetic.layouts import write_layout

    with clip_progress("clips") as progress:
        write_layout(
            layout,
            out,
            subjects=subjects,
            clips_per_subject=clips_per_subject,
            frames=frames,
            seed=seed,
            edition="raw" if raw else "cropped",
            jobs=jobs,
            progress=progress,
        )
    count = subjects * clips_per_subject * (3 if layout == "megc2019" else 1)
    click.echo(f"{count} synthetic clips in {out}: try dfr-keras data check --dataset {layout} "
               f"--root {out}")  # fmt: skip


@data.command()
@click.option("--dataset", required=True, help="Which dataset: casme2, samm, megc2019, synthetic.")
@_ROOT
@_EDITION
@click.option("--methods", help="Spotters, separated by commas: dcrois, dcrois-grid, flow, "
              "midpoint.  [default: all]")  # fmt: skip
@click.option("--crop", type=click.Choice(["auto", "face", "none"]), default="auto",
              show_default=True, help="Whether faces are cut out first.")  # fmt: skip
@_JOBS
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def apex(
    dataset: str,
    root: Path | None,
    edition: str | None,
    methods: str | None,
    crop: str,
    jobs: int,
    as_json: bool,
) -> None:
    """Compare apex spotters with the annotated apexes of a dataset.

    Prints the mean and median distance in frames between the apex that each method spots and the
    annotated one, over every clip with an annotated apex, whatever its emotion. The midpoint of
    onset and offset stands beside them: a spotter that does no better has found nothing.
    """
    from dfrnet_keras.datasets import load_dataset
    from dfrnet_keras.evaluation.apex_errors import measure_apex_errors

    classes = "original" if dataset in ("casme2", "samm") else "megc2019"
    clips = load_dataset(dataset, root, classes=classes, edition=edition)
    names = None if methods is None else [name.strip() for name in methods.split(",")]
    with clip_progress("clips") as progress:
        found = measure_apex_errors(clips, methods=names, crop=crop, jobs=jobs, progress=progress)
    if as_json:
        shown = {
            "dataset": dataset,
            "clips": found.clips,
            "unannotated": found.unannotated,
            "crops": found.crops,
            "mean_absolute_error": {name: error.mean for name, error in found.errors.items()},
            "median_absolute_error": {name: error.median for name, error in found.errors.items()},
            "skipped": [{"clip": key, "reason": reason} for key, reason in found.skipped],
        }
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo(f"{found.clips} clips with an annotated apex, {found.unannotated} without")
    rows = [("", "mean error", "median error")]
    rows += [(name, f"{error.mean:.2f}", f"{error.median:.1f}")
             for name, error in found.errors.items()]  # fmt: skip
    _table(rows)
    click.echo("errors in frames")
    for key, reason in found.skipped:
        click.echo(f"skipped {key}: {reason}", err=True)


def _table(rows: Sequence[tuple[Any, ...]]) -> None:
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [str(row[0]).ljust(widths[0])]
        cells += [str(cell).rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        click.echo("  ".join(cells).rstrip())
