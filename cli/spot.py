"""`dfr-keras spot`: find the movements in long recordings and name them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.cli.options import FOLDER, PATH, json_output

if TYPE_CHECKING:
    from dfrnet_keras.prediction.naming import Namer
    from dfrnet_keras.prediction.recording import Recording

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("videos", nargs=-1, required=True, type=PATH, metavar="VIDEO...")
@click.option("--model", help="A .keras or .tflite file, or a preset, that names the finds.  "
              "[default: the preset of the package]")  # fmt: skip
@click.option("--subject", default="", help="Who is seen, written beside each find.")
@click.option("--rate", type=click.FloatRange(1, 1000), help="Frames a second, for folders of "
              "frames and files that do not say.")  # fmt: skip
@click.option("--out", type=FOLDER, help="Folder for finds.csv, finds.json and what is needed to "
              "go on after a stop.")  # fmt: skip
@click.option("--page", type=_FILE, help="Also write one HTML page: timeline, curve, faces, maps.")
@click.option("--clips", type=FOLDER, help="Also cut the finds out of the videos, losslessly: a "
              "folder of PNG files each.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="Videos at a time.")  # fmt: skip
@json_output
def spot(
    videos: tuple[Path, ...],
    model: str | None,
    subject: str,
    rate: float | None,
    out: Path | None,
    page: Path | None,
    clips: Path | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Find micro- and macro-expressions in each VIDEO of any length, and name them.

    A VIDEO is a file, or a folder of frames (then give --rate). The face is followed, its parts
    are measured against each other, and what moves and comes back within half a second is a
    micro-expression, within some seconds a macro-expression. Blinks, speech, movements of the
    head, cuts and jumps of the light are told apart. Each find is named by a network, which may be
    "not sure".

    With --out, a stopped command goes on where it was when it is given again. A video that ends
    early is named with the reason, what was found in it is kept, and the exit status is 1.
    """
    from dfrnet_keras.atomic import check_writable, whole_file
    from dfrnet_keras.prediction.finds import as_json as in_json
    from dfrnet_keras.prediction.finds import write_table
    from dfrnet_keras.report.page import check_page

    for target in (page and check_page(page), out and out / "finds.json",
                   clips and clips / "clip.png"):  # fmt: skip
        if target:
            check_writable(target)
    namer = load_namer(model)
    results: dict[str, list[Any]] = {"recordings": [], "remarks": [], "rows": [], "shown": []}
    failed: list[str] = []
    for recording in _spot_all(videos, rate, out, jobs, failed):
        _take(recording, subject, namer, results, page is not None, clips)
        if recording.problem:
            failed.append(recording.problem)
    source = model or "the preset of the package"
    if as_json:
        click.echo(in_json(source, results["recordings"], results["rows"]))
    else:
        _print(results)
    for reason in failed:
        click.echo(f"Error: {reason}", err=True)
    if out is not None:
        write_table(out / "finds.csv", results["rows"])
        with whole_file(out / "finds.json") as file:
            file.write_text(in_json(source, results["recordings"], results["rows"]), "utf-8")
    if page is not None:
        from dfrnet_keras.report.spotting import write_spotting_page

        write_spotting_page(page, results["shown"], source)
        click.echo(f"Page: {page}", err=True)
    if failed:
        sys.exit(1)


def load_namer(model: str | None) -> Namer:
    """What names finds: a `.keras` or `.tflite` file, or a preset; by default the package's."""
    from dfrnet_keras.models.preset import DEFAULT_PRESET, preset_file
    from dfrnet_keras.prediction.naming import Namer

    if model is not None and Path(model).suffix == ".keras":
        from dfrnet_keras.prediction import KerasPredictor
        from dfrnet_keras.startup import start_keras

        start_keras()
        return Namer(KerasPredictor(model))
    from dfrnet_keras.tflite.runtime import Predictor

    named = model is not None and Path(model).suffix == ".tflite"
    return Namer(Predictor(model if named and model else preset_file(model or DEFAULT_PRESET)))


