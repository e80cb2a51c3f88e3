"""Fills the templates of a page; a page is one file that needs no other and no network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.errors import InputError
from dfrnet_keras.report.losses import loss_pictures
from dfrnet_keras.report.plots import (
    calibration_picture,
    confusion_picture,
    cost_picture,
    subjects_picture,
)

if TYPE_CHECKING:
    from jinja2 import Environment


def check_page(path: str | os.PathLike[str]) -> Path:
    """Refuse a folder, and a path that does not end in .html, before anything is computed."""
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path} is to hold a web page: give a name that ends in .html.")
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the name of a file.")
    return path


def write_page(path: Path, package: str, template: str, **values: Any) -> Path:
    """Fill a template and write the page, whole or not at all.

    Args:
        path: The page; one that is there is replaced.
        package: The package whose `templates` holds the template; those of `report` are at hand
            in all of them.
        template: Its name.
        **values: What it shows. All text is escaped but `markupsafe.Markup`.

    Raises:
        InputError: The page cannot be written.
    """
    text = _environment(package).get_template(template).render(values)
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


@cache
def _environment(package: str) -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("dfrnet_keras.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = (files("dfrnet_keras.report") / "style.css").read_text("utf-8")
    environment.filters |= {"count": count_of, "percent": _percent}
    environment.globals |= {
        "calibration_picture": calibration_picture,
        "confusion_picture": confusion_picture,
        "cost_picture": cost_picture,
        "loss_pictures": loss_pictures,
        "subjects_picture": subjects_picture,
    }
    return environment


def count_of(number: int, thing: str) -> str:
    """`1 clip`, `2 clips`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def pipe_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int | None = None
) -> str:
    """A table as Markdown has it; columns from `numbers_from` on are aligned to the right."""
    first = len(header) if numbers_from is None else numbers_from
    ruler = ["---:" if place >= first else "---" for place in range(len(header))]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
        for row in (header, ruler, *rows)
    )


def _percent(part: float) -> str:
    """A share from 0 to 1 as a length of the style sheet."""
    return f"{100 * min(max(part, 0.0), 1.0):.2f}%"
