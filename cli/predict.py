"""`dfr-keras predict`: the expression in videos or folders of frames."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dfrnet_keras.prediction.clip_predictor import ClipPredictor, Prediction

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@click.option("--onset", type=click.IntRange(0), help="First frame of the movement, counted from "
              "0.  [default: the first]")  # fmt: skip
@click.option("--apex", type=click.IntRange(1), help="Frame of the strongest movement.  [default: "
              "spotted]")  # fmt: skip
@click.option("--offset", type=click.IntRange(1), help="Last frame of the movement.  [default: the "
              "last]")  # fmt: skip
@click.option("--start", type=click.FloatRange(0), metavar="SECONDS",
              help="Where the movement starts in a video, instead of --onset.")  # fmt: skip
@click.option("--end", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
              help="Where it ends, instead of --offset.")  # fmt: skip
@click.option("--crop", type=click.Choice(["auto", "face", "none"]), help="Find the face and cut "
              "it out, or use frames whole.  [default: as the network was trained; auto where its "
              "faces came cropped]")  # fmt: skip
@click.option("--spotter", type=click.Choice(["dcrois", "dcrois-grid", "flow", "midpoint"]),
              help="How the apex is found.  [default: as the network was trained]")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True,
              help="Threads of the network of a .tflite file.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--csv", "table", type=_FILE, help="Also write a row a clip to this file.")
@click.option("--plot", type=_FILE, help="Also draw what the network saw: .png, .jpg, .pdf or "
              ".svg.")  # fmt: skip
def predict(
    model: Path,
    clips: tuple[str, ...],
    onset: int | None,
    apex: int | None,
    offset: int | None,
    start: float | None,
    end: float | None,
    crop: str | None,
    spotter: str | None,
    threads: int,
    as_json: bool,
    table: Path | None,
    plot: Path | None,
) -> None:
    """Recognise the micro-expression in each CLIP.

    MODEL is the model.keras that `dfr-keras fit --all-subjects` wrote, or a .tflite file that
    `dfr-keras convert` made of it. A CLIP is a video, a folder
    of frames, or a pattern in quotes such as 'recordings/*.avi' or 'frames/*.png'; images named
    one by one are the frames of one clip for each folder.

    A clip is taken to show one expression of one person, from its onset, the last frame in which
    the face is still at rest, to its offset. A micro-expression takes no more than half a second:
    cut a long video to it with --onset and --offset (frames) or --start and --end (seconds), which
    hold for all clips named. A recording of minutes given whole has an answer, but it means
    nothing. The network knows no "nothing happens": it names one of its classes whatever it sees.

    Frames are counted from 0. A clip that cannot be used is named with the reason, the others are
    still recognised, and the exit status is 1.
    """
    for seconds, frame, names in ((start, onset, ("start", "onset")), (end, offset,
                                  ("end", "offset"))):  # fmt: skip
        if seconds is not None and frame is not None:
            raise click.UsageError(f"Give --{names[0]} or --{names[1]}, not both.")
    from dfrnet_keras.errors import InputError
    from dfrnet_keras.prediction import KerasPredictor, find_clips
    from dfrnet_keras.startup import start_keras
    from dfrnet_keras.store.contact_sheet import check_picture

    if plot is not None:
        check_picture(plot)
    named = find_clips(clips)
    predictor: ClipPredictor
    if model.suffix == ".tflite":
        from dfrnet_keras.tflite.runtime import Predictor

        predictor = Predictor(model, threads=threads, crop=crop, spotter=spotter)
    else:
        start_keras()
        predictor = KerasPredictor(model, crop=crop, spotter=spotter)
    predictor.warm_up()
    answers: list[tuple[str, Prediction]] = []
    failed: list[tuple[str, str]] = []
    for name, frames in named:
        try:
            first, last = _frames_at(frames, start, end)
            first = first if onset is None else onset
            last = last if offset is None else offset
            answers.append((name, predictor.predict_files(frames, first, apex, last)))
        except (InputError, OSError) as error:
            reason = str(error)
            failed.append((name, reason if name in reason else f"{name}: {reason}"))
    if table is not None:
        _write_csv(table, predictor.classes, answers)
    if plot is not None and answers:
        _draw(plot, answers)
    if as_json:
        click.echo(json.dumps({
            "model": str(model),
            "classes": list(predictor.classes),
            "predictions": [_described(name, answer) for name, answer in answers],
            "failed": [{"clip": name, "reason": reason} for name, reason in failed],
        }, indent=1))  # fmt: skip
    else:
        _print(predictor, answers)
    for _, reason in failed:
        click.echo(f"Error: {reason}", err=True)
    if failed:
        sys.exit(1)


def _frames_at(
    frames: tuple[Path, ...], start: float | None, end: float | None
) -> tuple[int, int | None]:
    """First and last frame between two times of a video."""
    from dfrnet_keras.errors import InputError
    from dfrnet_keras.frames import video_length
    from dfrnet_keras.frames.files import is_video

    if start is None and end is None:
        return 0, None
    rate = video_length(frames[0])[1] if is_video(frames[0]) else 0.0
    if not rate:
        raise InputError(
            f"{frames[0]} does not say how many frames a second takes: use --onset and --offset "
            "instead of --start and --end"
        )
    return round((start or 0) * rate), None if end is None else round(end * rate)


def _milliseconds(answer: Prediction) -> dict[str, float]:
    spent = {step: round(1000 * seconds, 2) for step, seconds in answer.timings.items()}
    return {**spent, "total": round(sum(spent.values()), 2)}


def _described(name: str, answer: Prediction) -> dict[str, Any]:
    return {
        "clip": name,
        "label": answer.label,
        "probabilities": answer.probabilities,
        "apex": answer.apex,
        "flags": list(answer.flags),
        "milliseconds": _milliseconds(answer),
    }


def _write_csv(path: Path, classes: tuple[str, ...], answers: list[tuple[str, Prediction]]) -> None:
    import os

    partial = path.with_name(f"partial-{os.getpid()}-{path.name}")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["clip", "label", *[f"p_{name}" for name in classes], "apex", "flags",
                             "milliseconds"])  # fmt: skip
            for name, answer in answers:
                shares = [f"{share:.6f}" for share in answer.probabilities.values()]
                total = _milliseconds(answer)["total"]
                writer.writerow([name, answer.label, *shares, answer.apex, " ".join(answer.flags),
                                 total])  # fmt: skip
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _draw(path: Path, answers: list[tuple[str, Prediction]]) -> None:
    from dfrnet_keras.store.contact_sheet import ROWS_A_PAGE, SheetRow, draw_sheet

    if len(answers) > ROWS_A_PAGE:
        click.echo(f"{path} shows the first {ROWS_A_PAGE} of {len(answers)} clips", err=True)
    rows = []
    for name, answer in answers[:ROWS_A_PAGE]:
        maps = answer.maps
        assert maps is not None
        title = f"{Path(name).name}\n{answer.label} {answer.probabilities[answer.label]:.2f}\n" \
                f"apex {answer.apex}"  # fmt: skip
        features = maps.features
        rows.append(
            SheetRow(title, features.flow, maps.onset_frame, features.apex, features.difference)
        )
    draw_sheet(rows, path)


def _print(predictor: ClipPredictor, answers: list[tuple[str, Prediction]]) -> None:
    for name, answer in answers:
        shares = ", ".join(f"{label} {share:.3f}" for label, share in answer.probabilities.items())
        spent = _milliseconds(answer)
        steps = ", ".join(f"{step} {spent[step]:.0f}" for step in answer.timings)
        spotted = " (spotted)" if "apex_spotted" in answer.flags else ""
        click.echo(f"{name}: {answer.label}")
        click.echo(f"  probabilities  {shares}")
        click.echo(f"  apex frame     {answer.apex}{spotted}")
        click.echo(f"  milliseconds   {spent['total']:.0f}: {steps}")
        if "face_not_found" in answer.flags:
            click.echo("  no face was found: the answer is about whatever is in the frames")
        elif "eyes_not_found" in answer.flags:
            click.echo("  the eyes were not found but placed by the box of the face")
