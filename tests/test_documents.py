"""Every command and piece of Python in the documents runs, with less of it where it is long."""

from __future__ import annotations

import csv
import importlib
import re
import runpy
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_LINKS = [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
# Run by name: they install, run the tests, or are run by a test of their own.
MAKE_TARGETS = ("demo", "test", "test-all", "check", "install")


def _blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for document in DOCUMENTS:
        for block in re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.S):
            found.append((document.name, block))
    return found


def _commands() -> list[tuple[str, list[str]]]:
    commands = []
    for document, block in _blocks("bash"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                commands.append((document, words))
    return commands


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for all tests of this file: drawn clips are rendered once."""
    folder = tmp_path_factory.getbasetemp() / "documents-home"
    monkeypatch.setenv("DFR_KERAS_HOME", str(folder))


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of motion maps as the README describes it: 4 subjects, 12 maps."""
    folder = tmp_path_factory.mktemp("documents") / "maps"
    folder.mkdir()
    random = np.random.default_rng(0)
    rows = [["file", "dataset", "subject", "clip", "label"]]
    for subject in range(4):
        for number, label in enumerate(("negative", "positive", "surprise")):
            name = f"s{subject}_c{number}.png"
            picture = random.integers(0, 256, (28, 28, 3), np.uint8)
            assert cv2.imwrite(str(folder / name), picture)
            rows.append([name, "drawn", f"s{subject}", f"c{number}", label])
    with (folder / "samples.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def write_clip(folder: Path) -> None:
    """A folder of frames, as the README's `clip`."""
    from dfrnet_keras.datasets.synthetic import synthesize_clips

    folder.mkdir()
    _, clip = next(synthesize_clips(subjects=1, clips_per_subject=1))
    for number, frame in enumerate(clip.frames):
        assert cv2.imwrite(str(folder / f"img{number}.png"), frame[..., ::-1])


def write_recording(path: Path) -> None:
    """A few seconds of a drawn person, as `recording.avi` of docs/spotting.md."""
    from dfrnet_keras.datasets.synthetic.recordings import draw_recording, write_video

    write_video(draw_recording(4, 4.0, 50.0, micro=20, macro=0, happenings=()), path)


def test_every_command_of_the_documents_runs(
    maps: Path,
    home: None,
    quick_best_recipe: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dfrnet_keras.cli.main import dfr_keras

    monkeypatch.chdir(tmp_path)
    (tmp_path / "maps").symlink_to(maps)
    write_clip(tmp_path / "clip")
    write_recording(tmp_path / "recording.avi")
    commands = _commands()
    assert len(commands) >= 8
    ran, converted = 0, []
    for document, words in commands:
        if words[0] == "make":
            assert words[1] in MAKE_TARGETS, f"{document}: {' '.join(words)}"
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M)
            continue
        assert words[0] == "dfr-keras", f"{document}: nothing here runs {' '.join(words)}"
        # Small maps, one file in place of two: what is tested is the commands.
        smaller = {"56": "32", "none,float16": "float16"}
        arguments = [smaller.get(word, word) for word in words[1:]]
        if arguments[:2] == ["convert", "--preset"]:
            # Two documents do it, and it takes half a minute.
            if arguments[:-1] in converted:
                continue
            converted.append(arguments[:-1])
            arguments += ["--clips", "20", "--representative", "20"]
        if arguments[0] == "fit":
            # The later of two equal options counts.
            arguments += ["--jobs", "1", "--seeds", "1"]
            if "best" not in arguments:
                arguments += ["--epochs", "1", "--validation", "none"]
            if "--all-subjects" not in arguments:
                arguments += ["--folds", "2"]
        if arguments[:2] == ["data", "synthesize"] and "drawn-recordings" in arguments:
            arguments += ["--subjects", "2"]
        elif arguments[:2] == ["data", "synthesize"]:
            arguments += [
                "--subjects",
                "2",
                "--clips-per-subject",
                "3",
                "--frames",
                "6",
                "--cropped",
            ]
        result = CliRunner().invoke(dfr_keras, arguments, catch_exceptions=False)
        assert result.exit_code == 0, f"{document}: {' '.join(words)}\n{result.output}"
        ran += 1
    assert ran >= 8


@pytest.mark.parametrize(("document", "code"), _blocks("python"))
def test_every_piece_of_python_of_the_documents_runs(
    document: str, code: str, home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, document, "exec"), {"__name__": document})


@pytest.mark.parametrize("document", WITH_LINKS, ids=lambda document: document.name)
def test_links_of_the_documents_lead_somewhere(document: Path) -> None:
    for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([\w-]+))?\)", document.read_text()):
        file = document.parent / target if target else document
        assert file.exists(), f"{document.name} links to {target}"
        if heading:
            titles = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
            anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert heading in anchors, f"{document.name} links to {target}#{heading}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_files_and_modules_that_the_documents_name_are_there(document: Path) -> None:
    text = document.read_text()
    for name in re.findall(r"(?:`|python )([\w/]+/\w+\.py)\b", text):
        places = (ROOT / name, ROOT / "dfrnet_keras" / name)
        assert any(place.is_file() for place in places), f"{document.name} names {name}"
    for name in re.findall(r"`(dfrnet_keras(?:\.\w+)+)[`(]", text):
        if name.endswith(".json"):
            continue
        module, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), attribute), f"{document.name}: {name}"


def test_the_readme_is_read_in_ten_minutes() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_map_of_the_house_is_that_of_the_architecture_test() -> None:
    allowed = runpy.run_path(str(ROOT / "tests/test_architecture.py"))["ALLOWED"]
    section = (ROOT / "docs/house.md").read_text().split("\n## ")[0]
    rows = re.findall(r"^\| `([\w.]+)` \| .+ \| ([\w., ]+?)(?:; .*)? \|$", section, re.M)
    written = {
        room: None if may == "anything" else set(may.split(", ")) - {"nothing"}
        for room, may in rows
    }
    open_to_all = re.search(r"Open to every room: (.*?)\n\n", section, re.S).group(1)
    written |= {room: set() for room in re.findall(r"`([a-z]+)`", open_to_all)}
    assert written == allowed
