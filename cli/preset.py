"""`dfr-keras preset`: the networks that come with the package, and how they are made."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.group()
def preset() -> None:
    """List the networks that come with the package, or make one from a seed."""


@preset.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the cards as JSON.")
def list_them(as_json: bool) -> None:
    """Name the presets, what they learnt from and for whom they are not."""
    from dfrnet_keras.models.preset import list_presets, preset_folder, read_card

    cards = {name: read_card(preset_folder(name)) for name in list_presets()}
    if as_json:
        click.echo(json.dumps(cards, indent=1))
        return
    for name, card in cards.items():
        click.echo(f"{name}: {card['learnt_from']}\n  not for {', '.join(card['not_for'])}")


@preset.command()
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of drawn maps and weights: equal seeds give equal presets.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True,
              help="The folder to make.")  # fmt: skip
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True,
              help="Share of the drawn maps, for a quick trial.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True,
              help="Processes that draw.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace the folder if it is there.")
def make(seed: int, out: Path, share: float, jobs: int, overwrite: bool) -> None:
    """Draw maps, train the network, calibrate it, and write weights, an int8 .tflite and a card.

    No real clip and no file but the package's own are used; it takes some minutes.
    """
    from dfrnet_keras.atomic import check_writable
    from dfrnet_keras.errors import InputError
    from dfrnet_keras.startup import start_keras

    if out.exists() and not overwrite and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out} is there already: choose another folder or give --overwrite.")
    check_writable(out.parent / f"{out.name}.json")
    start_keras()
    from dfrnet_keras.learners.preset_files import (
        calibrated_network,
        describe,
        text_files,
    )
    from dfrnet_keras.learners.preset_training import PresetTraining, train_preset
    from dfrnet_keras.models.preset import TFLITE, write_preset
    from dfrnet_keras.tflite import convert
    from dfrnet_keras.tflite.conversion.preset_source import describe_preset, preset_maps

    training = PresetTraining().shrunk(share)
    trained = train_preset(training, seed, jobs=jobs,
                           on_progress=lambda step: click.echo(step, err=True))  # fmt: skip
    card = describe(trained, training, seed)
    content = convert(calibrated_network(trained), quantize="int8",
                      representative_data=preset_maps(200),
                      description=describe_preset(card))  # fmt: skip
    files = {TFLITE: content, **text_files(card)}
    write_preset(out, trained.networks, card, files, overwrite=overwrite)
    click.echo(f"Preset: {out}")
