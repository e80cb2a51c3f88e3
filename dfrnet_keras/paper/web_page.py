"""One HTML page of reproduced tables and figures; it needs no other file and no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run_folder import open_run, write_text
from dfrnet_keras.paper.experiments import NAMES
from dfrnet_keras.paper.pictures import draw_matrices
from dfrnet_keras.paper.text import columns_of, lines_of, remarks_of
from dfrnet_keras.report.page import note, page, table
from dfrnet_keras.report.pictures import curves_picture
from dfrnet_keras.report.plots import CONVERGENCE_WORDS, convergence_picture


def write_page(tables: Sequence[Mapping[str, Any]], path: str | Path, command: str = "") -> Path:
    """Write a page.

    Args:
        tables: What `reproduce` gave, one for each table or figure.
        path: The page, ending in .html; one that is there is replaced.
        command: What was typed, to be shown.

    Returns:
        Its path.

    Raises:
        InputError: The page cannot be written, or bears another kind of name.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path} is to hold a web page: give a name that ends in .html.")
    title = "The paper's tables, run again" if len(tables) > 1 else _name(tables[0])
    notices = list(dict.fromkeys(words for one in tables for words in one["notices"]))
    parts = [
        f"<h1>{escape(title)}</h1>",
        '<p class="lead">DFR-Net: each line measured here above the line that the paper prints</p>',
    ]
    if notices:
        parts.append(note("<br>".join(f"<strong>{escape(w)}</strong>" for w in notices), warm=True))
    if len(tables) > 1:
        links = ", ".join(f'<a href="#{one["what"]}">{_name(one)}</a>' for one in tables)
        parts.append(f"<p>{links}</p>")
    if any(one.get("missing") for one in tables):
        parts.append(note("Some of them could not be run; the reason stands in their place."))
    parts += [_section(one, alone=len(tables) == 1) for one in tables]
    if command:
        parts.append(f"<h2>This page again</h2>\n<pre>{escape(command)}</pre>")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, page(title, "\n".join(parts)))
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): give another.") from error
    return path


def _name(one: Mapping[str, Any]) -> str:
    assert one["what"] in NAMES
    return f"{one['what'][:-1].capitalize()} {one['what'][-1]}"


def _section(one: Mapping[str, Any], *, alone: bool) -> str:
    heading = f'<h2 id="{one["what"]}">{_name(one)}. {escape(one["title"])}</h2>'
    if one.get("missing"):
        return heading + note(escape(one["missing"]), warm=True)
    parts = [heading]
    if one["notices"] and not alone:
        # Again with each table: what is cut out of the page keeps it.
        parts.append(note("<br>".join(map(escape, one["notices"])), warm=True))
    columns = columns_of(one)
    lines = lines_of(one)
    if "panels" in one:
        encoded = base64.b64encode(draw_matrices(one)).decode()
        parts.append(f'<figure><img alt="{escape(one["title"])}" '
                     f'src="data:image/png;base64,{encoded}"></figure>')  # fmt: skip
    parts.append(
        table(
            [one.get("header", "Panel"), "", *(column.header for column in columns)],
            [[line.name, line.whose, *line.cells] for line in lines],
            numbers=range(2, 2 + len(columns)),
            styles=["faint" if line.whose == "paper" else "" for line in lines],
            dense=len(columns) > 9,
        )
    )
    remarks = "".join(f"<li>{escape(words)}</li>" for words in remarks_of(one))
    if remarks:
        parts.append(f'<ul class="soft">{remarks}</ul>')
    return "\n".join(parts) + _curves(one)


def _curves(one: Mapping[str, Any]) -> str:
    """Loss by epoch of the runs of a table: beside each other, and each with all its folds."""
    runs = {
        row["name"]: open_run(row["run_dir"]).folds
        for row in one.get("rows", ())
        if row.get("run_dir")
    }
    together = convergence_picture(runs)
    if not together:
        return ""
    shown = []
    for name, folds in runs.items():
        picture = curves_picture([record.curves for record in folds])
        if picture:
            shown.append(f'<h3>{escape(name)}</h3>\n<figure class="row">{picture}</figure>')
    return (
        f'\n<h3>How soon each learned</h3>\n<figure class="row">{together}</figure>\n'
        f'<p class="soft">{escape(CONVERGENCE_WORDS)}</p>\n'
        f"<details><summary>Loss of every fold</summary>\n{''.join(shown)}\n</details>"
    )
