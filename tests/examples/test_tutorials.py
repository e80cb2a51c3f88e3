"""Each tutorial runs from top to bottom, on less, and leaves what it says."""

from __future__ import annotations

import csv
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
TUTORIALS = ("own_dataset", "own_network_in_folds", "phone_and_pi", "long_recordings")


@pytest.fixture
def tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    monkeypatch.chdir(tmp_path)
    return lambda name: runpy.run_path(str(EXAMPLES / f"{name}.py"))


def read(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(table).read_text().splitlines()))


def test_a_dataset_of_ones_own(tutorial: Callable) -> None:
    run = tutorial("own_dataset")["main"](subjects=3, clips_per_subject=4)
    rows = read("own_dataset/run/predictions.csv")
    assert len(rows) == 12
    assert {row["subject"] for row in rows} == {"s01", "s02", "s03"}
    assert 0 <= run.metrics()["uf1"] <= 1


def test_a_network_of_ones_own_in_the_folds(tutorial: Callable) -> None:
    mine, machine = tutorial("own_network_in_folds")["main"](subjects=2, epochs=2)
    assert not mine.failed
    assert not machine.failed
    assert Path("folds/mine/predictions.csv").is_file()
    # The same clips, folds and labels as the machine's, with other answers.
    assert len(mine.predictions) == len(machine.predictions) == 24


def test_to_a_phone_or_a_board(tutorial: Callable) -> None:
    said = tutorial("phone_and_pi")["main"](subjects=2, epochs=1)
    assert sum(said.probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert len(list(Path("phone_and_pi/files").glob("*.tflite"))) == 2


def test_long_recordings(tutorial: Callable) -> None:
    rows = tutorial("long_recordings")["main"](seconds=8.0)
    assert rows
    written = read("long_recordings/finds.csv")
    assert [int(row["frame"]) for row in written] == [row["frame"] for row in rows]


def test_every_tutorial_is_on_its_page() -> None:
    page = (EXAMPLES.parent / "docs/tutorials.md").read_text()
    assert tuple(re.findall(r"literalinclude\} \.\./examples/(\w+)\.py", page)) == TUTORIALS
