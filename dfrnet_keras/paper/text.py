"""A reproduced table as lines: for a terminal, as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dfrnet_keras.paper.experiments import DATASET_COLUMNS
from dfrnet_keras.report.page import count_of, pipe_table

NOTHING = "-"
Figures = Mapping[str, Any]


class Column(NamedTuple):
    """A column: where its figure stands in a row, by dots, and how it is printed.

    Attributes:
        key: Of our figure.
        header: Its title.
        style: `"M"`, `"G"`, a number of decimals, or `""` for what is printed as it is.
        paper: Where the printed figure stands under `paper`; the same key by default, and `None`
            where the paper has no such column.
    """

    key: str
    header: str
    style: str = ""
    paper: str | None = ""


class Line(NamedTuple):
    """One printed line of a row: whose figures they are, and the cells."""

    name: str
    whose: str
    cells: list[str]


def columns_of(table: Figures) -> list[Column]:
    """The columns of a table that `reproduce` gave; for a figure those of its panels."""
    if table["what"] == "table1":
        return [
            Column("clips", "Samples"), Column("subjects", "Subjects"),
            Column("action_units", "AUs"), Column("negative", "Negative"),
            Column("positive", "Positive"), Column("surprise", "Surprise"),
        ]  # fmt: skip
    if "panels" in table:
        return [Column("clips", "Clips"), Column("uf1", "UF1", "4"), Column("uar", "UAR", "4")]
    columns = []
    if table["costs"]:
        columns += [
            Column("parameters", "Parameters", "M"),
            Column("thop_macs", "FLOPs", "G"),
            Column("keras_milliseconds", "ms Keras", "3", "milliseconds"),
            Column("tflite_milliseconds", "ms .tflite", "3", None),
        ]
        if any("counted_with" in row and row["counted_with"] for row in table["rows"]):
            columns.append(Column("counted_with", "Counted with", "", None))
    if table["epochs"]:
        columns.append(Column("epochs", "Epochs", "", None))
    prefix = "Full " if table["by_dataset"] else ""
    columns += [Column("uf1", f"{prefix}UF1", "4"), Column("uar", f"{prefix}UAR", "4")]
    if table["by_dataset"]:
        for title, name in DATASET_COLUMNS.items():
            columns.append(Column(f"datasets.{name}.uf1", f"{title} UF1", "4"))
            columns.append(Column(f"datasets.{name}.uar", f"{title} UAR", "4"))
    return columns


def header_of(table: Figures) -> list[str]:
    """Titles of the columns, those of the name and of whose figures they are included."""
    return [table.get("header", "Panel"), "", *(column.header for column in columns_of(table))]


def name_of(table: Figures) -> str:
    """`Table 5`, `Figure 6`."""
    what = table["what"]
    return f"{what[:-1].capitalize()} {what[-1]}"


def lines_of(table: Figures) -> list[Line]:
    """Two lines a row, ours and the paper's; one where the paper has none."""
    columns = columns_of(table)
    lines = []
    for row in table.get("rows", table.get("panels", ())):
        ours = [_printed(_value(row, column.key), column.style) for column in columns]
        lines.append(Line(row["name"], "here", ours))
        if row.get("paper"):
            cells = [
                _printed(
                    None if column.paper is None
                    else _value(row["paper"], column.paper or column.key),
                    column.style,
                )
                for column in columns
            ]  # fmt: skip
            lines.append(Line("", "paper", cells))
    return lines


