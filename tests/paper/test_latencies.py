"""Times of networks: measured in a process of their own, kept, and found again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.paper import Effort, latencies, reproduce
from dfrnet_keras.paper.costs import network_key
from dfrnet_keras.paper.experiments import TABLES, Row
from dfrnet_keras.paper.latencies import time_networks
from dfrnet_keras.paper.tables import timed_rows

NETWORK = Row("STSTNet", "ststnet", views="T")
LARGER = Row("RCN", "rcn-a", views="T")
MACHINE = Row("RBF-SVM", "svm", views="T")


@pytest.fixture
def sittings(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Keys of the networks of each sitting; nothing is timed, 1 ms, 2 ms ... are made up."""
    held: list[list[str]] = []

    def pretend(networks: Iterable[str], threads: int, runs: int) -> dict[str, dict[str, Any]]:
        held.append(list(networks))
        return {key: {"keras_milliseconds": float(len(held)), "tflite_milliseconds": 0.5}
                for key in networks}  # fmt: skip

    monkeypatch.setattr(latencies, "_in_a_process", pretend)
    return held


def test_what_was_timed_is_found_again(sittings: list[list[str]], tmp_path: Path) -> None:
    said: list[str] = []
    first = time_networks([NETWORK, LARGER, MACHINE], tmp_path, Effort(timed_runs=7), said.append)
    assert first is not None
    assert sittings == [[network_key(NETWORK), network_key(LARGER)]]
    assert said == ["timing 2 networks, 7 runs each"]
    assert time_networks([LARGER], tmp_path, Effort(timed_runs=5), said.append) == first
    assert len(said) == 1
    assert time_networks([MACHINE], tmp_path, Effort()) is None


def test_other_conditions_are_another_sitting(sittings: list[list[str]], tmp_path: Path) -> None:
    time_networks([NETWORK], tmp_path, Effort(timed_runs=7))
    time_networks([NETWORK], tmp_path, Effort(timed_runs=8))
    time_networks([NETWORK], tmp_path, Effort(timed_runs=7, threads=2))
    # Rows of one table are timed against each other, so that the known one is timed once more.
    time_networks([NETWORK, LARGER], tmp_path, Effort(timed_runs=7))
    assert len(sittings[-1]) == 2
    time_networks([NETWORK], tmp_path, Effort(timed_runs=7, time_again=True))
    assert len(sittings) == 5
    latest = time_networks([NETWORK], tmp_path, Effort(timed_runs=7))
    assert latest is not None
    assert latest["networks"][network_key(NETWORK)]["keras_milliseconds"] == 5
    file = tmp_path / "latencies.json"
    content = json.loads(file.read_text())
    for sitting in content["sittings"]:
        sitting["machine"]["processor"] = "another"
    file.write_text(json.dumps(content))
    time_networks([NETWORK], tmp_path, Effort(timed_runs=7))
    assert len(sittings) == 6


def test_tables_take_their_times_from_one_sitting(
    sittings: list[list[str]], tmp_path: Path
) -> None:
    time_networks(timed_rows(["table1", "table3", "table7", "table9"]), tmp_path, Effort(threads=3))
    for what in ("table7", "table9"):
        table = reproduce(what, None, Effort(training=False, threads=3), run_dir=tmp_path)
        assert {row["keras_milliseconds"] for row in table["rows"]} == {1.0}
        assert (table["machine"]["threads"], table["machine"]["runs"]) == (3, 100)
    assert len(sittings) == 1
    expected = {network_key(row) for name in ("table7", "table9") for row in TABLES[name].rows}
    assert set(sittings[0]) == expected


@pytest.mark.parametrize("content", ["{", "[]", '{"sittings": [{}]}', '{"sittings": 3}'])
def test_a_file_that_holds_something_else_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "latencies.json").write_text(content)
    with pytest.raises(InputError, match="delete it, and they are timed again"):
        time_networks([NETWORK], tmp_path, Effort())


@pytest.mark.slow
def test_networks_are_timed_in_keras_and_as_tflite(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [NETWORK, *(Row(str(i), "ststnet", options={"classes": i}) for i in range(4, 10))]
    sitting = time_networks(rows, tmp_path, Effort(timed_runs=3))
    assert sitting is not None
    assert set(sitting["networks"]) == {network_key(row) for row in rows}
    for figures in sitting["networks"].values():
        assert figures["tflite_milliseconds"] > 0
        assert figures["keras_milliseconds"] > 0
        assert figures["tflite_bytes"] > 4 * 1683
    assert "retracing" not in capfd.readouterr().err
