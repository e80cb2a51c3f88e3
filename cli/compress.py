"""`dfr-keras compress`: a network fine-tuned smaller, with honest figures of what that brought."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from dfrnet_keras.errors import InputError

_PATH = click.Path(path_type=Path)
_SAYS = {
    "qat": "The int8 network was trained to be one; its time is that of any int8 network.",
    "prune": "Pruning makes the zipped file small, not the network fast: zeros are multiplied too.",
    "cluster": "Clustering makes the zipped file small, not the network fast.",
}


@click.command()
@click.argument("model", type=_PATH)
@click.option("--method", required=True, help="qat, prune or cluster.")
@click.option("--store", "store_path", type=_PATH, help="The features to fine-tune on; the "
              "training store where it is found.")  # fmt: skip
@click.option("--out", type=_PATH, help="Folder for the files; that of MODEL by default.")
@click.option("--epochs", type=int, help="Passes over the clips.  [default: 10 with prune, else 5]")
@click.option("--learning-rate", type=float,
              help="Of Adam.  [default: 1e-4 with prune, else 1e-5]")  # fmt: skip
@click.option("--batch-size", type=int, default=32, show_default=True, help="Clips a step.")
@click.option("--sparsity", type=float, default=0.8, show_default=True,
              help="With prune: share of zeros.")  # fmt: skip
@click.option("--clusters", type=int, default=16, show_default=True,
              help="With cluster: values a kernel has.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of held-out subjects, order and augmentation.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def compress(
    model: Path,
    method: str,
    store_path: Path | None,
    out: Path | None,
    seed: int,
    overwrite: bool,
    as_json: bool,
    **training: Any,
) -> None:
    """Fine-tune MODEL, a .keras file or a run folder, with TensorFlow Model Optimization.

    Written are float32 and int8 .tflite files (qat: int8 alone), and for prune and cluster the
    .keras file. Size, zipped size, time and UF1 before and after are of the same clips, those of
    the subjects that the fine-tuning holds out. The network itself may have been trained on them:
    the figures compare, they do not promise.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from dfrnet_keras.models.saving import save_network
    from dfrnet_keras.store import FeatureStore
    from dfrnet_keras.tflite import compress as fine_tuned
    from dfrnet_keras.tflite import convert
    from dfrnet_keras.tflite.compression.compress import METHODS, fine_tuning, fine_tuning_fold
    from dfrnet_keras.tflite.compression.evaluate_files import evaluate_files
    from dfrnet_keras.tflite.conversion.files import write_tflite
    from dfrnet_keras.tflite.conversion.load_model import input_shapes, load
    from dfrnet_keras.tflite.conversion.training_store import (
        check_store,
        find_training_store,
        sample_rows,
        store_maps,
    )

    if method not in METHODS:
        raise InputError(f"--method {method!r}: choose one of {', '.join(METHODS)}.")
    folder = out or (model if model.is_dir() else model.parent)
    stem = f"{'model' if model.is_dir() else model.stem}-{method}"
    modes = ["int8"] if method == "qat" else ["float32", "int8"]
    targets = {mode: folder / f"{stem}-{mode}.tflite" for mode in modes}
    kept = None if method == "qat" else folder / f"{stem}.keras"
    for path in (*targets.values(), *([kept] if kept else ())):
        if path.exists() and not overwrite:
            raise InputError(f"{path} is there already: give --overwrite or another --out.")
    network, description = load_model(model)
    store = FeatureStore.open(store_path) if store_path else find_training_store(model, description)
    if store is None:
        raise InputError(f"The store that {model} was trained on is not found: give --store.")
    shapes = input_shapes(network)
    check_store(store, shapes, description.get("flow_range"))
    fold = fine_tuning_fold(store, seed)
    training["epochs"], training["learning_rate"] = fine_tuning(
        method, training["epochs"], training["learning_rate"]
    )
    about = {"method": method, "seed": seed, **training}
    result = fine_tuned(network, store, method=method, seed=seed, **training)

    def converted(source: Any, mode: str, about: dict[str, Any]) -> bytes:
        return convert(
            source,
            quantize="none" if mode == "float32" else mode,
            representative_data=store_maps(store, shapes, sample_rows(store, 128)),
            description=about,
        )

    described = {**description, "compression": about}
    before = {f"before, {mode}": converted(network, mode, description) for mode in
              ("float32", "int8")}  # fmt: skip
    after = {mode: converted(result, mode, described) for mode in modes}
    named = {**before, **{f"{method}, {mode}": content for mode, content in after.items()}}
    rows = evaluate_files(named, store, fold.validation)
    for row in rows.values():
        row.pop("probabilities")
    for mode, path in targets.items():
        write_tflite(path, after[mode], overwrite=overwrite)
    if kept is not None:
        kept.unlink(missing_ok=True)
        save_network(result, kept, described)
    if as_json:
        files = [str(path) for path in (*targets.values(), *([kept] if kept else ()))]
        click.echo(json.dumps({"files": files, "figures": rows, **about}, indent=1))
        return
    click.echo(f"{'':18}{'MB':>8}{'zipped':>8}{'ms':>8}{'UF1':>8}{'UAR':>8}")
    for name, row in rows.items():
        click.echo(
            f"{name:18}{row['bytes'] / 1e6:8.2f}{row['zipped'] / 1e6:8.2f}"
            f"{row['milliseconds']:8.2f}{row['uf1']:8.4f}{row['uar']:8.4f}"
        )
    click.echo(f"{len(fold.validation)} clips of subjects that the fine-tuning did not see. "
               f"{_SAYS[method]}")  # fmt: skip
    for path in (*targets.values(), *([kept] if kept else ())):
        click.echo(str(path))
