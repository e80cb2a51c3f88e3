"""The wheel holds what the tree holds."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from dfrnet_keras import __version__

ROOT = Path(__file__).parents[1]
OUTSIDE = ("cli", "tflite", "web")  # at the top of the tree, installed inside the package


def test_wheel_holds_every_module_and_template_of_the_tree(tmp_path: Path) -> None:
    # From a copy of what git would give, so that no build folder is left in the tree.
    copy = tmp_path / "tree"
    copy.mkdir()
    for name in ("dfrnet_keras", *OUTSIDE):
        shutil.copytree(ROOT / name, copy / name, symlinks=True,
                        ignore=shutil.ignore_patterns("node_modules", "__pycache__"))  # fmt: skip
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet",
         "--wheel-dir", str(tmp_path), str(copy)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 25e6
    kinds = (".py", ".j2", ".css", ".csv", ".js", ".html", ".xz", ".webm", ".svg")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(kinds)}
    expected = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "dfrnet_keras").rglob("*")
        if file.suffix in kinds
        and not set(OUTSIDE) & set(file.relative_to(ROOT / "dfrnet_keras").parts[:1])
    }
    for name in OUTSIDE:
        expected |= {
            f"dfrnet_keras/{file.relative_to(ROOT)}"
            for file in (ROOT / name).rglob("*")
            if file.suffix in kinds and "node_modules" not in file.parts
        }
    assert packed == expected
    assert {"dfrnet_keras/report/style.css", "dfrnet_keras/report/templates/page.html.j2"} <= packed


def test_links_give_a_checkout_the_installed_names() -> None:
    for name in OUTSIDE:
        link = ROOT / "dfrnet_keras" / name
        assert link.is_symlink()
        assert link.resolve() == (ROOT / name).resolve()


def test_the_notice_has_every_licence_of_the_package() -> None:
    notice = " ".join((ROOT / "NOTICE").read_text().split())
    licences = [
        file
        for file in (ROOT / "dfrnet_keras").rglob("*")
        if file.is_file() and any(word in file.name.lower() for word in ("licen", "notice"))
    ]
    assert licences
    for file in licences:
        assert " ".join(file.read_text().split()) in notice, f"NOTICE lacks the text of {file}"


def test_citation_and_changelog_have_the_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
