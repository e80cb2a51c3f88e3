"""Reads annotation sheets in the xlsx format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

from dfrnet_keras.errors import InputError

_HEADER_WITHIN = 40  # rows; the sheet of SAMM has 13 rows of notes above its header
_END_AFTER = 200  # empty rows; some programs store a million of them


class Row(NamedTuple):
    """One row of a sheet.

    Attributes:
        number: Its number as a spreadsheet program shows it, from 1.
        cells: Text of each wanted column, without surrounding blanks.
    """

    number: int
    cells: dict[str, str]


def read_sheet(path: Path, columns: Sequence[str], *, prefer: str | None = None) -> list[Row]:
    """The rows below the header of a sheet.

    The header is the first row that names all the columns, blanks, dots and case aside:
    "OnsetFrame" and "Onset Frame" are one column.

    Args:
        path: The xlsx file.
        columns: Names of the wanted columns.
        prefer: Name of the worksheet to look at first.

    Returns:
        The rows that are not empty.

    Raises:
        InputError: The file is no readable xlsx, or no row of it names all the columns.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    wanted = {_plain(name): name for name in columns}
    nearest: set[str] = set()
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = sorted(book.worksheets, key=lambda sheet: sheet.title != prefer)
            for sheet in sheets:
                # Sizes that some programs note in the file are wrong; rows are counted instead.
                sheet.reset_dimensions()
                places, rows = _below_header(sheet.iter_rows(values_only=True), wanted, nearest)
                if places:
                    return _pick(rows, places)
        finally:
            book.close()
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path} is not a readable xlsx file ({error}): replace it with the dataset's own"
        ) from error
    lacking = [name for plain, name in wanted.items() if plain not in nearest]
    raise InputError(
        f"{path} lacks the column {', '.join(lacking)}: use the sheet as it was distributed"
    )


def _below_header(
    rows: Iterable[tuple[Any, ...]], wanted: dict[str, str], nearest: set[str]
) -> tuple[dict[str, int], Iterable[tuple[int, tuple[Any, ...]]]]:
    """Where each column stands, and the numbered rows after the header; or nothing.

    `nearest` is given the columns of the row that came closest to being the header.
    """
    numbered = enumerate(rows, start=1)
    for number, row in numbered:
        names = [_plain(cell_text(value)) for value in row]
        known = wanted.keys() & set(names)
        if known == wanted.keys():
            return {wanted[plain]: names.index(plain) for plain in wanted}, numbered
        if len(known) > len(nearest):
            nearest.clear()
            nearest.update(known)
        if number >= _HEADER_WITHIN:
            break
    return {}, ()


def _pick(rows: Iterable[tuple[int, tuple[Any, ...]]], places: dict[str, int]) -> list[Row]:
    picked: list[Row] = []
    empty = 0
    for number, row in rows:
        cells = {
            name: cell_text(row[place]) if place < len(row) else ""
            for name, place in places.items()
        }
        if any(cells.values()):
            picked.append(Row(number, cells))
            empty = 0
        else:
            empty += 1
            if empty > _END_AFTER:
                break
    return picked


def cell_text(value: Any) -> str:
    """A cell as text: numbers without a fraction as integers, nothing as an empty text."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
