"""Reads annotation sheets: xlsx files, and the same saved as csv."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

from dfrnet_keras.errors import InputError

_HEADER_WITHIN = 40  # rows; the sheet of SAMM has 13 rows of notes above its header
_END_AFTER = 200  # empty rows; some programs store a million of them
_MOST_ROWS = 10_000  # of a worksheet without a header
_DELIMITERS = ",;\t"  # ";" where the comma is the decimal sign

_Numbered = Iterator[tuple[int, Sequence[Any]]]
_Tables = Generator[tuple[str, Iterator[Sequence[Any]]], None, None]


class Row(NamedTuple):
    """One row of a sheet.

    Attributes:
        number: Its number as a spreadsheet program shows it, from 1.
        cells: Text of each wanted column, without surrounding blanks.
    """

    number: int
    cells: dict[str, str]


class _Uncomputed:
    """In place of the value of a formula that no program has computed."""


def read_sheet(
    path: Path, columns: Sequence[str], *, optional: Sequence[str] = (), prefer: str | None = None
) -> list[Row]:
    """The rows below the header of a sheet.

    The header is the first row that names all the columns, blanks, dots and case aside:
    "OnsetFrame" and "Onset Frame" are one column. Cells that are merged over several rows give
    their value to each of these.

    Args:
        path: The file: .xlsx, or .csv with commas, semicolons or tabs between its cells.
        columns: Names of the wanted columns.
        optional: Names of further columns; a cell is empty where the sheet lacks its column.
        prefer: Name of the worksheet to look at first.

    Returns:
        The rows that are not empty.

    Raises:
        InputError: The file cannot be read, no row of it names all the columns, or a wanted cell
            holds a formula without a value.
    """
    wanted = {_plain(name): name for name in columns}
    nearest: set[str] = set()  # columns of the row that came closest to being the header
    is_text = path.suffix.lower() in (".csv", ".tsv")
    tables = _csv_tables(path) if is_text else _worksheets(path, prefer)
    with _readable(path), closing(tables):
        for table, rows in tables:
            numbered = enumerate(rows, start=1)
            for _, header in islice(numbered, _HEADER_WITHIN):
                names = [_plain(cell_text(value)) for value in header]
                known = wanted.keys() & set(names)
                nearest = max(nearest, known, key=len)
                if known == wanted.keys():
                    places = {wanted[plain]: names.index(plain) for plain in wanted}
                    further = {name: names.index(_plain(name)) for name in optional
                               if _plain(name) in names}  # fmt: skip
                    picked = _pick(path, numbered, places, further)
                    has_gaps = any(not row.cells[name] for row in picked for name in places)
                    if not is_text and has_gaps:
                        _fill_merged(path, table, picked, {**places, **further})
                    return [row._replace(cells=dict.fromkeys(optional, "") | row.cells)
                            for row in picked]  # fmt: skip
    lacking = [name for plain, name in wanted.items() if plain not in nearest]
    raise InputError(
        f"{path} lacks the column {', '.join(lacking)}: use the sheet as it was distributed"
    )


def read_worksheets(path: Path) -> dict[str, list[list[str]]]:
    """All cells of a sheet without a header, as text: the rows of each worksheet by its title."""
    with _readable(path):
        return {
            title: [[cell_text(value) for value in row] for row in islice(rows, _MOST_ROWS)]
            for title, rows in _worksheets(path, None)
        }


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (BadZipFile, KeyError, ValueError, OSError, SyntaxError, csv.Error) as error:
        raise InputError(
            f"{path} is not a readable {path.suffix[1:]} file ({error}): "
            "replace it with the dataset's own"
        ) from error


def _worksheets(path: Path, prefer: str | None) -> _Tables:
    """Title and rows of each worksheet, the preferred one first."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        books = [openpyxl.load_workbook(path, read_only=True, data_only=value)
                 for value in (True, False)]  # fmt: skip
    except InvalidFileException as error:
        raise ValueError(str(error)) from error
    try:
        pairs = zip(*(book.worksheets for book in books), strict=True)
        for values, formulas in sorted(pairs, key=lambda pair: pair[0].title != prefer):
            # Sizes that some programs note in the file are wrong; rows are counted instead.
            values.reset_dimensions()
            formulas.reset_dimensions()
            yield values.title, _with_formulas(values, formulas)
    finally:
        for book in books:
            book.close()


def _with_formulas(values: Any, formulas: Any) -> Iterator[Sequence[Any]]:
    pairs = zip(values.iter_rows(values_only=True), formulas.iter_rows(values_only=True))  # noqa: B905
    for shown, written in pairs:
        yield [
            _Uncomputed if value is None and formula is not None else value
            for value, formula in zip(shown, written, strict=True)
        ]


def _csv_tables(path: Path) -> _Tables:
    """The rows of a csv file, once for each sign that may stand between its cells."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-16" if data[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    for delimiter in _DELIMITERS:
        yield "", csv.reader(text.splitlines(keepends=True), delimiter=delimiter)


def _pick(
    path: Path, rows: _Numbered, places: dict[str, int], further: dict[str, int]
) -> list[Row]:
    picked = []
    last = _HEADER_WITHIN
    for number, row in rows:
        cells = {}
        for name, place in places.items():
            value = row[place] if place < len(row) else None
            if value is _Uncomputed:
                raise InputError(
                    f"{path}, row {number}: the cell of {name} holds a formula without a value: "
                    "open the sheet in a spreadsheet program and save it"
                )
            cells[name] = cell_text(value)
        if any(cells.values()):
            for name, place in further.items():
                value = row[place] if place < len(row) else None
                cells[name] = "" if value is _Uncomputed else cell_text(value)
            picked.append(Row(number, cells))
            last = number
        elif number - last > _END_AFTER:
            break
    return picked


def _fill_merged(path: Path, table: str, rows: Sequence[Row], places: dict[str, int]) -> None:
    """Give each cell of a merged range the value that the sheet keeps in the first one."""
    import openpyxl

    by_number = {row.number: row for row in rows}
    for merged in openpyxl.load_workbook(path, data_only=True)[table].merged_cells.ranges:
        first = by_number.get(merged.min_row)
        for name, place in places.items():
            # Columns are counted from 1 there. A range over several columns gives its value to
            # the first of them alone, as the sheet does.
            if first is None or place + 1 != merged.min_col:
                continue
            for number in range(merged.min_row + 1, merged.max_row + 1):
                if number in by_number:
                    by_number[number].cells[name] = first.cells[name]


def cell_text(value: Any) -> str:
    """A cell as text: numbers without a fraction as integers, nothing as an empty text."""
    if value is None or value is _Uncomputed:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
