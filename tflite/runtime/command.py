"""`dfr-keras predict` on a device: the standard library in place of click, Keras left out.

It answers as `dfr-keras predict` does where everything is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dfrnet_keras import __version__
from dfrnet_keras.errors import InputError

_ELSEWHERE = (
    "benchmark", "compress", "convert", "data", "evaluate", "fit", "prepare", "report", "summary",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line; bad input ends it with one sentence and exit status 1."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in _ELSEWHERE:
        print(
            f"Error: {given[0]} needs the whole package: install dfrnet_keras with its "
            "dependencies. On a device there is predict.",
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
    predict.add_argument("--onset", type=int, default=0, help="first frame of the movement")
    predict.add_argument("--apex", type=int, help="frame of strongest movement; else spotted")
    predict.add_argument("--offset", type=int, help="last frame of the movement")
    predict.add_argument("--crop", choices=("auto", "face", "none"), help="cut the face out")
    predict.add_argument("--threads", type=int, default=1, help="threads of the network")
    predict.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def _predict(options: argparse.Namespace) -> list[str]:
    """Answer clip by clip; the reasons of those that could not be used."""
    from dfrnet_keras.tflite.runtime import Predictor

    if Path(options.model).suffix == ".keras":
        raise InputError(
            f"{options.model} needs Keras: convert it with `dfr-keras convert` where that is "
            "installed, or install dfrnet_keras with its dependencies."
        )
    predictor = Predictor(options.model, threads=options.threads, crop=options.crop)
    predictor.warm_up()
    answers: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for clip in options.clips:
        try:
            answer = predictor.predict(clip, options.onset, options.apex, options.offset)
        except (InputError, OSError) as error:
            failed.append({"clip": clip, "reason": str(error)})
            continue
        spent = {step: round(1000 * seconds, 2) for step, seconds in answer.timings.items()}
        answers.append(
            {
                "clip": clip,
                "label": answer.label,
                "probabilities": answer.probabilities,
                "apex": answer.apex,
                "flags": list(answer.flags),
                "milliseconds": {**spent, "total": round(sum(spent.values()), 2)},
            }
        )
    if options.json:
        about = {"model": options.model, "classes": list(predictor.classes)}
        print(json.dumps({**about, "predictions": answers, "failed": failed}, indent=1))
    else:
        for row in answers:
            _print(row)
    for row in failed:
        named = row["clip"] in row["reason"]
        reason = row["reason"] if named else f"{row['clip']}: {row['reason']}"
        print(f"Error: {reason}", file=sys.stderr)
    return [row["reason"] for row in failed]


def _print(row: dict[str, Any]) -> None:
    shares = ", ".join(f"{name} {share:.3f}" for name, share in row["probabilities"].items())
    spotted = " (spotted)" if "apex_spotted" in row["flags"] else ""
    print(f"{row['clip']}: {row['label']}")
    print(f"  probabilities  {shares}")
    print(f"  apex frame     {row['apex']}{spotted}")
    print(f"  milliseconds   {row['milliseconds']['total']:.0f}")
    if "face_not_found" in row["flags"]:
        print("  no face was found: the answer is about whatever is in the frames")
