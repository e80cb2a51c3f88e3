"""Convert a network to `.tflite` files, each compared with the network before it is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dfrnet_keras.atomic import check_writable, whole_file
from dfrnet_keras.datasets import Clip
from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.models.frames_network import CROP_SIZE, map_network
from dfrnet_keras.tflite.conversion.agreement import Agreement, verify
from dfrnet_keras.tflite.conversion.convert import QUANTIZATIONS, convert, minimal_runtime
from dfrnet_keras.tflite.conversion.description import complete_description, labels_text
from dfrnet_keras.tflite.conversion.frames_check import crops_of_clips, drawn_crops, verify_frames
from dfrnet_keras.tflite.conversion.frames_input import take_frames
from dfrnet_keras.tflite.conversion.load_model import input_shapes, load_model
from dfrnet_keras.tflite.conversion.preset_source import load_preset, preset_maps
from dfrnet_keras.tflite.conversion.training_store import (
    open_training_store,
    sample_rows,
    store_maps,
)
from dfrnet_keras.tflite.runtime.metadata import read_metadata, with_metadata

INPUTS = ("maps", "frames")
_DRAWN = 24  # clips to compare on where no dataset is given


@dataclass(frozen=True)
class ConvertedFile:
    """One `.tflite` file of a network.

    Attributes:
        path: The file.
        quantize: See `convert`.
        bytes: Its size.
        min_runtime_version: The TensorFlow release whose runtime first had all its operations.
        agreement: Its differences to the Keras network; `None` where there was no store to compare
            on.
        frames_agreement: Of a file that takes frames: its differences to maps made in Python and
            the Keras network.
        passed: Whether they are within the tolerance; `None` likewise.
        written: Whether the file was written.
    """

    path: Path
    quantize: str
    bytes: int
    min_runtime_version: str
    agreement: Agreement | None
    frames_agreement: Agreement | None
    passed: bool | None
    written: bool

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        content: dict[str, Any] = {
            "file": str(self.path),
            "quantize": self.quantize,
            "agreement": self.agreement and self.agreement.as_dict(),
            "bytes": self.bytes,
            "min_runtime_version": self.min_runtime_version,
        }
        if self.frames_agreement is not None:
            content["frames_agreement"] = self.frames_agreement.as_dict()
        if self.passed is not None:
            content["passed"] = self.passed
        return content


def convert_and_verify(
    model: str | os.PathLike[str] | None,
    quantizations: Sequence[str] = ("none",),
    *,
    out: str | os.PathLike[str] | None = None,
    store: str | os.PathLike[str] | None = None,
    input_type: str = "float32",
    representative: int = 128,
    clips: int = 200,
    tolerance: float | None = None,
    force: bool = False,
    labels: bool = False,
    porting_reference: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    on_file: Callable[[ConvertedFile], None] | None = None,
    inputs: str = "maps",
    crop_size: int = CROP_SIZE,
    check_clips: Sequence[Clip] | None = None,
    preset: str | os.PathLike[str] | None = None,
) -> list[ConvertedFile]:
    """Convert a network in several ways and write the files that agree with it.

    Args:
        model: A `.keras` file or a run folder; `None` with `preset`.
        quantizations: See `convert`.
        out: The file, or a folder for several; beside the model by default.
        store: The training store, which sets the ranges of integer networks and has the clips to
            compare on; by default it is looked for, see `find_training_store`.
        input_type: See `convert`; for `"int8"` alone, others take float32.
        representative: Clips that set the ranges of int8 and int16x8.
        clips: Clips to compare on.
        tolerance: See `Agreement.passes`.
        force: Write files that disagree with the network, or that cannot be compared.
        labels: Also write `labels.txt`, the classes in their order.
        porting_reference: Also write this folder, see `write_porting_reference`.
        overwrite: Replace files that exist.
        on_file: Called with each file as soon as it is there.
        inputs: `"maps"`, or `"frames"`: the file takes two face crops and makes the maps itself.
        crop_size: With `"frames"`, height and width of the crops in pixels.
        check_clips: With `"frames"`, clips of a dataset to compare on; drawn ones by default.
        preset: A network that comes with the package, in place of `model` and `store`: drawn maps
            set its ranges and are what it is compared on.

    Returns:
        A row for each file, in the order of `quantizations`; one that disagrees is not written.

    Raises:
        InputError: An argument is out of range, a file exists or cannot be written, the network
            cannot be loaded or converted, or there is no store to compare on.
    """
    for quantize in quantizations:
        check_choice("quantize", quantize, QUANTIZATIONS)
    check_choice("inputs", inputs, INPUTS)
    if (model is None) == (preset is None) or (preset is not None and (store or out is None)):
        raise InputError("Give a model, or a preset and where to write it (--out), without store.")
    source = Path(model or str(preset))
    targets = _targets(source, quantizations, None if out is None else Path(out), inputs)
    check_targets([*targets, *([Path(porting_reference)] if porting_reference else [])], overwrite)
    network, description = load_preset(preset) if preset else load_model(source)
    shapes = input_shapes(network)
    held = None if preset else open_training_store(source, description, shapes, store)
    checked = held is not None or preset is not None
    if not checked and not force:
        raise InputError(
            f"The store that {model} was trained on is not found, and without it the result "
            "cannot be checked: give --store."
        )
    for path in targets:
        check_writable(path)

    def sample(count: int) -> Any:
        if preset:
            return preset_maps(count)
        return () if held is None else store_maps(held, shapes, sample_rows(held, count))

    crops = []
    if inputs == "frames":
        # Before the work: it says what cannot be made of frames.
        training = Preparation.from_settings(
            complete_description(description, inputs=shapes, classes=1, quantize="none")[
                "preparation"
            ]
        )
        map_network(shapes, training, crop_size=crop_size)
        crops = list(
            drawn_crops(min(clips, _DRAWN), crop_size)
            if check_clips is None
            else crops_of_clips(check_clips, training, clips, crop_size)
        )
    files = []
    for quantize, path in zip(quantizations, targets, strict=True):
        content = convert(
            network,
            quantize=quantize,
            representative_data=sample(representative),
            input_type=input_type if quantize == "int8" else "float32",
            description=description,
        )
        agreement = verify(network, content, sample(clips)) if checked else None
        if agreement is not None:
            about = read_metadata(content) | {"agreement": agreement.as_dict()}
            content = with_metadata(content, about)
        passed = None if agreement is None else agreement.passes(quantize, tolerance)
        of_frames = None
        if inputs == "frames":
            content = take_frames(content, crop_size=crop_size)
            of_frames = verify_frames(network, content, training, crops)
            about = read_metadata(content) | {"frames_agreement": of_frames.as_dict()}
            content = with_metadata(content, about)
            if training.flow_method == "ilk":
                passed = (passed is not False) and of_frames.passes(quantize, tolerance)
        written = force or passed is True
        if written:
            _write(path, content, labels=labels, overwrite=overwrite)
        runtime, size = minimal_runtime(content), len(content)
        files.append(
            ConvertedFile(path, quantize, size, runtime, agreement, of_frames, passed, written)
        )
        if on_file is not None:
            on_file(files[-1])
    if porting_reference is not None and all(file.written for file in files):
        from dfrnet_keras.tflite.conversion.porting_reference import write_porting_reference

        write_porting_reference(targets[0], porting_reference, overwrite=overwrite)
    return files


def check_targets(paths: Sequence[Path], overwrite: bool) -> None:
    """Refuse before the work to replace a file that is there already."""
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise InputError(f"{there[0]} is there already: give --overwrite or another --out.")


def _targets(
    model: Path, quantizations: Sequence[str], out: Path | None, inputs: str
) -> list[Path]:
    folder, stem = (model, "model") if model.is_dir() else (model.parent, model.stem)
    if out is not None and out.suffix == ".tflite":
        if len(quantizations) > 1:
            raise InputError(
                f"{out} is one file for {len(quantizations)} conversions: give a folder as --out."
            )
        return [out]
    if inputs == "frames":
        stem += "-frames"
    names = ("float32" if name == "none" else name for name in quantizations)
    return [(out or folder) / f"{stem}-{name}.tflite" for name in names]


def _write(path: Path, content: bytes, *, labels: bool, overwrite: bool) -> None:
    if labels:
        beside = path.with_name("labels.txt")
        text = labels_text(read_metadata(content)["classes"])
        # Several files of one network share it.
        if not beside.is_file() or beside.read_text(encoding="utf-8") != text:
            with whole_file(beside, overwrite=overwrite) as partial:
                partial.write_text(text, encoding="utf-8")
    with whole_file(path, overwrite=overwrite) as partial:
        partial.write_bytes(content)
