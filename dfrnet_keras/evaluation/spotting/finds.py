"""Finds: what a spotter says is an expression, and the files that they are kept in."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.datasets.recording import KINDS
from dfrnet_keras.errors import InputError

COLUMNS = ("recording", "onset", "apex", "offset", "kind", "confidence", "label")
_OTHER_NAMES = {"video": "recording", "class": "label"}
_NO_ANSWER = ("", "not sure", "none")


@dataclass(frozen=True)
class Find:
    """One interval that is said to be an expression.

    Attributes:
        recording: Name of the recording, see `Recording.name`.
        onset, offset: Indexes of its first and its last frame, both part of it.
        apex: Index of the frame of strongest movement, `None` where none is named.
        kind: `"micro"` or `"macro"`.
        confidence: The larger, the surer; decides who comes first to a truth.
        label: Its class, `None` where none is given.
    """

    recording: str
    onset: int
    apex: int | None
    offset: int
    kind: str
    confidence: float = 0.0
    label: str | None = None


class FindsFile(NamedTuple):
    """Content of a file of finds.

    Attributes:
        finds: The finds.
        method: What found them, where the file says so.
        optimistic: Whether something was chosen on the people that were tested.
    """

    finds: list[Find]
    method: str = ""
    optimistic: bool = False


def write_finds(
    path: str | Path, finds: Sequence[Find], *, method: str = "", optimistic: bool = False
) -> None:
    """Write finds as .csv or .json, whole or not at all.

    Args:
        path: The file.
        finds: What to write.
        method, optimistic: See `FindsFile`; a .csv has no place for them.

    Raises:
        InputError: The finds are optimistic and the file could not say so, or cannot be written.
    """
    path = Path(path)
    if optimistic and path.suffix.lower() != ".json":
        raise InputError(f"{path}: these finds are optimistic, which only a .json file can say")
    with whole_file(path) as partial:
        if path.suffix.lower() == ".json":
            rows = [asdict(find) for find in finds]
            content = {"method": method, "optimistic": optimistic, "finds": rows}
            partial.write_text(json.dumps(content, indent=1) + "\n")
            return
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(asdict(find) for find in finds)


def read_finds(path: str | Path) -> FindsFile:
    """Read finds from a .csv with a header, or a .json: a list of objects, or one under "finds".

    Columns are those of `Find`; `video` may stand for `recording` and `class` for `label`, and
    others are passed over. Of a path as recording the last part without its suffix counts. A class
    that is empty or "not sure" is none.

    Raises:
        InputError: The file cannot be read, or a find is not one; its place is named.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}): give a .csv or .json file") from None
    if path.suffix.lower() == ".json":
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"{path} is not JSON ({error}): write it again") from None
        about = content if isinstance(content, dict) else {}
        rows = about.get("finds") if about else content
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InputError(f'{path} holds no list of finds: give one, or one under "finds"')
        found = [_find(row, f"{path}, find {place}") for place, row in enumerate(rows, start=1)]
        return FindsFile(found, str(about.get("method", "")), bool(about.get("optimistic")))
    table = csv.DictReader(text.splitlines())
    names = {_OTHER_NAMES.get(name, name) for name in table.fieldnames or ()}
    lacking = {"recording", "onset", "offset", "kind"} - names
    if lacking:
        raise InputError(f"{path} lacks the column {min(lacking)}: its header must name "
                         f"{', '.join(COLUMNS)}")  # fmt: skip
    found = [_find(row, f"{path}, row {place}") for place, row in enumerate(table, start=2)]
    return FindsFile(found)


def _find(row: dict[str, Any], where: str) -> Find:
    cells = {_OTHER_NAMES.get(name, name): value for name, value in row.items()}
    kind, label = cells.get("kind"), str(cells.get("label") or "").strip().casefold()
    if kind not in KINDS:
        raise InputError(f"{where}: kind is {kind!r}, give micro or macro")
    try:
        onset, offset = int(cells["onset"]), int(cells["offset"])
        apex = None if cells.get("apex") in ("", None) else int(cells["apex"])
        confidence = float(cells.get("confidence") or 0)
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{where}: onset, apex and offset must be whole numbers of frames and confidence a "
            "number"
        ) from None
    if not 0 <= onset <= offset or not (apex is None or onset <= apex <= offset):
        raise InputError(
            f"{where}: onset {onset}, apex {apex}, offset {offset} are in no order: count frames "
            "from 0"
        )
    return Find(
        PurePath(str(cells["recording"])).stem, onset, apex, offset, str(kind), confidence,
        None if label in _NO_ANSWER else label,
    )  # fmt: skip
