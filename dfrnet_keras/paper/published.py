"""What the paper prints, as it prints it: figures of others and its own, none measured here.

`published.csv` has a line for each row of a table, with the paper's own decimals; tables of cost
print no scores of single datasets. Printed parameters and FLOPs stand in `models.paper_counts`.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import NamedTuple

# Where the printed latencies were measured, sections 4.3 and 4.5.3; no thread count is given.
PAPER_MACHINE = "Intel i7-1165G7, PyTorch, batch 1, mean of 100 runs, threads not stated"

Pair = tuple[float, float]


class PublishedRow(NamedTuple):
    """Printed figures of one row; a pair is UF1 and UAR.

    Attributes:
        method: Name as printed.
        full: On the composite dataset.
        smic, casme2, samm: On the clips of each dataset, where they are printed.
        milliseconds: Printed as "Speed", where it is.
        source: Who printed it, and whose method it is.
        note: What is wrong or missing with the row; empty where nothing is.
        chosen: What the epoch was chosen on, as far as it is known; of Table 2 alone.
    """

    method: str
    full: Pair
    smic: Pair | None
    casme2: Pair | None
    samm: Pair | None
    milliseconds: float | None
    source: str
    note: str
    chosen: str = ""


def _read() -> dict[str, dict[str, PublishedRow]]:
    tables: dict[str, dict[str, PublishedRow]] = {}
    text = (files("dfrnet_keras.paper") / "published.csv").read_text("utf-8")
    for line in csv.DictReader(text.splitlines()):
        source = f"DFR-Net, Table {line['table'][-1]}"
        source += f"; the method is of {line['source']}" if line["source"] else ""
        smic, casme2, samm = (
            (float(line[f"{name}_uf1"]), float(line[f"{name}_uar"]))
            if line[f"{name}_uf1"]
            else None
            for name in ("smic", "casme2", "samm")
        )
        tables.setdefault(line["table"], {})[line["row"]] = PublishedRow(
            method=line["row"],
            full=(float(line["uf1"]), float(line["uar"])),
            smic=smic,
            casme2=casme2,
            samm=samm,
            milliseconds=float(line["milliseconds"]) if line["milliseconds"] else None,
            source=source,
            note=line["note"],
            chosen=line["chosen"],
        )
    return tables


# By table and row.
PUBLISHED = _read()
PUBLISHED_TABLE2 = tuple(PUBLISHED["table2"].values())


class PeerRow(NamedTuple):
    """Printed figures of a method that the paper does not compare with.

    Attributes:
        uf1, uar: On the composite dataset; `None` where it is not printed.
        source: Who printed it.
        chosen: What the epoch was chosen on.
    """

    uf1: float
    uar: float | None
    source: str
    chosen: str


# By the name of their row.
PEERS = {
    "HTNet": PeerRow(0.8603, 0.8475, "Wang et al., Neurocomputing 2024, arXiv:2307.14637",
                     "best accuracy on each test subject over 800 epochs, by its authors' code"),
    "SSSNet": PeerRow(0.7394, None, "as the library meb trains it, github.com/tvaranka/meb",
                      "nothing: the last epoch"),
}  # fmt: skip

# Table 1: samples, subjects, whether action units are annotated, clips of the three classes.
DATASETS: dict[str, dict[str, int | bool]] = {
    "SMIC": {"clips": 164, "subjects": 16, "action_units": False,
             "negative": 70, "positive": 51, "surprise": 43},
    "CASME II": {"clips": 145, "subjects": 24, "action_units": True,
                 "negative": 88, "positive": 32, "surprise": 25},
    "SAMM": {"clips": 133, "subjects": 28, "action_units": True,
             "negative": 92, "positive": 26, "surprise": 15},
}  # fmt: skip
