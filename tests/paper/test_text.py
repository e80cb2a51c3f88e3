"""Lines of a table, from figures that are made up."""

from __future__ import annotations

import csv
import io
from typing import Any

from dfrnet_keras.paper.text import as_csv, as_latex, as_markdown, lines_of, remarks_of

TABLE: dict[str, Any] = {
    "what": "table7",
    "dataset": "synthetic",
    "title": "Cost",
    "header": "Attention",
    "note": "",
    "by_dataset": False,
    "costs": True,
    "epochs": False,
    "notices": ["Machinery only, not a result: 1 fold."],
    "machine": {"processor": "P", "cores": 2, "free_cores": 1.5, "threads": 1, "runs": 100},
    "paper_machine": None,
    "rows": [
        {
            "name": "None & all", "parameters": 3_273_408, "thop_macs": 2_229_129_088,
            "counted_with": {"attention": "none", "classes": 1000}, "uf1": 0.5, "uar": None,
            "keras_milliseconds": 12.3456, "tflite_milliseconds": 10.0, "note": "",
            "paper": {"parameters": 3_273_000, "thop_macs": 2_229_000_000, "uf1": 0.7333,
                      "uar": 0.6991, "milliseconds": 54.713},
        },
        {"name": "own", "not_run": "no maps", "note": "", "paper": None},
    ],
}  # fmt: skip


def test_ours_stand_above_the_papers() -> None:
    ours, paper, own = lines_of(TABLE)
    assert ours.cells == ["3.273 M", "2.229 G", "12.346", "10.000", "1000 classes, attention none",
                          "0.5000", "-"]  # fmt: skip
    assert paper.cells == ["3.273 M", "2.229 G", "54.713", "-", "-", "0.7333", "0.6991"]
    assert own.cells == ["-"] * 7


def test_small_networks_are_no_row_of_zeros() -> None:
    row = {"name": "STSTNet", "parameters": 1683, "thop_macs": 447_600, "paper": None}
    (line,) = lines_of({**TABLE, "rows": [row]})
    assert line.cells[:2] == ["1,683", "0.448 M"]


def test_remarks_name_the_machine_and_what_was_not_run() -> None:
    remarks = " ".join(remarks_of(TABLE))
    assert "Not run: own: no maps." in remarks
    assert "mean of 100 runs" in remarks
    assert "1 thread, P, 1.5 of 2 cores free at the start" in remarks


def test_csv_has_both_figures_unrounded_in_one_line() -> None:
    first, second = csv.DictReader(io.StringIO(as_csv([TABLE])))
    assert first["parameters"] == "3273408"
    assert first["paper_parameters"] == "3273000"
    assert first["paper_milliseconds"] == "54.713"
    assert "paper_tflite_milliseconds" not in first
    assert second["not_run"] == "no maps"
    assert "not a result" in second["notice"]


def test_markdown_and_latex_are_rows_with_the_notice() -> None:
    markdown = as_markdown([TABLE]).splitlines()
    assert "| None & all | here | 3.273 M |" in markdown[6]
    assert any("not a result" in line for line in markdown)
    latex = as_latex([TABLE])
    assert r"None \& all & here & 3.273 M & 2.229 G" in latex
    assert latex.count("\\\\\n") == 4
    assert "% Machinery only, not a result" in latex