def _spot_all(
    videos: tuple[Path, ...], rate: float | None, out: Path | None, jobs: int, failed: list[str]
) -> Iterator[Recording]:
    """The recordings in the order given; those that cannot be read at all are named in `failed`."""
    from dfrnet_keras.cli.progress import clip_progress

    names: dict[str, int] = {}
    tasks = []
    for video in videos:
        names[video.name] = count = names.get(video.name, 0) + 1
        name = video.name if count == 1 else f"{video.name}-{count}"
        tasks.append((video, None if out is None else out / f"{name}.progress.npz", rate))
    if jobs == 1 or len(tasks) == 1:
        for video, checkpoint, speed in tasks:
            with clip_progress(video.name) as advance:
                found = _spot(video, checkpoint, speed, advance)
            if isinstance(found, str):
                failed.append(found)
            else:
                yield found
        return
    from joblib import Parallel, delayed

    with clip_progress("videos") as advance:
        work = Parallel(n_jobs=jobs, return_as="generator")(delayed(_spot)(*task) for task in tasks)
        for done, found in enumerate(work, 1):
            advance(done, len(tasks))
            if isinstance(found, str):
                failed.append(found)
            else:
                yield found


def _spot(
    video: Path, checkpoint: Path | None, rate: float | None, advance: Any = None
) -> Recording | str:
    """A recording, or why there is none: errors do not travel well between processes."""
    import cv2

    from dfrnet_keras.errors import InputError
    from dfrnet_keras.prediction.recording import spot_recording

    cv2.setNumThreads(1)  # the pictures are small: threads would wait for each other
    try:
        return spot_recording(video, checkpoint=checkpoint, rate=rate, on_progress=advance)
    except InputError as error:
        return str(error)


def _take(
    recording: Recording,
    subject: str,
    namer: Namer,
    results: dict[str, list[Any]],
    shown: bool,
    clips: Path | None,
) -> None:
    """Name the finds of a recording; gather what is printed and what the page shows."""
    from dfrnet_keras.prediction.finds import about, find_row, remark_lines
    from dfrnet_keras.prediction.recording import cut_clips, name_movements

    results["recordings"].append(about(recording, subject))
    results["remarks"].append(remark_lines(recording))
    cards = []
    for movement, name, picture in name_movements(recording, namer):
        row = find_row(recording, subject, movement, name)
        results["rows"].append(row)
        if shown:
            from dfrnet_keras.report.spotting import FindCard

            cards.append(FindCard.of(row, name, picture, movement.matrices[1]))
    if shown:
        from dfrnet_keras.report.spotting import PageRecording

        results["shown"].append(PageRecording(results["recordings"][-1], recording.curve, cards,
                                              results["remarks"][-1]))  # fmt: skip
    if clips is not None:
        for folder in cut_clips(recording, clips):
            click.echo(f"Clip: {folder}", err=True)


def _print(results: dict[str, list[Any]]) -> None:
    from dfrnet_keras.cli.console import console, print_table
    from dfrnet_keras.prediction.finds import NOT_SURE

    for entry, lines in zip(results["recordings"], results["remarks"], strict=True):
        rows = [row for row in results["rows"] if row["video"] == entry["video"]]
        screen = console()
        speed = f"{entry['frames']} frames, {entry['frames_a_second']:.4g} a second"
        screen.print(f"{entry['video']}: {len(rows)} finds in {entry['seconds']:.1f} s, {speed}")
        for line in lines:
            screen.print(f"  {line}")
        if rows:
            print_table(
                ("second", "frame", "kind", "class", "units", "confidence", "parts"),
                [
                    (f"{row['second']:.2f}", str(row["frame"]), row["kind"],
                     row["class"] or NOT_SURE, "+".join(row["units"]) or "-",
                     f"{row['confidence']:.2f}", ", ".join(row["parts"][:3]))
                    for row in rows
                ],
                left=(2, 3, 4, 6),
            )  # fmt: skip
