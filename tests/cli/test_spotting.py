"""`evaluate-spotting` and `fit-spotting` on drawn recordings."""

import csv
import json

import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.datasets.recording import load_recordings
from dfrnet_keras.datasets.synthetic.recording_layouts import write_recordings
from dfrnet_keras.evaluation.spotting import Find, write_finds


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    options = {"seconds": 10.0, "size": (160, 120), "micro": 12, "macro": 0, "happenings": ()}
    return write_recordings(
        "casme-squared", tmp_path_factory.mktemp("spotting") / "d", subjects=2, seed=1, **options
    )


def run(*arguments):
    return CliRunner().invoke(dfr_keras, [*map(str, arguments)])


def test_finds_are_held_against_the_truth(root, tmp_path):
    truth = [
        Find(recording.name, one.onset, one.apex, one.offset, one.kind, 1.0, one.label)
        for recording in load_recordings("casme-squared", root)
        for one in recording.intervals
    ]
    write_finds(tmp_path / "f.csv", truth[:-1])
    rows = tmp_path / "rows.csv"
    where = ("--dataset", "casme-squared", "--root", root)
    result = run("evaluate-spotting", tmp_path / "f.csv", *where, "--rows", rows)
    assert result.exit_code == 0, result.output
    line = next(text for text in result.output.splitlines() if text.startswith("micro"))
    assert line.split()[-7:-3] == ["4", "3", "0", "1"]
    outcomes = [row["outcome"] for row in csv.DictReader(rows.read_text().splitlines())]
    assert sorted(outcomes) == ["FN", "TP", "TP", "TP"]
    figures = json.loads(run("evaluate-spotting", tmp_path / "f.csv", *where, "--json").output)
    assert figures["micro"]["f1"] == pytest.approx(6 / 7)
    assert figures["micro"]["apex_error"] == 0
    assert figures["optimistic"] is False


def test_a_baseline_is_run_and_its_finds_evaluated_again(root, tmp_path):
    where = ("--dataset", "casme-squared", "--root", root)
    out = tmp_path / "f.json"
    options = ("--method", "map-means", "--kind", "micro", "--thresholds", "test-subject")
    result = run("fit-spotting", *where, *options, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    assert figures["optimistic"] is True
    assert figures["micro"]["hits"] + figures["micro"]["misses"] == 4
    again = run("evaluate-spotting", out, *where)
    assert "map-means, overlap 0.5 - OPTIMISTIC: chosen on the test subjects" in again.output
    assert figures == json.loads(run("evaluate-spotting", out, *where, "--json").output)
    refused = run("fit-spotting", *where, *options, "--out", tmp_path / "f.csv")
    assert refused.exit_code == 1
    assert "only a .json file can say" in str(refused.exception)


def test_the_spotter_of_the_package_goes_through_the_protocol(root):
    result = run("fit-spotting", "--dataset", "casme-squared", "--root", root, "--method", "spot",
                 "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    assert figures["method"] == "spot"
    assert figures["micro"]["hits"] + figures["micro"]["false_finds"] > 0
    assert figures["macro"]["truth"] == 0


def test_softnet_goes_through_the_same_protocol(root):
    result = run("fit-spotting", "--dataset", "casme-squared", "--root", root, "--kind", "micro",
                 "--epochs", 1, "--frame-rate", 10, "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    assert figures["method"] == "softnet"
    assert figures["micro"]["truth"] == 4
    assert figures["micro"]["recordings"] == 2
