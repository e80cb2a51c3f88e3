"""Packs LiteRT.js for the page: `litert.tar.xz`, from the npm packages, held against their hashes.

    python .ci/vendor_litert.py

Needs npm. The same bytes come out each time.
"""

from __future__ import annotations

import base64
import hashlib
import io
import lzma
import subprocess
import tarfile
import tempfile
from pathlib import Path

TARGET = Path(__file__).parents[1] / "web" / "litert.tar.xz"
# As the registry gives them under dist.integrity.
PACKAGES = {
    "@litertjs/core@2.5.3": "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkvi"
    "YGr9OFDL1kCnN4nzWoyJQ==",
    "@litertjs/wasm-utils@2.5.3": "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC"
    "2kT39A9OYBVdFawteZ/sI1kQ==",
}
# Three builds: plain, with threads, and for browsers without relaxed SIMD.
_BUILDS = ("litert_wasm_internal", "litert_wasm_threaded_internal", "litert_wasm_compat_internal")


def main() -> None:
    core, utils = (_members(name) for name in PACKAGES)
    files = {f"{build}.{kind}": core[f"package/wasm/{build}.{kind}"]
             for build in _BUILDS for kind in ("js", "wasm")}  # fmt: skip
    # A page without a bundler has no names of packages.
    index = core["package/dist/index.js"].replace(b'"@litertjs/wasm-utils"', b'"./wasm-utils.js"')
    assert index.count(b"./wasm-utils.js") == 1
    files["index.js"] = _without_map(index)
    files["wasm-utils.js"] = _without_map(utils["package/dist/index.js"])
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    # The builds are nearly equal: a window wider than one of them packs the others into little.
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 26}]
    TARGET.write_bytes(lzma.compress(packed.getvalue(), filters=filters))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes, SHA-256 {_sha256(TARGET)}")


def _members(package: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        (file,) = Path(folder).iterdir()
        content = file.read_bytes()
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != PACKAGES[package]:
        raise SystemExit(f"{package} has another hash than the one written here: sha512-{found}")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {entry.name: archive.extractfile(entry).read()  # type: ignore[union-attr]
                for entry in archive if entry.isfile()}  # fmt: skip


def _without_map(script: bytes) -> bytes:
    """Without the line that names a file of the page's debugger, which is not shipped."""
    lines = script.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"//# sourceMappingURL"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