def remarks_of(table: Figures) -> list[str]:
    """What has to be known of a table, in sentences; the notices are no part of it."""
    remarks = []
    reasons: dict[str, list[str]] = {}
    for row in table.get("rows", table.get("panels", ())):
        if row.get("not_run"):
            reasons.setdefault(row["not_run"], []).append(row["name"])
    for reason, names in reasons.items():
        remarks.append(f"Not run: {', '.join(names)}: {reason}.".replace("..", "."))
    for row in table.get("rows", ()):
        folds = row.get("folds") or {}
        if folds.get("failed"):
            remarks.append(f"{row['name']}: {len(folds['failed'])} fold(s) failed, and the figures "
                           "leave their subjects out.")  # fmt: skip
        if row.get("optimistic"):
            remarks.append(f"{row['name']}: OPTIMISTIC, chosen on the test subjects.")
    sizes: dict[int, list[str]] = {}
    for row in table.get("rows", ()):
        if row.get("size"):
            sizes.setdefault(row["size"], []).append(row["name"])
    if len(sizes) > 1:
        listed = "; ".join(f"{size}: {', '.join(names)}" for size, names in sorted(sizes.items()))
        remarks.append(f"Maps in pixels: {listed}.")
    if table.get("epochs"):
        remarks.append("Epochs: which one was kept, median over folds; where a method trains for "
                       "a fixed number, that number.")  # fmt: skip
    protocols = {row["protocol"] for row in table.get("rows", ()) if row.get("protocol")}
    remarks += sorted(f"Protocol here: {words}." for words in protocols)
    machine = table.get("machine")
    if machine:
        remarks.append(
            f"Time here: Keras (compiled call) and float32 .tflite, batch 1, maps of the size "
            f"that each was published with, mean of {machine['runs']} runs in turns, "
            f"{count_of(machine['threads'], 'thread')}, {machine['processor']}, "
            f"{machine['free_cores']:g} of {count_of(machine['cores'], 'core')} free at the start; "
            "weights not trained."
        )
    if table.get("paper_machine"):
        remarks.append(f"Time in the paper: {table['paper_machine']}.")
    remarks += [f"{row['name']}: {row['note']}" for row in table.get("rows", ()) if row.get("note")]
    if table.get("note"):
        remarks.append(table["note"])
    return remarks


def as_csv(tables: Sequence[Figures]) -> str:
    """One line a row, our figures and the printed ones (`paper_...`) side by side, unrounded."""
    keys: list[str] = []
    records: list[dict[str, Any]] = []
    for table in tables:
        for row in table.get("rows", table.get("panels", ())):
            record = {"table": table["what"], "name": row["name"], "dataset": table["dataset"]}
            for column in columns_of(table):
                key = column.key.replace(".", "_")
                value = _value(row, column.key)
                record[key] = _printed(value, "") if isinstance(value, dict) else value
                printed = None if column.paper is None else column.paper or column.key
                if printed is not None:
                    record[f"paper_{printed.replace('.', '_')}"] = _value(
                        row.get("paper") or {}, printed
                    )
            record["not_run"] = row.get("not_run")
            record["notice"] = " ".join(table["notices"])
            keys += [key for key in record if key not in keys]
            records.append(record)
    last = ["not_run", "notice"]
    keys = [key for key in keys if key not in last] + last
    text = io.StringIO()
    writer = csv.DictWriter(text, keys, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def as_markdown(tables: Sequence[Figures]) -> str:
    """Pipe tables, each under a heading, with what has to be known of it."""
    parts = []
    for table in tables:
        rows = [[line.name, line.whose, *line.cells] for line in lines_of(table)]
        parts += [
            f"## {name_of(table)}: {table['title']}",
            "",
            *[f"**{words}**\n" for words in table["notices"]],
            pipe_table(header_of(table), rows, numbers_from=2),
            "",
            *[f"- {words}" for words in remarks_of(table)],
            "",
        ]
    return "\n".join(parts)


def as_latex(tables: Sequence[Figures]) -> str:
    """Rows for a `tabular` of each table, between comments; the paper brings its own header."""
    parts = []
    for table in tables:
        parts.append(f"% {name_of(table)}: {table['title']}")
        parts += [f"% {words}" for words in table["notices"]]
        parts.append(_ampersands(header_of(table)))
        for line in lines_of(table):
            parts.append(_ampersands([line.name, line.whose, *line.cells]))
        parts += [f"% {words}" for words in remarks_of(table)] + [""]
    return "\n".join(parts)


def _value(row: Figures, key: str) -> Any:
    value: Any = row
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _printed(value: Any, style: str) -> str:
    if value is None or value == {}:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        words = dict(value)
        classes = words.pop("classes")
        return ", ".join([f"{classes} classes", *(f"{key} {word}" for key, word in words.items())])
    if style in "MG" and style:
        # As the paper prints them, but a small network's figure is no row of zeros.
        unit = 1e9 if style == "G" else 1e6
        if value < unit / 20:
            unit, style = (1e6, "M") if style == "G" else (1, "")
        return f"{value / unit:.3f} {style}" if style else f"{value:,}"
    return f"{value:.{style}f}" if style else f"{value:g}"


def _ampersands(cells: Sequence[str]) -> str:
    special = str.maketrans({sign: f"\\{sign}" for sign in "&%$#_{}"})
    return " & ".join(cell.translate(special) for cell in cells) + " \\\\"
