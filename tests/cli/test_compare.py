import csv
import io
import json

import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.evaluation.run import FoldRecord, Prediction
from dfrnet_keras.evaluation.run_folder import write_record

CLASSES = ["negative", "positive", "surprise"]


@pytest.fixture
def make(tmp_path):
    """Makes a run folder in which every `wrong`-th clip is answered by the next class."""

    def make(name, wrong, *, validation="none", subjects=8):
        folder = tmp_path / name
        folder.mkdir()
        settings = {
            "learner": {"name": "net"}, "validation": validation, "seeds": [0], "folds": subjects,
            "protocol": "single-database leave-one-subject-out on d", "subjects": subjects,
            "classes": CLASSES, "store": {"digest": "0"},
        }  # fmt: skip
        (folder / "settings.json").write_text(json.dumps(settings))
        for number in range(subjects):
            rows = [
                Prediction("d", f"s{number}", f"c{clip}", CLASSES[clip % 3],
                           CLASSES[(clip + ((6 * number + clip) % wrong == 0)) % 3],
                           (0.5, 0.3, 0.2), number, 0, 1)
                for clip in range(6)
            ]  # fmt: skip
            write_record(folder, FoldRecord(number, 0, "d", f"s{number}", tuple(rows)))
        return str(folder)

    return make


def compare(*arguments):
    result = CliRunner().invoke(dfr_keras, ["compare", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_tables(make):
    shown = compare(make("good", 40), make("bad", 2), make("fair", 30))
    for words in ("8 subjects", "good against bad", "good against fair", "Holm", "McNemar",
                  "UF1 of good: significant against bad; not significant against fair.",
                  "d_z", "odds"):  # fmt: skip
        assert words in shown
    assert "OPTIMISTIC" not in shown
    tables = [line for line in shown.splitlines() if not line.endswith(".")]
    assert len(tables) > 10
    assert max(map(len, tables)) <= 80
    # Each remark is one line: what is not a terminal folds nothing.
    assert "p below 0.05 is called significant, by Holm where there are several pairs." in shown


def test_json_csv_and_markdown_say_the_same(make):
    runs = [make("good", 40), make("bad|[2]", 2)]
    content = json.loads(compare(*runs, "--json", "--samples", "500"))
    assert content["level"] == 0.05
    assert [run["run"] for run in content["runs"]] == ["good", "bad|[2]"]
    (pair,) = content["pairs"]
    assert set(pair) == {"first", "second", "uf1", "uar", "mcnemar", "t_test"}
    assert pair["uf1"]["significant"] is True
    assert pair["uf1"]["difference"] == pytest.approx(
        content["runs"][0]["uf1"] - content["runs"][1]["uf1"]
    )
    rows = list(csv.DictReader(io.StringIO(compare(*runs, "--csv", "--samples", "500"))))
    assert [row["test"] for row in rows] == ["UF1", "UAR", "McNemar", "t-test"]
    assert float(rows[0]["p"]) == pair["uf1"]["p"]
    assert float(rows[0]["value"]) == pair["uf1"]["difference"]
    assert rows[2]["measure"] == "odds ratio"
    assert float(rows[3]["d_z"]) == pair["t_test"]["d_z"]
    shown = compare(*runs, "--markdown", "--samples", "500")
    assert f"| UF1 | {pair['uf1']['difference']:+.4f} |" in shown
    assert r"| bad\|[2] | net |" in shown


def test_optimistic_runs_are_marked(make):
    shown = compare(make("good", 40, validation="test-subject"), make("bad", 2))
    assert "OPTIMISTIC: the epochs of good were chosen" in shown
    assert "a difference means nothing" in " ".join(shown.split())
    (row,) = [line for line in shown.splitlines() if line.startswith("good  ")]
    assert row.rstrip().endswith("OPTIMISTIC")


def test_runs_of_other_clips_are_refused(make, error):
    message = error("compare", make("whole", 5), make("part", 5, subjects=7))
    assert "d/s7/c0 (fold 7) is tested in" in message
    assert "part" in message
    assert "at least two" in error("compare", make("one", 5))
