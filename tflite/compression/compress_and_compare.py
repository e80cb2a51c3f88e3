"""Compress a network, write its files, and compare them with those of the network before."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dfrnet_keras.atomic import check_writable, whole_file
from dfrnet_keras.errors import InputError
from dfrnet_keras.models.saving import save_network
from dfrnet_keras.tflite.compression.compress import compress, fine_tuning, fine_tuning_fold
from dfrnet_keras.tflite.compression.evaluate_files import FileScores, evaluate_files
from dfrnet_keras.tflite.conversion.convert import convert
from dfrnet_keras.tflite.conversion.convert_and_verify import check_targets
from dfrnet_keras.tflite.conversion.load_model import input_shapes, load_model
from dfrnet_keras.tflite.conversion.training_store import (
    open_training_store,
    sample_rows,
    store_maps,
)


@dataclass(frozen=True)
class Compression:
    """What `compress_and_compare` wrote and measured.

    Attributes:
        files: The files written.
        scores: `"before, float32"`, `"before, int8"`, and the same of the compressed network, to
            their figures on the clips of held-out subjects.
        settings: Method, seed and settings of the fine-tuning.
        clips: How many clips were held out.
    """

    files: tuple[Path, ...]
    scores: dict[str, FileScores]
    settings: dict[str, Any]
    clips: int


def compress_and_compare(
    model: str | os.PathLike[str],
    *,
    method: str,
    store: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    epochs: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    **settings: Any,
) -> Compression:
    """Fine-tune a network with `compress` and write what comes of it.

    Args:
        model: A `.keras` file or a run folder.
        method: See `compress`.
        store: The features to fine-tune on; by default those of the training are looked for.
        out: Folder for the files; that of the model by default.
        overwrite: Replace files that exist.
        epochs, learning_rate, seed: See `compress`.
        **settings: Its other arguments.

    Returns:
        The files: int8 `.tflite`, and for all methods but `"qat"` float32 `.tflite` and `.keras`;
        and their figures beside those of the network before, on clips of the subjects that the
        fine-tuning held out. The network itself may have been trained on them.

    Raises:
        InputError: See `compress`; or a file exists or cannot be written, or there is no store.
    """
    epochs, learning_rate = fine_tuning(method, epochs, learning_rate)
    model = Path(model)
    in_run = model.is_dir()
    folder = Path(out) if out is not None else model if in_run else model.parent
    stem = f"{'model' if in_run else model.stem}-{method}"
    kinds = ["int8"] if method == "qat" else ["float32", "int8"]
    targets = {kind: folder / f"{stem}-{kind}.tflite" for kind in kinds}
    keras_file = None if method == "qat" else folder / f"{stem}.keras"
    paths = (*targets.values(), *([keras_file] if keras_file else ()))
    check_targets(paths, overwrite)
    network, description = load_model(model)
    shapes = input_shapes(network)
    features = open_training_store(model, description, shapes, store)
    if features is None:
        raise InputError(f"The store that {model} was trained on is not found: give --store.")
    for path in paths:
        check_writable(path)
    settings |= {"epochs": epochs, "learning_rate": learning_rate}
    result = compress(network, features, method=method, seed=seed, **settings)
    settings = {"method": method, "seed": seed, **settings}
    described = {**description, "compression": settings}

    def converted(source: Any, kind: str, about: dict[str, Any]) -> bytes:
        return convert(
            source,
            quantize="none" if kind == "float32" else kind,
            representative_data=store_maps(features, shapes, sample_rows(features, 128)),
            description=about,
        )

    contents = {
        f"before, {kind}": converted(network, kind, description) for kind in ("float32", "int8")
    }
    contents |= {f"{method}, {kind}": converted(result, kind, described) for kind in kinds}
    held_out = fine_tuning_fold(features, seed).validation
    scores = evaluate_files(contents, features, held_out)
    for kind, path in targets.items():
        with whole_file(path, overwrite=overwrite) as partial:
            partial.write_bytes(contents[f"{method}, {kind}"])
    if keras_file is not None:
        save_network(result, keras_file, described, overwrite=overwrite)
    return Compression(paths, scores, settings, len(held_out))
