"""What a `.tflite` file says about itself: a JSON text in a metadata buffer of its own.

It holds all that prediction needs (classes in order, how frames become maps) and what a reader
wants to know (training, leave-one-subject-out figures, agreement with Keras). Reading it needs
ai-edge-litert alone.
"""

from __future__ import annotations

import itertools
import json
import mmap
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError

KEY = "dfrnet_keras.json"
FORMAT = 1
# What a `Predictor` cannot do without.
REQUIRED = ("classes", "inputs", "preparation")


def with_metadata(tflite: bytes, metadata: Mapping[str, Any]) -> bytes:
    """Write metadata into a `.tflite` file, in place of this package's own from before.

    Args:
        tflite: Content of the file.
        metadata: What JSON can hold.

    Returns:
        Content of the new file; the network in it is the same.
    """
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    buffer = schema.BufferT()
    buffer.data = list(json.dumps(metadata).encode())
    entry = next((entry for entry in model.metadata or [] if entry.name == KEY.encode()), None)
    if entry is None:
        entry = schema.MetadataT()
        entry.name = KEY.encode()
        entry.buffer = len(model.buffers)
        model.metadata = [*(model.metadata or []), entry]
        model.buffers.append(buffer)
    else:
        model.buffers[entry.buffer] = buffer
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def read_metadata(file: bytes | str | os.PathLike[str]) -> dict[str, Any]:
    """Read the metadata of a `.tflite` file.

    Args:
        file: The file, or its content.

    Returns:
        What `with_metadata` wrote, without what TensorFlow notes of itself.

    Raises:
        InputError: The file is missing, is no TFLite file, or has no metadata of this package.
    """
    name = "The TFLite content" if isinstance(file, bytes) else str(file)
    content = file if isinstance(file, bytes) else _mapped(Path(file))
    if content[4:8] != b"TFL3":
        raise InputError(f"{name} is not a TFLite file: give one that `dfr-keras convert` wrote.")
    try:
        text = _find(content)
        metadata = None if text is None else json.loads(text)
    except InputError:
        raise
    except Exception as error:  # whatever a flatbuffer that is cut off makes the reader raise
        raise InputError(f"{name} is truncated or damaged: convert the network again.") from error
    if metadata is None:
        raise InputError(
            f"{name} has no metadata of dfrnet_keras, so its classes and the preparation of its "
            "maps are unknown: convert the network with `dfr-keras convert`."
        )
    missing = [key for key in REQUIRED if key not in metadata]
    if missing or metadata.get("format") != FORMAT:
        raise InputError(
            f"{name} has metadata that this version does not read "
            f"({', '.join(missing) or 'another format'}): convert the network again."
        )
    return metadata


def _find(content: bytes | mmap.mmap) -> bytes | None:
    """The text of the metadata, or `None` where there is none.

    LiteRT's schema module would read it as well, but takes 3 MB and a tenth of the time that the
    whole runtime takes to import. The numbers are the places of fields in TFLite's schema.fbs.
    """
    try:
        from flatbuffers.encode import Get
        from flatbuffers.packer import uoffset
        from flatbuffers.table import Table
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed: pip install flatbuffers") from error

    def field(table: Table, number: int) -> int:
        return int(table.Offset(4 + 2 * number))

    def entries(table: Table, number: int) -> Iterator[Table]:
        place = field(table, number)
        for index in range(table.VectorLen(place) if place else 0):
            yield Table(content, table.Indirect(table.Vector(place) + 4 * index))

    model = Table(content, Get(uoffset, content, 0))
    for entry in entries(model, 6):
        named = field(entry, 0)
        if not named or entry.String(entry.Pos + named) != KEY.encode():
            continue
        place = field(entry, 1)
        number = Get(uoffset, content, entry.Pos + place) if place else 0
        buffer = next(itertools.islice(entries(model, 4), number, None))
        place = field(buffer, 0)
        start = buffer.Vector(place)
        return bytes(content[start : start + buffer.VectorLen(place)])
    return None


def _mapped(path: Path) -> bytes | mmap.mmap:
    """The content, of which only what is looked at comes into memory."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return b""
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: check the path of the .tflite file.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path.") from error
