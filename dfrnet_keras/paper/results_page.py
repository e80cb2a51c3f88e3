"""Rows of runs as a Markdown page, and the page written around what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.paper.experiments import DATASET_COLUMNS
from dfrnet_keras.paper.text import NOTHING
from dfrnet_keras.report.page import pipe_table

BEGIN, END = "<!-- made of run folders: begin -->", "<!-- made of run folders: end -->"


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as three tables: figures, what is published, training."""
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
    versions = sorted({
        ", ".join(f"{name} {version}" for name, version in part["versions"].items())
        for row in rows for part in (row["honest"], row["optimistic"]) if part
    })  # fmt: skip
    protocols = sorted({f"{row['protocol']} ({len(row['classes'])} classes)" for row in rows})
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
        f"Protocol: {'; '.join(protocols)}. Intervals are of a bootstrap over subjects. "
        "Nothing is chosen on a test subject but in the column \"optimistic\", the same training "
        "with the epoch that each test subject likes best.", "",
        pipe_table(header, scores, numbers_from=1), "",
        "### What is published", "",
        pipe_table(["Method", "UF1", "UAR", "epoch chosen on", "source"], published), "",
        "### Training", "",
        "Epochs: how many were trained, of how many are published or, where no training is "
        "published, of this package's recipe; in brackets which one was kept, median over folds. "
        "Seconds of the median fold and hours of all folds, one after the other.", "",
        pipe_table(["Method", "size", "parameters", "MACs", "epochs", "seeds", "folds",
                    "s a fold", "hours", "command"], trainings), "",
        f"Versions: {'; '.join(versions)}.", "",
    ])  # fmt: skip


def write_page(rows: Sequence[Mapping[str, Any]], path: Path, command: str) -> Path:
    """Write the tables into a Markdown page, whole or not at all.

    Args:
        rows: What `run_rows.collect` gave.
        path: Where to. Of a page that is there, what stands between the two marking comments is
            replaced and the rest kept; without them the tables are put at its end.
        command: What made the page.

    Raises:
        InputError: The page cannot be read or written, or has one of the comments alone.
    """
    from dfrnet_keras.atomic import whole_file

    made = f"{BEGIN}\n\nMade by `{command}`.\n\n{as_markdown(rows)}\n{END}\n"
    try:
        old = path.read_text("utf-8") if path.exists() else "# Results\n\n"
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}): give another --markdown.") from error
    if (BEGIN in old) != (END in old) or old.find(END) < old.find(BEGIN):
        raise InputError(f"{path} has one of the lines {BEGIN} and {END} alone: restore the other.")
    if BEGIN in old:
        before, rest = old.split(BEGIN, 1)
        text = before + made + rest.split(END, 1)[1].removeprefix("\n")
    else:
        text = f"{old.rstrip()}\n\n{made}"
    with whole_file(path) as partial:
        partial.write_text(text, "utf-8")
    return path


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
