"""One HTML page of reproduced tables and figures; it needs no other file and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dfrnet_keras.evaluation.run_folder import open_run
from dfrnet_keras.paper.text import header_of, lines_of, name_of, remarks_of
from dfrnet_keras.report import page
from dfrnet_keras.report.losses import convergence_picture


def write_page(tables: Sequence[Mapping[str, Any]], path: str | Path, command: str = "") -> Path:
    """Write a page.

    Args:
        tables: What `reproduce` gave, one for each table or figure.
        path: The page, ending in .html; one that is there is replaced.
        command: What was typed, to be shown.

    Raises:
        InputError: The page cannot be written, or bears another kind of name.
    """
    return page.write_page(
        page.check_page(path),
        "dfrnet_keras.paper",
        "reproduce.html.j2",
        title="The paper's tables, run again" if len(tables) > 1 else name_of(tables[0]),
        optimistic=False,
        notices=list(dict.fromkeys(words for one in tables for words in one["notices"])),
        tables=[_shown(one) for one in tables],
        command=command,
    )


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows of a table or figure."""
    shown = {"name": name_of(one), **{key: one[key] for key in ("what", "title", "notices")}}
    if one.get("missing"):
        return {**shown, "missing": one["missing"]}
    lines = lines_of(one)
    runs = {
        row["name"]: open_run(row["run_dir"]).folds
        for row in one.get("rows", ())
        if row.get("run_dir")
    }
    return {
        **shown,
        "missing": "",
        "panels": one.get("panels"),
        "classes": one.get("classes"),
        "header": header_of(one),
        "rows": [[line.name, line.whose, *line.cells] for line in lines],
        "styles": ["faint" if line.whose == "paper" else "" for line in lines],
        "remarks": remarks_of(one),
        "runs": runs,
        "convergence": convergence_picture(runs),
    }
