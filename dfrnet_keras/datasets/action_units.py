"""Action units as the sheets write them: `4+7`, `L12`, `R14A`, `AU1, AU2`."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[+,;&/\uff0c\uff1b]")  # the last two are the full-width signs
_UNIT = re.compile(r"(?:AU)?\s*([LR]?)\s*([0-9]{1,2})\s*([A-E]?)\s*([LR]?)", re.IGNORECASE)


def parse_action_units(cell: str) -> tuple[str, ...] | None:
    """The action units in a cell, each as side, number and intensity: `"R14A"`, `"4"`.

    What the coder doubted (`"17?"`, `"12 or 14"`, the `"4(k)"` of 4DME) is left out.

    Args:
        cell: Text of a cell.

    Returns:
        The units in their order; `None` where the cell is empty or names none for certain.
    """
    units = []
    for part in _SEPARATORS.split(cell):
        match = _UNIT.fullmatch(part.strip())
        if match and not (match[1] and match[4]):
            side = (match[1] or match[4]).upper()
            units.append(f"{side}{int(match[2])}{match[3].upper()}")
    return tuple(dict.fromkeys(units)) or None


def unit_number(unit: str) -> int:
    """The number of a unit: 14 of `"R14A"` and of `"AU14"`."""
    match = re.search(r"[0-9]+", unit)
    if match is None:
        raise ValueError(f"{unit!r} is no action unit")
    return int(match[0])
