"""`dfr-keras convert`: a network as `.tflite` files, compared with the network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.startup import start_keras

if TYPE_CHECKING:
    from dfrnet_keras.tflite.conversion.convert_and_verify import ConvertedFile


@click.command()
@click.argument("model", type=shared.PATH, required=False)
@click.option("--preset", metavar="NAME", help="Convert a network that comes with the package, see "
              "dfr-keras preset list; needs --out.")  # fmt: skip
@click.option("--quantize", default="none", show_default=True,
              help="none (float32), float16, dynamic, int8 or int16x8; by commas.")  # fmt: skip
@click.option("--input-type", default="float32", show_default=True,
              help="float32, or int8 with --quantize int8.")  # fmt: skip
@click.option("--out", type=shared.PATH, help="The file, or a folder for several; beside MODEL "
              "by default.")  # fmt: skip
@click.option("--store", type=shared.PATH, help="The training store, which sets the ranges of "
              "int8 and checks the result; found by itself where it was made here.")  # fmt: skip
@click.option("--representative", type=click.IntRange(1), default=128, show_default=True,
              help="Clips that set the ranges of int8 and int16x8.")  # fmt: skip
@click.option("--clips", type=click.IntRange(1), default=200, show_default=True,
              help="Clips to compare the answers on.")  # fmt: skip
@click.option("--tolerance", type=click.FloatRange(0, 1), help="Largest difference of a "
              "probability; each conversion has its own by default.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write the file even if it disagrees with the network, "
              "or if there is no store to compare on.")  # fmt: skip
@click.option("--input", "inputs", type=click.Choice(["maps", "frames"]), default="maps",
              show_default=True, help="frames: the file takes two face crops, onset and apex, and "
              "computes the maps itself.")  # fmt: skip
@click.option("--crop-size", type=click.IntRange(2), default=224, show_default=True,
              help="With --input frames: height and width of the crops.")  # fmt: skip
@click.option("--dataset", help="With --input frames: compare on clips of this dataset; drawn ones "
              "by default.")  # fmt: skip
@shared.root
@click.option("--labels", is_flag=True, help="Write labels.txt beside the file.")
@click.option("--golden", "porting_reference", type=shared.PATH, help="Write a folder for porting "
              "to a device: a clip, each step of its preparation, the probabilities.")  # fmt: skip
@shared.overwrite
@shared.json_output
def convert(
    model: Path | None,
    quantize: str,
    as_json: bool,
    force: bool,
    dataset: str | None,
    root: Path | None,
    **options: Any,
) -> None:
    """Convert MODEL, a .keras file or a run folder, or a preset to TFLite.

    Each file is run against the network on real features; the largest difference of a probability
    and the share of equal classes are printed, written into the file, and must be small. Printed
    as well is the TensorFlow release whose runtime a device needs at least.
    """
    if (model is None) == (options["preset"] is None):
        raise click.UsageError("Give either MODEL or --preset.")
    start_keras()
    from dfrnet_keras.tflite.conversion.convert_and_verify import convert_and_verify

    if dataset is not None:
        from dfrnet_keras.datasets import load_dataset

        options["check_clips"] = load_dataset(dataset, root)
    files = convert_and_verify(
        model,
        [name.strip() for name in quantize.split(",")],
        force=force,
        on_file=None if as_json else _print,
        **options,
    )
    if as_json:
        click.echo(json.dumps([file.as_dict() for file in files], indent=1))
    if not all(file.written for file in files):
        click.echo(
            "Error: a file that disagrees with the network was not written: give --force to write "
            "it all the same.",
            err=True,
        )
        sys.exit(1)


def _print(file: ConvertedFile) -> None:
    text = f"{file.path}: {file.bytes / 1e6:.2f} MB, runtime {file.min_runtime_version} or newer"
    if file.agreement is None:
        text += ", not checked"
    for words, found in (
        (", largest difference", file.agreement),
        ("; from frames", file.frames_agreement),
    ):
        if found is not None:
            text += (
                f"{words} {found.largest_difference:.4f}, {found.equal_classes:.1%} equal classes "
                f"over {found.clips} clips"
            )
    if file.passed is False:
        text += " - too different" + (", written all the same" if file.written else ", not written")
    click.echo(text)
