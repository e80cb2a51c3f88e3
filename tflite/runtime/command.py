"""`dfr-keras predict` on a device: the standard library in place of click, Keras left out.

It answers as `dfr-keras predict` does where everything is installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from dfrnet_keras import __version__
from dfrnet_keras.errors import InputError
from dfrnet_keras.prediction.answers import Answers
from dfrnet_keras.prediction.clips import find_clips, frames_between
from dfrnet_keras.prediction.which_face import one_by_one, parse_face
from dfrnet_keras.tflite.runtime.predictor import Prediction, Predictor


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line; bad input ends it with one sentence and exit status 1."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] != "predict" and not given[0].startswith("-"):
        print(
            f"Error: {given[0]}: on a device there is predict alone. Any other command needs the "
            "whole package: install dfrnet_keras with its dependencies.",
            file=sys.stderr,
        )
        sys.exit(1)
    options = _parser().parse_args(given)
    try:
        failed = _predict(options)
    except (InputError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
    sys.exit(1 if failed else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dfr-keras", description="Recognise micro-expressions on a device."
    )
    parser.add_argument("--version", action="version", version=f"dfr-keras {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="predict")
    predict = commands.add_parser("predict", help="Recognise the expression in clips.")
    predict.add_argument("model", metavar="FILE.tflite", help="what dfr-keras convert wrote")
    predict.add_argument("clips", nargs="+", metavar="CLIP", help="a video or a folder of frames")
    first, last = (predict.add_mutually_exclusive_group() for _ in range(2))
    first.add_argument("--onset", type=int, help="first frame of the movement, counted from 0")
    first.add_argument("--start", type=float, metavar="SECONDS", help="the same in seconds")
    predict.add_argument("--apex", type=int, help="frame of strongest movement; else spotted")
    last.add_argument("--offset", type=int, help="last frame of the movement")
    last.add_argument("--end", type=float, metavar="SECONDS", help="the same in seconds")
    predict.add_argument("--crop", choices=("auto", "face", "none"), help="cut the face out")
    predict.add_argument("--face", metavar="largest|N|all", help="which of several faces")
    predict.add_argument("--face-finder", choices=("cascades", "landmarks"), help="how it is found")
    predict.add_argument("--threads", type=int, default=1, help="threads of the network")
    predict.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def _predict(options: argparse.Namespace) -> bool:
    """Answer clip by clip; whether one of them could not be used."""
    if Path(options.model).suffix == ".keras":
        raise InputError(
            f"{options.model} needs Keras: convert it with `dfr-keras convert` where that is "
            "installed, or install dfrnet_keras with its dependencies."
        )
    failed: list[tuple[str, str]] = []
    named = find_clips(options.clips, failed)
    face = parse_face(options.face)
    predictor = Predictor(
        options.model,
        threads=options.threads,
        crop=options.crop,
        face_finder=options.face_finder,
    )
    predictor.warm_up()
    answers = Answers(options.model, predictor.classes, failed)
    faces = one_by_one(named, face, predictor, lambda frames: _part(frames, options)[0])
    for name, frames, which in faces:
        answers.add(name, partial(_answer, predictor, frames, options, which))
    for line in [answers.as_json()] if options.json else answers.as_lines():
        print(line)
    for _, reason in answers.failed:
        print(f"Error: {reason}", file=sys.stderr)
    return bool(answers.failed)


def _answer(
    predictor: Predictor,
    frames: Sequence[Path],
    options: argparse.Namespace,
    which: str | int | None,
) -> Prediction:
    first, last = _part(frames, options)
    return predictor.predict_files(frames, first, options.apex, last, face=which)


def _part(frames: Sequence[Path], options: argparse.Namespace) -> tuple[int, int | None]:
    """The frames that are meant: the first and the last one."""
    first, last = frames_between(frames, options.start, options.end)
    return (
        first if options.onset is None else options.onset,
        last if options.offset is None else options.offset,
    )
