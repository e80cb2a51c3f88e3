"""`dfr-keras convert`: a network as `.tflite` files, held against the network."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", type=_PATH)
@click.option("--quantize", default="none", show_default=True,
              help="none (float32), float16, dynamic, int8 or int16x8; by commas.")  # fmt: skip
@click.option("--input-type", default="float32", show_default=True,
              help="float32, or int8 with --quantize int8.")  # fmt: skip
@click.option("--out", type=_PATH, help="The file, or a folder for several; beside MODEL by "
              "default.")  # fmt: skip
@click.option("--store", "store_path", type=_PATH, help="The training store, which sets the "
              "ranges of int8 and checks the result; found by itself where it was prepared "
              "here.")  # fmt: skip
@click.option("--representative", type=click.IntRange(1), default=128, show_default=True,
              help="Clips that set the ranges of int8 and int16x8.")  # fmt: skip
@click.option("--clips", type=click.IntRange(1), default=200, show_default=True,
              help="Clips to compare the answers on.")  # fmt: skip
@click.option("--tolerance", type=click.FloatRange(0, 1), help="Largest difference of a "
              "probability; each conversion has its own by default.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write the file even if it disagrees with the network, "
              "or if there is no store to compare on.")  # fmt: skip
@click.option("--labels", is_flag=True, help="Write labels.txt beside the file.")
@click.option("--golden", type=_PATH, help="Write a folder for porting to a device: a clip, "
              "each step of its preparation, the probabilities.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def convert(
    model: Path,
    quantize: str,
    input_type: str,
    out: Path | None,
    store_path: Path | None,
    representative: int,
    clips: int,
    tolerance: float | None,
    force: bool,
    labels: bool,
    golden: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Convert MODEL, a .keras file or a run folder, to TFLite.

    Each file is run against the network on real features; the largest difference of a probability
    and the share of equal classes are printed, written into the file, and must be small.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from dfrnet_keras.tflite import convert as to_tflite
    from dfrnet_keras.tflite import read_metadata, verify, with_metadata
    from dfrnet_keras.tflite.conversion.convert import QUANTIZATIONS
    from dfrnet_keras.tflite.conversion.files import write_labels, write_tflite
    from dfrnet_keras.tflite.conversion.load_model import input_shapes, load
    from dfrnet_keras.tflite.conversion.training_store import sample_rows, store_maps

    modes = [mode.strip() for mode in quantize.split(",")]
    unknown = [mode for mode in modes if mode not in QUANTIZATIONS]
    if unknown:
        raise InputError(f"--quantize {unknown[0]!r}: choose from {', '.join(QUANTIZATIONS)}.")
    targets = _targets(model, modes, out)
    if not overwrite:
        for path in (*targets, *([golden] if golden else ())):
            if path.exists():
                raise InputError(f"{path} is there already: give --overwrite or another --out.")
    network, description = load_model(model)
    shapes = input_shapes(network)
    store = _store(store_path, model, description, shapes)
    if store is None and not force:
        raise InputError(
            f"The store that {model} was trained on is not found, and without it the result "
            "cannot be checked: give --store."
        )
    rows, failed = [], False
    for mode, path in zip(modes, targets, strict=True):
        ranges = None
        if store is not None and mode in ("int8", "int16x8"):
            ranges = store_maps(store, shapes, sample_rows(store, representative))
        content = to_tflite(
            network,
            quantize=mode,
            representative_data=ranges,
            input_type=input_type if mode == "int8" else "float32",
            description=description,
        )
        row: dict[str, Any] = {"file": str(path), "quantize": mode, "agreement": None}
        if store is not None:
            found = verify(network, content, store_maps(store, shapes, sample_rows(store, clips)))
            row["agreement"] = found.as_dict()
            row["passed"] = found.passes(mode, tolerance)
            content = with_metadata(
                content, read_metadata(content) | {"agreement": row["agreement"]}
            )
        row["bytes"] = len(content)
        rows.append(row)
        if row.get("passed", True) or force:
            write_tflite(path, content, overwrite=overwrite)
            if labels:
                write_labels(path, overwrite=overwrite)
        else:
            failed = True
        if not as_json:
            click.echo(_line(row, forced=force))
    if golden is not None and not failed:
        from dfrnet_keras.tflite import write_golden

        write_golden(targets[0], golden, overwrite=overwrite)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    if failed:
        click.echo(
            "Error: a file that disagrees with the network was not written: give --force to write "
            "it all the same.",
            err=True,
        )
        sys.exit(1)


def _targets(model: Path, modes: list[str], out: Path | None) -> list[Path]:
    folder = model if model.is_dir() else model.parent
    stem = "model" if model.is_dir() else model.stem
    if out is not None and (len(modes) == 1 and out.suffix == ".tflite"):
        return [out]
    if out is not None and out.suffix == ".tflite":
        raise InputError(f"{out} is one file for {len(modes)} conversions: give a folder as --out.")
    named = {"none": "float32"}
    return [(out or folder) / f"{stem}-{named.get(mode, mode)}.tflite" for mode in modes]


def _store(
    path: Path | None, model: Path, description: dict[str, Any], shapes: Any
) -> FeatureStore | None:
    from dfrnet_keras.store import FeatureStore
    from dfrnet_keras.tflite.conversion.training_store import check_store, find_training_store

    store = find_training_store(model, description) if path is None else FeatureStore.open(path)
    if store is not None:
        check_store(store, shapes, description.get("flow_range"))
        digest = description.get("store", {}).get("digest")
        if digest not in (None, store.digest):
            click.echo(f"Warning: {store.path} is not the store of the training.", err=True)
    return store


def _line(row: dict[str, Any], *, forced: bool) -> str:
    about = row["agreement"]
    text = f"{row['file']}: {row['bytes'] / 1e6:.2f} MB"
    if about is None:
        return f"{text}, not checked"
    text += (
        f", largest difference {about['largest_difference']:.4f}, "
        f"{about['equal_classes']:.1%} equal classes over {about['clips']} clips"
    )
    if not row["passed"]:
        text += " - too different" + (", written all the same" if forced else ", not written")
    return text
