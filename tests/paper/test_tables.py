"""Tables from small stores: what is run, what is shared, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.paper import Effort, reproduce, tables, write_page
from dfrnet_keras.paper.experiments import Row, Table
from dfrnet_keras.paper.pictures import write_matrices
from dfrnet_keras.paper.runs import Source
from dfrnet_keras.paper.text import as_csv
from dfrnet_keras.store import FeatureStore

MakeStore = Callable[..., FeatureStore]
ONE = Effort(folds=2, epochs=1)


def source_of(store: FeatureStore) -> Source:
    return Source(store_path=store.path)


def test_table1_counts_what_is_given_beside_what_is_printed(make_store: MakeStore) -> None:
    table = reproduce("table1", source_of(make_store("T")), Effort())
    rows = {row["name"]: row for row in table["rows"]}
    assert rows["SMIC"]["clips"] == 9
    assert (rows["SMIC"]["subjects"], rows["SMIC"]["negative"]) == (3, 3)
    assert rows["SMIC"]["paper"]["clips"] == 164
    assert rows["CASME II"]["not_run"]
    assert table["notices"] == []
    assert json.loads(json.dumps(table)) == table


def test_a_row_is_trained_sliced_and_shared_with_a_figure(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Table("Stages", "Layers", (Row("1", options={"stages": 1}),))
    monkeypatch.setitem(tables.TABLES, "table8", small)
    monkeypatch.setattr(tables, "OURS", small.rows[0])
    source = source_of(make_store("TSD"))
    runs = tmp_path / "runs"
    table = reproduce("table8", source, ONE, run_dir=runs)
    (row,) = table["rows"]
    assert "machinery only, not a result" in table["notices"][0]
    assert 0 <= row["uf1"] <= 1
    assert row["paper"]["uf1"] == 0.6851
    assert row["folds"]["done"] == 2
    assert row["epochs"] == 1
    # Two folds: one person of each dataset, who are the first of the sorted ones.
    assert set(row["datasets"]) <= {"smic", "samm"}
    records = sorted(runs.rglob("seed-*.json"))
    written = [file.stat().st_mtime_ns for file in records]
    assert len(written) == 2

    figure = reproduce("figure6", source, ONE, run_dir=runs)
    assert [file.stat().st_mtime_ns for file in sorted(runs.rglob("seed-*.json"))] == written
    full = figure["panels"][0]
    assert full["name"] == "Full"
    assert sum(map(sum, full["confusion_matrix"])) == full["clips"] == 6
    picture = write_matrices(figure, tmp_path / "new" / "figure6.png")
    assert picture.read_bytes().startswith(b"\x89PNG")

    page = write_page([table, figure], tmp_path / "page.html", "dfr-keras reproduce all")
    content = page.read_text()
    assert "not a result" in content
    assert "0.6851" in content
    assert "How soon each learned" in content
    assert content.count("machinery only, not a result") == 3  # above, and by each of the two
    assert "not a result" in as_csv([table])


def test_maps_that_are_missing_are_named_with_what_can_run(make_store: MakeStore) -> None:
    source = source_of(make_store("T"))
    with pytest.raises(InputError, match=r"apex and difference that table3 needs.*STSTNet"):
        reproduce("table3", source, ONE)
    with pytest.raises(InputError, match=r"`table5 --no-training` prints its costs"):
        reproduce("table5", source, ONE)
    with pytest.raises(InputError, match=r"apex and difference that figure7 needs"):
        reproduce("figure7", source, ONE)


def test_rows_that_can_run_are_run_and_the_others_say_why(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (Row("STSTNet", "ststnet", views="T"), Row("ME-PLAN", None, views=""), Row("Ours"))
    monkeypatch.setitem(tables.TABLES, "table2", Table("Methods", "Method", rows, epochs=True))
    source = source_of(make_store("T"))
    table = reproduce("table2", source, replace(ONE, latency=False), run_dir=tmp_path)
    network, plan, ours = table["rows"]
    assert 0 <= network["uar"] <= 1
    assert "macro precision" in network["note"]
    assert plan["not_run"] == "not built here"
    assert plan["paper"]["uf1"] == 0.7715
    assert ours["not_run"].endswith("has no apex and no difference")


def test_without_data_nothing_is_trained_and_a_figure_is_refused() -> None:
    table = reproduce("table6", None, Effort())
    assert {row["not_run"] for row in table["rows"]} == {"no dataset was given"}
    with pytest.raises(InputError, match="give --dataset"):
        reproduce("figure6", None, Effort())
    with pytest.raises(InputError, match="table10 is no table"):
        reproduce("table10", None, Effort())
