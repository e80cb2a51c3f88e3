"""The tables as data hold together, and agree with what the counting was fitted to."""

from __future__ import annotations

import pytest

from dfrnet_keras.paper.costs import printed_costs
from dfrnet_keras.paper.experiments import NAMES, TABLES
from dfrnet_keras.paper.published import PEERS, PUBLISHED, PUBLISHED_TABLE2


def test_every_table_and_figure_of_the_paper_is_there() -> None:
    assert (*(f"table{number}" for number in range(1, 10)), "figure6", "figure7") == NAMES


@pytest.mark.parametrize("what", TABLES)
def test_every_printed_row_is_a_row_and_every_other_says_that_it_is_none(what: str) -> None:
    printed = list(PUBLISHED[what])
    rows = TABLES[what].rows
    assert [row.name for row in rows][: len(printed)] == printed
    assert all("Not a row of the paper" in row.note for row in rows[len(printed) :])
    for row in rows:
        assert set(row.options.get("features", row.views)) == set(row.views)


def test_the_papers_own_row_is_one_run_in_every_table() -> None:
    own = {"table2": "Ours", "table3": "T + S + D", "table4": "Ours", "table6": "All",
           "table7": "All", "table8": "3", "table9": "3"}  # fmt: skip
    for what, name in own.items():
        (row,) = [row for row in TABLES[what].rows if row.name == name]
        assert (row.model, row.options) == ("dfrnet", {})
        assert PUBLISHED[what][name].full == (0.7657, 0.7295)


def test_every_method_is_built_and_every_row_says_what_its_epoch_was_chosen_on() -> None:
    rows = {row.method: row for row in PUBLISHED_TABLE2}
    assert all(row.model for row in TABLES["table2"].rows)
    assert all(row.chosen for row in rows.values())
    assert "drawn macro-expressions" in rows["ME-PLAN"].note
    assert "action units" in rows["FGRL-AUF"].note
    assert {*PEERS} <= {row.name for row in TABLES["table2"].rows}


def test_printed_costs_are_those_that_the_counting_knows() -> None:
    from dfrnet_keras.models import paper_counts

    with_costs = {
        what: rows for what, rows in PUBLISHED.items() if next(iter(rows.values())).milliseconds
    }
    assert list(with_costs) == ["table5", "table7", "table9"]
    for what, rows in with_costs.items():
        assert list(rows) == [row.name for row in TABLES[what].rows]
        for row in TABLES[what].rows:
            assert row.counted is not None
            options = {**row.options, **row.counted}
            classes = options.pop("classes")
            known = paper_counts(**options)
            assert known is not None
            assert known.classes == classes
            assert printed_costs(what, row)["parameters"] == known.parameters
    (all_of_table7,) = [row for row in TABLES["table7"].rows if row.name == "All"]
    assert printed_costs("table7", all_of_table7) == {
        "parameters": 3_296_000, "thop_macs": 2_231_000_000, "milliseconds": 65.944,
    }  # fmt: skip
    assert printed_costs("table6", all_of_table7) == {}
