"""Writes the page with all that it needs: one folder, for any host of static files."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

from dfrnet_keras.atomic import whole_folder
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.landmarks import INSTALL, PACKAGE, face_networks
from dfrnet_keras.tflite.conversion.frames_input import take_frames
from dfrnet_keras.tflite.runtime.metadata import read_metadata

_HERE = Path(__file__).parent
LITERT = _HERE / "litert.tar.xz"  # made by .ci/vendor_litert.py
# web/NOTICE names it; a wheel that was damaged on its way would give a page that hangs.
LITERT_SHA256 = "89f34ba3839655cee417a902456920fcfc50a885e0a7c6e21fd7b9615b908365"
_PACKED = (".wasm", ".tflite")


def write_site(
    out: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    preset: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the site; it asks no other host for anything.

    Args:
        out: The folder to make.
        model: A `.tflite` file of maps, as `dfr-keras convert` writes it, of a network that takes
            flow. Flow is computed by the page ("ilk"), whatever it was trained on.
        preset: Name or folder of a preset, where no model is given; by default the package's.
        overwrite: Replace a folder that is there.

    Returns:
        The folder.

    Raises:
        InputError: The face networks are missing, the file is no such network, the folder is there
            already, or the package is damaged.
    """
    target = Path(out)
    if target.exists() and not overwrite and not (target.is_dir() and not any(target.iterdir())):
        raise InputError(f"{target} is there already: choose another folder or give --overwrite.")
    files = site_files(model, preset=preset)
    with whole_folder(target, overwrite=True) as folder:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return target


def site_files(
    model: str | os.PathLike[str] | None = None, *, preset: str | None = None
) -> dict[str, bytes]:
    """The files of the site by their names; see `write_site`. Equal input gives equal files."""
    faces = face_networks()
    if faces is None:
        raise InputError(f"the page finds faces with the networks of {PACKAGE}: {INSTALL}")
    litert = _litert()
    network, about = _network(model, preset)
    page = _HERE / "page"
    files = {str(path.relative_to(page).as_posix()): path.read_bytes()
             for path in sorted(page.rglob("*")) if path.is_file()}  # fmt: skip
    files["NOTICE.txt"] = (_HERE / "NOTICE").read_bytes()
    files |= {f"litert/{name}": content for name, content in litert.items()}
    files |= {f"models/{path.name}": path.read_bytes() for path in faces.values()}
    files["models/model.tflite"] = network
    files["models/model.json"] = json.dumps(about, indent=1).encode()
    packed = {}
    for name, content in files.items():
        # Packed here, so that a host that packs nothing sends a third of it as well.
        large = name.endswith(_PACKED)
        packed[f"{name}.gz" if large else name] = (
            gzip.compress(content, 9, mtime=0) if large else content
        )
    return packed | {"service-worker.js": _service_worker(packed)}


def _network(model: str | os.PathLike[str] | None, preset: str | None) -> tuple[bytes, Any]:
    from dfrnet_keras.models.preset import DEFAULT_PRESET, preset_file

    path = Path(model) if model is not None else preset_file(preset or DEFAULT_PRESET)
    about = read_metadata(path)
    if about.get("takes") == "frames" or "flow" not in about["inputs"]:
        raise InputError(
            f"{path} takes {', '.join(about['inputs'])}, and the page shows the flow that the "
            "network sees: give a file of maps with flow among them, as dfr-keras convert writes "
            "it without --input frames."
        )
    abstention = about.get("abstention") or {}
    return take_frames(path.read_bytes(), keep_maps=True), {
        "name": path.parent.name if model is None else path.name,
        "preset": model is None and preset is None,
        "classes": about["classes"],
        "threshold": abstention.get("threshold"),
        "units": abstention.get("units", {}),
        "learnt_from": about.get("learnt_from"),
        "not_for": about.get("not_for"),
    }


def _litert() -> dict[str, bytes]:
    content = LITERT.read_bytes()
    if hashlib.sha256(content).hexdigest() != LITERT_SHA256:
        raise InputError(f"{LITERT} is damaged: install the package again.")
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:xz") as archive:
        return {entry.name: archive.extractfile(entry).read()  # type: ignore[union-attr]
                for entry in archive.getmembers()}  # fmt: skip


def _service_worker(files: dict[str, bytes]) -> bytes:
    """The service worker with the list of all files, and a version that follows from them."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    # Of the builds of LiteRT.js the worker keeps the one that the page names.
    others = (name for name in files if "litert_wasm" not in name)
    kept = ["./", *sorted(name for name in others if name != "service-worker.js")]
    head = f"const VERSION = {json.dumps(digest.hexdigest()[:16])};\n"
    head += f"const FILES = {json.dumps(kept, indent=1)};\n\n"
    return head.encode() + files["service-worker.js"]
