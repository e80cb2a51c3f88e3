"""A folder of ready-made motion maps, and a csv with the subject and class of each."""

from __future__ import annotations

import csv
import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES, Clip
from dfrnet_keras.datasets.folders import plain_name, subject_number
from dfrnet_keras.datasets.listing import Listing, Problem
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import is_leftover

_COLUMNS = ("file", "dataset", "subject", "clip", "label")


def read_flow_folder(root: str | Path) -> Listing:
    """Read a folder of motion maps.

    The folder holds `samples.csv` (or one csv of any name) with the columns file, dataset,
    subject, clip and label. A map lies beside the csv or in the folder `maps` next to it. It is an
    RGB picture, 0..255: horizontal flow, vertical flow and optical strain, each channel scaled by
    its own minimum and maximum. Pictures are not opened here: only their presence is checked.

    Subjects of one dataset that differ in case or zeros alone (`1`, `01`, `1.0`; `s1`, `S01`), or
    in a prefix that one of them lacks (`1`, `s1`), are one person under the longest of these
    names: a program for tables may have rewritten them, and leave-one-subject-out must not train
    on the held-out person. Datasets that differ in case or punctuation are one as well.

    Args:
        root: The folder.

    Returns:
        One clip per row, in the order of the csv. Each has one frame, the path of its map, with
        onset and offset 0 and no apex. One problem for each name with several spellings.

    Raises:
        InputError: The csv is missing, empty or ambiguous, or a row of it is not usable: a field
            is empty, the label is unknown, the clip or the file was listed before (the clip
            perhaps with other zeros), or the file is missing or lies outside the folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"{root} is not a folder: give the folder that holds the maps' csv")
    sheet = _find_sheet(root)
    rows = _read_rows(sheet)
    for line, row in rows:
        reason = _wrong_name(row)
        if reason:
            raise InputError(f"{sheet}, line {line}: {reason}")
    problems = _one_spelling(sheet, [row for _, row in rows])
    clips = []
    seen: dict[tuple[str, ...], tuple[int, str]] = {}
    for line, row in rows:
        where = f"{sheet}, line {line}"
        clip = Clip(
            dataset=row["dataset"],
            subject=row["subject"],
            name=row["clip"],
            frames=(_find_map(root, row["file"], where),),
            onset=0,
            apex=None,
            offset=0,
            label=row["label"],
        )
        name = (clip.dataset, clip.subject, plain_name(clip.name))
        for key, what in ((name, clip.key), ((str(clip.frames[0]),), f"the file {row['file']}")):
            earlier, before = seen.setdefault(key, (line, what))
            if earlier != line:
                spelled = "" if before == what else f" as {before}"
                raise InputError(
                    f"{where}: {what} is already listed on line {earlier}{spelled}; "
                    "remove one of the two rows"
                )
        clips.append(clip)
    if not clips:
        raise InputError(f"{sheet} lists no clip: add one row per map")
    return Listing(tuple(clips), tuple(problems), (root,), (sheet,))


def _one_spelling(sheet: Path, rows: list[dict[str, str]]) -> list[Problem]:
    """Give each dataset and each person one name in all rows; a problem for each with several."""
    problems = []
    datasets: dict[str, list[str]] = {}
    for row in rows:
        plain = re.sub(r"[^a-z0-9]", "", row["dataset"].casefold())
        datasets.setdefault(plain or row["dataset"], []).append(row["dataset"])
    for names in datasets.values():
        own = [row for row in rows if row["dataset"] in names]
        for column, groups in (
            ("dataset", [names]),
            ("subject", _people([row["subject"] for row in own])),
        ):
            for spellings in map(list, map(dict.fromkeys, groups)):
                chosen = max(spellings, key=lambda name: len(re.sub("[.,]0+$", "", name)))
                for row in own:
                    if row[column] in spellings:
                        row[column] = chosen
                if len(spellings) > 1:
                    of = "" if column == "dataset" else f" of {own[0]['dataset']}"
                    what = f"the {column}s {' and '.join(spellings)}{of} differ in spelling alone"
                    done = f"taken for one, {chosen}"
                    problems.append(Problem(sheet, what, done, warn=True))
    return problems


def _people(subjects: list[str]) -> list[list[str]]:
    """Names of subjects, grouped by the person they name."""
    groups: dict[str, list[str]] = {}
    for name in subjects:
        plain = re.sub(r"(?<=[a-z])[ _.#-]+(?=[0-9])|[.,]0+$", "", name.casefold())
        groups.setdefault(plain_name(plain), []).append(name)
    for key in [key for key in groups if key.isdecimal()]:
        longer = [other for other in groups
                  if not other.isdecimal() and subject_number(other) == int(key)]  # fmt: skip
        if len(longer) == 1:
            groups[longer[0]] += groups.pop(key)
    return list(groups.values())


def _find_sheet(root: Path) -> Path:
    if (root / "samples.csv").is_file():
        return root / "samples.csv"
    sheets = [path for path in root.glob("*.csv") if path.is_file() and not is_leftover(path.name)]
    if len(sheets) == 1:
        return sheets[0]
    found = "several csv files" if sheets else "no csv file"
    raise InputError(
        f"{root} holds {found}: put the list of maps there as samples.csv, "
        f"with the columns {', '.join(_COLUMNS)}"
    )


def _read_rows(sheet: Path) -> list[tuple[int, dict[str, str]]]:
    """Each row as text without surrounding blanks, with its line number in the file."""
    try:
        # utf-8-sig: spreadsheet programs write a byte order mark before the first column's name.
        with sheet.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{sheet} lacks the column {', '.join(missing)}: its first line must name "
                    f"the columns {', '.join(_COLUMNS)}"
                )
            return [
                (reader.line_num, {name: (row[name] or "").strip() for name in _COLUMNS})
                for row in reader
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{sheet} is not a readable csv ({error}): save it again as UTF-8 csv"
        ) from error


def _wrong_name(row: dict[str, str]) -> str | None:
    for column in _COLUMNS:
        if not row[column]:
            return f"the field {column} is empty; fill it in"
    # Names become parts of keys and of file names further on.
    for column in ("dataset", "subject", "clip"):
        name = row[column]
        if name in (".", "..") or not name.isprintable() or set(name) & set("/\\"):
            return (
                f"the {column} {name!r} cannot be a name; "
                "use letters, digits, dots, dashes and underscores"
            )
    if row["label"] not in MEGC2019_CLASSES:
        return f"the label {row['label']!r} is unknown; use one of {', '.join(MEGC2019_CLASSES)}"
    return None


def _find_map(root: Path, file: str, where: str) -> Path:
    paths = PurePosixPath(file), PureWindowsPath(file)
    leaves = any(path.is_absolute() or path.drive or ".." in path.parts for path in paths)
    if leaves or not file.isprintable():
        raise InputError(
            f"{where}: the file {file!r} may lie outside {root}; "
            "write its path relative to that folder, without '..'"
        )
    for path in (root / file, root / "maps" / file):
        if not path.exists() and path.is_symlink():
            raise InputError(
                f"{where}: {path} is a link to a file that is not there; fetch it (git annex get)"
            )
        if path.is_file():
            if path.resolve().is_relative_to(root.resolve()):
                return path
            raise InputError(
                f"{where}: the file {file!r} is a link that leaves {root}; "
                "copy the picture into the folder"
            )
    raise InputError(
        f"{where}: the file {file!r} is neither in {root} nor in {root / 'maps'}; "
        "put it there or remove the row"
    )
