"""`dfr-keras data`: check a dataset folder, write synthetic clips, compare apex spotters."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.console import print_table
from dfrnet_keras.cli.progress import clip_progress

if TYPE_CHECKING:
    from dfrnet_keras.datasets.check import Report

_CLIPS = ("casme2", "smic", "samm", "megc2019", "casme", "casme3", "casme3-c", "mmew", "4dme")
_RECORDINGS = ("casme-squared", "samm-lv")


@click.group()
def data() -> None:
    """Check a dataset folder, write synthetic clips, compare apex spotters."""


@data.command()
@shared.dataset(required=True)
@shared.root
@shared.classes
@shared.edition
@shared.camera
@click.option("--every-frame", is_flag=True, help="Open every frame of the movements, and not "
              "onset, apex and offset alone: takes minutes.")  # fmt: skip
@click.option("--faces", type=shared.PATH, metavar="FILE", help="Also draw the faces found in "
              "onset frames of 24 clips spread over the dataset, and what is cut out: .png, .jpg, "
              ".pdf or .svg.")  # fmt: skip
@shared.face_finder
@shared.json_output
def check(
    dataset: str,
    root: Path | None,
    as_json: bool,
    faces: Path | None,
    face_finder: str,
    **reading: Any,
) -> None:
    """Compare a dataset folder with what the complete dataset contains.

    Prints the clips, subjects and classes that were found and those that are expected, and every
    problem with its file, its row and what was done about it. The exit status is 0 if the folder
    can be used: clips of two subjects and two classes, and of each dataset in megc2019. Of
    casme-squared and samm-lv, recordings and their micro- and macro-expressions are counted.
    """
    from dfrnet_keras.datasets.check import check_dataset
    from dfrnet_keras.frames import read_frames

    if faces is not None:
        from dfrnet_keras.atomic import check_writable
        from dfrnet_keras.store.contact_sheet import check_picture

        check_picture(faces)
        check_writable(faces)
    with clip_progress("clips opened") as progress:
        report = check_dataset(dataset, root, read=read_frames, progress=progress, **reading)
    found = None
    if faces is not None and report.failure is None:
        found = _draw_faces(faces, face_finder, dataset, root, reading)
    if as_json:
        content = dataclasses.asdict(report)
        content["parts"] = {
            part: dict(zip(("found", "expected"), counts, strict=True))
            for part, counts in content["parts"].items()
        }
        content |= {"usable": report.failure is None, "complete": report.complete}
        if found is not None:
            content["faces"] = {"file": str(faces), "finder": face_finder, **found}
        click.echo(json.dumps(content, indent=2, default=str))
    else:
        _print_report(report)
        if found is not None:
            others = (f"{count} {name.replace('_', ' ')}" for name, count in found.items())
            click.echo(f"faces: {faces} ({', '.join(others)})")
    sys.exit(0 if report.failure is None else 1)


def _draw_faces(
    path: Path, finder: str, dataset: str, root: Path | None, reading: dict[str, Any]
) -> dict[str, int]:
    import warnings

    from dfrnet_keras.datasets import load_dataset
    from dfrnet_keras.store.face_sheet import draw_faces

    options = {name: reading[name] for name in ("classes", "edition", "camera")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the report has them
        return draw_faces(load_dataset(dataset, root, **options), path, finder)


def _print_report(report: Report) -> None:
    for title, paths in (("frames", report.folders), ("sheet", report.sheets)):
        for path in paths:
            click.echo(f"{title}: {path}")
    names = list(report.found.classes or {})
    whole = (report.found, report.expected)
    rows = [
        [f"{title} {what}", str(contents.clips), str(contents.subjects or "?"),
         *(str((contents.classes or {}).get(name, "?")) for name in names)]
        for title, both in {**report.parts, report.dataset: whole}.items()
        for what, contents in zip(("found", "expected"), both, strict=True)
        if contents is not None
    ]  # fmt: skip
    counted = "recordings" if report.dataset in _RECORDINGS else "clips"
    print_table(["", counted, "subjects", *names], rows)
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
@click.option("--layout", required=True, type=click.Choice([*_CLIPS, *_RECORDINGS]),
              help="Whose folders, file names and sheet.")  # fmt: skip
@click.argument("out", type=shared.FOLDER)
@click.option("--subjects", type=click.IntRange(1), default=6, show_default=True,
              help="People, in each dataset.")  # fmt: skip
@click.option(
    "--clips-per-subject",
    type=click.IntRange(1),
    help="Clips or recordings of each of them.  [default: 6 clips, 1 recording]",
)
@click.option(
    "--frames",
    type=click.IntRange(3),
    help="Frames from onset to offset of a clip; half as many in SMIC.  [default: 20]",
)
@click.option("--seconds", type=click.FloatRange(1), help="Length of a recording.  [default: 20]")
@click.option("--size", callback=shared.picture_size,
              help="Width and height of a recording.  [default: 320x240]")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Another seed, other people.")  # fmt: skip
@click.option("--raw/--cropped", "raw", default=True, show_default="raw",
              help="Camera pictures, or faces cut out as in the cropped editions.")  # fmt: skip
@click.option("--others", is_flag=True,
              help="Call some of the negative clips others, as the sheets do.")  # fmt: skip
@shared.processes
def synthesize(
    layout: str,
    out: Path,
    subjects: int,
    clips_per_subject: int | None,
    raw: bool,
    **options: Any,
) -> None:
    """Write synthetic clips or recordings to the new folder OUT in a licensed dataset's layout.

    casme-squared and samm-lv are long recordings of several expressions each, among blinks,
    speech, movements of the head and changes of light; the others are clips of one expression.
    Invented people take the place of the real ones; names of folders, files and columns, file
    formats and picture sizes are those of the dataset, so every other command can be tried on
    OUT without a licence.
    """
    from dfrnet_keras.datasets.synthetic.layouts import write_layout
    from dfrnet_keras.datasets.synthetic.recording_layouts import write_recordings

    long = layout in _RECORDINGS
    what = "recordings" if long else "clips"
    if not options["others"]:
        del options["others"]
    given = {name for name, value in options.items() if value is not None}
    foreign = given & ({"frames", "others"} if long else {"seconds", "size"})
    if foreign or (long and not raw):
        option = f"--{min(foreign)}" if foreign else "--cropped"
        raise click.UsageError(f"{option} has no meaning for the {what} of {layout}: leave it out")
    options = {name: value for name, value in options.items() if value is not None}
    each = clips_per_subject or (1 if long else 6)
    options |= {"subjects": subjects, "recordings" if long else "clips_per_subject": each}
    if not long:
        options["edition"] = "raw" if raw else "cropped"
    with clip_progress(what) as progress:
        (write_recordings if long else write_layout)(layout, out, progress=progress, **options)
    count = subjects * each * (3 if layout == "megc2019" else 1)
    click.echo(f"{count} synthetic {what} in {out}: try dfr-keras data check --dataset {layout} "
               f"--root {out}")  # fmt: skip


@data.command()
@shared.dataset(required=True)
@shared.root
@shared.edition
@click.option("--methods", help="Spotters, separated by commas: dcrois, dcrois-grid, flow, "
              "midpoint.  [default: all]")  # fmt: skip
@shared.crop
@shared.processes
@shared.json_output
def apex(
    dataset: str,
    root: Path | None,
    edition: str | None,
    methods: str | None,
    as_json: bool,
    **options: Any,
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
        found = measure_apex_errors(clips, methods=names, progress=progress, **options)
    if as_json:
        content = {
            "dataset": dataset,
            "clips": found.clips,
            "unannotated": found.unannotated,
            "crops": found.crops,
            "mean_absolute_error": {name: error.mean for name, error in found.errors.items()},
            "median_absolute_error": {name: error.median for name, error in found.errors.items()},
            "skipped": [{"clip": key, "reason": reason} for key, reason in found.skipped],
        }
        click.echo(json.dumps(content, indent=2))
        return
    click.echo(f"{found.clips} clips with an annotated apex, {found.unannotated} without")
    rows = [
        [name, f"{error.mean:.2f}", f"{error.median:.1f}"] for name, error in found.errors.items()
    ]
    print_table(["", "mean error", "median error"], rows)
    click.echo("errors in frames")
    for key, reason in found.skipped:
        click.echo(f"skipped {key}: {reason}", err=True)
