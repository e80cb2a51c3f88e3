"""Rows of runs as a Markdown page, and the page written around what is there already."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.paper.experiments import DATASET_COLUMNS, TABLES
from dfrnet_keras.paper.text import NOTHING
from dfrnet_keras.report.page import pipe_table

_AFTER_PROTOCOL = ". Intervals are"
BEGIN, END = "<!-- made of run folders: begin -->", "<!-- made of run folders: end -->"


def as_markdown(rows: Sequence[Mapping[str, Any]], earlier: str = "") -> str:
    """The rows as three tables: figures, what is published, training.

    Args:
        rows: What `run_rows.collect` gave.
        earlier: What this function gave before: its rows of methods that are not among these stay.
    """
    scores, trainings, published = [], [], []
    for row in rows:
        one = row["honest"] or row["optimistic"]
        scores.append([
            row["name"], *_pair(row["honest"], "uf1"), *_pair(row["honest"], "uar"),
            _number(row["honest"], "weighted_f1"), _number(row["honest"], "accuracy"),
            *(_number((row["honest"] or {}).get("datasets"), name)
              for name in DATASET_COLUMNS.values()),
            _number(row["optimistic"], "uf1"), *_gain(row["difference"]),
        ])  # fmt: skip
        trainings.append([
            row["name"], f"{row['size']}" if row["size"] else NOTHING,
            _count(row["parameters"]), _count(row["macs"]), _epochs(row),
            str(one["seeds"]), _folds(one), f"{one['seconds_a_fold']:.0f}", f"{one['hours']:.1f}",
            "<br>".join(f"`{part['command']}`" for part in (row["honest"], row["optimistic"])
                        if part),
        ])  # fmt: skip
        if row["published"]:
            its = row["published"]
            published.append([row["name"], _number(its, "uf1"), _number(its, "uar"),
                              its["chosen"], its["source"]])  # fmt: skip
    kept = _other_rows(earlier, {row["name"] for row in rows})
    versions = sorted(_listed(kept, earlier, "\nVersions: ", ".\n") | {
        ", ".join(f"{name} {version}" for name, version in part["versions"].items())
        for row in rows for part in (row["honest"], row["optimistic"]) if part
    })  # fmt: skip
    protocols = sorted(_listed(kept, earlier, "\nProtocol: ", _AFTER_PROTOCOL) | {
        f"{row['protocol']} ({len(row['classes'])} classes)" for row in rows
    })  # fmt: skip
    header = [
        "Method",
        "UF1",
        "95 %",
        "UAR",
        "95 %",
        "weighted F1",
        "accuracy",
        *(f"{title} UF1" for title in DATASET_COLUMNS),
        "optimistic UF1",
        "more by",
        "95 %",
    ]
    return "\n".join([
        "### Figures", "",
        f"Protocol: {'; '.join(protocols)}{_AFTER_PROTOCOL} of a bootstrap over subjects. "
        "Nothing is chosen on a test subject but in the column \"optimistic\", the same training "
        "with the epoch that each test subject likes best.", "",
        pipe_table(header, _in_order(scores + kept[0]), numbers_from=1), "",
        "### What is published", "",
        pipe_table(["Method", "UF1", "UAR", "epoch chosen on", "source"],
                   _in_order(published + kept[1])), "",
        "### Training", "",
        "Epochs: how many were trained, of how many are published or, where no training is "
        "published, of this package's recipe; in brackets which one was kept, median over folds. "
        "Seconds of the median fold and hours of all folds, one after the other.", "",
        pipe_table(["Method", "size", "parameters", "MACs", "epochs", "seeds", "folds",
                    "s a fold", "hours", "command"], _in_order(trainings + kept[2])), "",
        f"Versions: {'; '.join(versions)}.", "",
    ])  # fmt: skip


def write_page(rows: Sequence[Mapping[str, Any]], path: Path, command: str) -> Path:
    """Write the tables into a Markdown page, whole or not at all.

    Args:
        rows: What `run_rows.collect` gave.
        path: Where to. Of a page that is there, what stands between the two marking comments is
            written anew, with the rows of other methods that it had, and the rest is kept; without
            them the tables are put at its end.
        command: What made the page.

    Raises:
        InputError: The page cannot be read or written, or has one of the comments alone.
    """
    from dfrnet_keras.atomic import whole_file

    try:
        old = path.read_text("utf-8") if path.exists() else "# Results\n\n"
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}): give another --markdown.") from error
    if (BEGIN in old) != (END in old) or old.find(END) < old.find(BEGIN):
        raise InputError(f"{path} has one of the lines {BEGIN} and {END} alone: restore the other.")
    before, _, rest = old.partition(BEGIN)
    earlier, _, after = rest.partition(END)
    made = f"{BEGIN}\n\nMade by `{command}`.\n\n{as_markdown(rows, earlier)}\n{END}\n"
    text = before if rest else f"{before.rstrip()}\n\n"
    text += made + after.removeprefix("\n")
    with whole_file(path) as partial:
        partial.write_text(text, "utf-8")
    return path


def _other_rows(page: str, names: set[str]) -> list[list[list[str]]]:
    """Rows of the three tables of a page whose method is none of these."""
    tables = [[_cells(line) for line in part.splitlines() if line.startswith("| ")][2:]
              for part in page.split("### ")[1:]]  # fmt: skip
    return [[cells for cells in table if cells[0] not in names] for table in tables] or [[]] * 3


def _cells(line: str) -> list[str]:
    inner = re.split(r"(?<!\\)\|", line.strip())[1:-1]
    return [cell.strip().replace("\\|", "|") for cell in inner]


def _listed(kept: list[list[list[str]]], page: str, before: str, after: str) -> set[str]:
    """What a page lists between two texts, where rows of it are kept."""
    found = page.partition(before)[2].partition(after)[0] if any(kept) else ""
    return set(filter(None, found.split("; ")))


def _in_order(table: list[list[str]]) -> list[list[str]]:
    """Rows in the order of Table 2, then by name."""
    names = [row.name for row in TABLES["table2"].rows]
    place = {name: number for number, name in enumerate(names)}
    return sorted(table, key=lambda cells: (place.get(cells[0], len(names)), cells[0]))


def _number(figures: Mapping[str, Any] | None, name: str) -> str:
    value = (figures or {}).get(name)
    return NOTHING if value is None else f"{value:.4f}"


def _pair(figures: Mapping[str, Any] | None, name: str) -> tuple[str, str]:
    low, high = figures["interval"][name] if figures else (None, None)
    return _number(figures, name), NOTHING if low is None else f"{low:.2f} to {high:.2f}"


def _gain(difference: Mapping[str, Any] | None) -> tuple[str, str]:
    if difference is None:
        return NOTHING, NOTHING
    low, high = difference["low"], difference["high"]
    return (
        f"{difference['uf1']:+.4f}",
        NOTHING if low is None else f"{low:+.2f} to {high:+.2f}",
    )


def _count(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def _epochs(row: Mapping[str, Any]) -> str:
    if row["epochs"] is None:
        return NOTHING
    kept = (row["honest"] or row["optimistic"])["epochs_kept"]
    of = "" if row["published_epochs"] is None else f" of {row['published_epochs']}"
    return f"{row['epochs']}{of}" + ("" if kept is None else f" ({kept:g})")


def _folds(figures: Mapping[str, Any]) -> str:
    folds = figures["folds"]
    total = folds["done"] + folds["left_out"] * figures["seeds"] + len(folds["failed"])
    return str(folds["done"]) if figures["complete"] else f"{folds['done']} of {total}"
