"""Tables and sentences on the terminal; in a file or a pipe they are plain and never folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# Wider than any table: one that the terminal has no room for is folded by it, not cut.
_WIDE = 10_000


def console(*, wide: bool = False) -> Console:
    """What prints sentences: folded at words on a terminal alone, names with brackets as they are.

    Args:
        wide: Fold nothing on a terminal either.
    """
    from rich.console import Console

    options: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False}
    terminal = Console(**options)
    if terminal.is_terminal and not wide:
        return terminal
    return Console(**options, width=_WIDE)


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: Iterable[int] = (0,),
    styles: Sequence[str | None] = (),
) -> None:
    """Print a table without lines.

    Args:
        header: Titles of the columns.
        rows: Cells.
        left: Places of the columns that are aligned to the left; the others are numbers.
        styles: Of each row, as rich has them.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(header):
        table.add_column(name, justify="left" if place in set(left) else "right", no_wrap=True)
    for number, row in enumerate(rows):
        table.add_row(*row, style=styles[number] if styles else None)
    console(wide=True).print(table)
