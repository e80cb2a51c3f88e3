"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
SPOTTERS = ("dcrois", "dcrois-grid", "flow", "midpoint")

json_output = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
overwrite = click.option("--overwrite", is_flag=True, help="Replace what is there.")
root = click.option("--root", type=FOLDER, help="Its folder as distributed, or the one above; by "
                    "default the one named after it under $DFR_KERAS_DATA.")  # fmt: skip
classes = click.option("--classes", default="megc2019", show_default=True,
                       type=click.Choice(["megc2019", "three", "five", "seven", "original"]),
                       help="The three of MEGC 2019 (three is the same), five or seven emotions "
                       "where papers agree on them, or the dataset's own.")  # fmt: skip
edition = click.option("--edition", type=click.Choice(["raw", "cropped"]),
                       help="Of CASME II and SMIC.  [default: what is there, raw first]",
                       )  # fmt: skip
camera = click.option("--camera", type=click.Choice(["HS", "VIS", "NIR"], case_sensitive=False),
                      help="Of SMIC.  [default: HS]")  # fmt: skip
crop = click.option("--crop", type=click.Choice(["auto", "face", "none"]), default="auto",
                    show_default=True, help="face: find the face in the onset frame, turn it "
                    "upright and cut it out. none: use frames whole. auto: look at a few clips of "
                    "each dataset whether faces fill the frames already.")  # fmt: skip
face_finder = click.option("--face-finder", type=click.Choice(["cascades", "landmarks"]),
                           default="cascades", show_default=True, help="How faces are found: by "
                           "OpenCV's cascades, or by landmarks, which find more and take a tenth "
                           "of the time.")  # fmt: skip
processes = click.option("--jobs", type=click.IntRange(-1), default=-1,
                         help="Processes; -1, the default, is one per processor.")  # fmt: skip


def dataset(*, required: bool = False) -> Callable[[Any], Any]:
    """The option `--dataset`."""
    return click.option("--dataset", required=required, help="casme2, smic, samm, megc2019, "
                        "casme, casme3, casme3-c, mmew, 4dme, synthetic, synthetic-strong or "
                        "flow-folder.")  # fmt: skip


recordings = click.option("--dataset", required=True, type=click.Choice(["casme-squared",
                          "samm-lv"]), help="Long recordings.")  # fmt: skip


def picture_size(context: click.Context, option: Any, text: str | None) -> tuple[int, int] | None:
    """Width and height from a text such as 640x480."""
    if text is None:
        return None
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdecimal() for side in sides):
        raise click.BadParameter(f"{text} is not a size: give width and height, as in 640x480")
    return int(sides[0]), int(sides[1])


def network(command: Any) -> Any:
    """The options that choose among the networks of the paper, besides the views."""
    for option in (
        click.option("--backbone", help="resnet, alexnet, vgg, inception or vit.  "
                     "[default: resnet]"),
        click.option("--stages", type=int, help="Residual stages, 1 to 4.  [default: 3]"),
        click.option("--attention", help="none, spatial, channel or all.  [default: all]"),
        click.option("--fusion", help="dynamic, add, multiply or concat.  [default: dynamic]"),
    ):  # fmt: skip
        command = option(command)
    return command
