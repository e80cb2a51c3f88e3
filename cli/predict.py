"""`dfr-keras predict`: the expression in videos or folders of frames."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dfrnet_keras.prediction.clip_predictor import ClipPredictor, Prediction

_NO_ANSWER = 3  # exit status of --strict
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("clips", nargs=-1, required=True, metavar="[MODEL] CLIP...")
@click.option("--preset", metavar="NAME", help="The network to ask where no MODEL is given: see "
              "dfr-keras preset list.  [default: drawn-units]")  # fmt: skip
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
@click.option("--face", metavar="largest|N|all", help="Which of several faces: the largest, the "
              "Nth from the left, or each of them.  [default: the one the detector is surest "
              "of]")  # fmt: skip
@click.option("--face-finder", type=click.Choice(["cascades", "landmarks"]), help="How faces are "
              "found.  [default: as the network was trained; landmarks, where they are installed, "
              "if no face was looked for in its training]")  # fmt: skip
@click.option("--spotter", type=click.Choice(["dcrois", "dcrois-grid", "flow", "midpoint"]),
              help="How the apex is found.  [default: as the network was trained]")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True,
              help="Threads of the network of a .tflite file.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit with status 3 where a clip has no "
              "answer.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--csv", "table", type=_FILE, help="Also write a row a clip to this file.")
@click.option("--plot", type=_FILE, help="Also draw what the network saw: .png, .jpg, .pdf or "
              ".svg.")  # fmt: skip
def predict(
    clips: tuple[str, ...],
    preset: str | None,
    onset: int | None,
    apex: int | None,
    offset: int | None,
    start: float | None,
    end: float | None,
    crop: str | None,
    face: str | None,
    face_finder: str | None,
    spotter: str | None,
    threads: int,
    strict: bool,
    as_json: bool,
    table: Path | None,
    plot: Path | None,
) -> None:
    """Recognise the micro-expression in each CLIP.

    MODEL is the model.keras that `dfr-keras fit --all-subjects` wrote, or a .tflite file that
    `dfr-keras convert` made of it. Without one the network that comes with the package answers: it
    learnt from drawn faces alone, names the action units that moved, and says where it sees no
    micro-expression. A CLIP is a video, a folder of frames, or a pattern in quotes such as
    'recordings/*.avi' or 'frames/*.png'; images named one by one are the frames of one clip for
    each folder.

    A clip is taken to show one expression of one person, from its onset, the last frame in which
    the face is still at rest, to its offset. A micro-expression takes no more than half a second:
    cut a long video to it with --onset and --offset (frames) or --start and --end (seconds), which
    hold for all clips named. A recording of minutes given whole has an answer, but it means
    nothing: `dfr-keras spot` finds the movements of a recording. A clip without a face or without
    movement has no answer. A MODEL of three classes knows no other "nothing happens": it names one
    of them. What speaks against an answer stands below it.

    Frames are counted from 0. A clip that cannot be used is named with the reason, the others are
    still recognised, and the exit status is 1.
    """
    for seconds, frame, names in ((start, onset, ("start", "onset")), (end, offset,
                                  ("end", "offset"))):  # fmt: skip
        if seconds is not None and frame is not None:
            raise click.UsageError(f"Give --{names[0]} or --{names[1]}, not both.")
    from dfrnet_keras.atomic import check_writable, whole_file
    from dfrnet_keras.prediction.answers import Answers
    from dfrnet_keras.prediction.clips import find_clips, frames_between
    from dfrnet_keras.prediction.which_face import one_by_one, parse_face

    asked = parse_face(face)
    model, clips = _model_and_clips(clips, preset)
    if plot is not None:
        from dfrnet_keras.store.contact_sheet import check_picture

        check_picture(plot)
    for target in (plot, table):
        if target is not None:
            check_writable(target)
    failed: list[tuple[str, str]] = []
    named = find_clips(clips, failed)
    predictor: ClipPredictor
    if model.suffix == ".tflite":
        from dfrnet_keras.tflite.runtime import Predictor

        predictor = Predictor(model, threads=threads, crop=crop, spotter=spotter,
                              face_finder=face_finder)  # fmt: skip
    else:
        from dfrnet_keras.prediction import KerasPredictor
        from dfrnet_keras.startup import start_keras

        start_keras()
        predictor = KerasPredictor(model, crop=crop, spotter=spotter, face_finder=face_finder)
    predictor.warm_up()

    def part(frames: tuple[Path, ...]) -> tuple[int, int | None]:
        first, last = frames_between(frames, start, end)
        return first if onset is None else onset, last if offset is None else offset

    def answer(frames: tuple[Path, ...], which: str | int | None) -> Prediction:
        first, last = part(frames)
        return predictor.predict_files(frames, first, apex, last, face=which)

    answers = Answers(str(model), predictor.classes, failed, predictor.unit_names)
    faces = one_by_one(named, asked, predictor, lambda frames: part(frames)[0])
    for name, frames, which in faces:
        answers.add(name, partial(answer, frames, which))
    for line in [answers.as_json()] if as_json else answers.as_lines():
        click.echo(line)
    for _, reason in answers.failed:
        click.echo(f"Error: {reason}", err=True)
    if table is not None:
        with whole_file(table) as file, file.open("w", newline="", encoding="utf-8",
                                                  errors="surrogateescape") as text:  # fmt: skip
            answers.write_csv(text)
    if plot is not None and answers.rows:
        _draw(plot, answers.rows)
    if answers.failed:
        sys.exit(1)
    if strict and answers.unanswered:
        sys.exit(_NO_ANSWER)


def _model_and_clips(given: tuple[str, ...], preset: str | None) -> tuple[Path, tuple[str, ...]]:
    """The network's file and the clips: the first argument is a network by its ending."""
    first, clips = Path(given[0]), given[1:]
    if first.suffix in (".keras", ".tflite") or (first / "model.keras").is_file():
        if preset is not None:
            raise click.UsageError(f"Give --preset {preset} or {first}, not both.")
        if not clips:
            raise click.UsageError(f"{first} is a network: name the clips after it.")
        return first, clips
    from dfrnet_keras.models.preset import DEFAULT_PRESET, preset_file

    return preset_file(preset or DEFAULT_PRESET), given


def _draw(path: Path, answers: list[tuple[str, Prediction]]) -> None:
    from dfrnet_keras.prediction.answers import described_label
    from dfrnet_keras.store.contact_sheet import ROWS_A_PAGE, SheetRow, draw_sheet

    if len(answers) > ROWS_A_PAGE:
        click.echo(f"{path} shows the first {ROWS_A_PAGE} of {len(answers)} clips", err=True)
    rows = []
    for name, answer in answers[:ROWS_A_PAGE]:
        maps = answer.maps
        assert maps is not None
        share = "" if answer.label is None else f" {answer.probabilities[answer.label]:.2f}"
        title = f"{Path(name).name}\n{described_label(answer)}{share}\napex {answer.apex}"
        features = maps.features
        onset = _marked(maps.faces[0], answer) if answer.units else maps.onset_frame
        rows.append(SheetRow(title, features.flow, onset, features.apex, features.difference))
    draw_sheet(rows, path)


def _marked(face: Any, answer: Prediction) -> Any:
    """A face with the action units that moved most, the larger the stronger."""
    import cv2

    from dfrnet_keras.datasets.synthetic.flow import unit_places

    picture = cv2.resize(face, (224, 224))
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    known = {"no_face", "face_not_found"}.isdisjoint(answer.flags)
    for unit in answer.strongest_units() if known else ():
        for (row, column), strength in zip(
            unit_places(int(unit[2:])), (answer.units or {})[unit], strict=True
        ):
            place = round(224 * column), round(224 * row)
            cv2.circle(picture, place, round(4 + 12 * strength), (255, 190, 0), 2)
        cv2.putText(picture, unit, (place[0] + 14, place[1] - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5,
                    (255, 190, 0), 1, cv2.LINE_AA)  # fmt: skip
    return picture
