"""Finds the frames of a dataset on disk, whatever the case of names and however deep the folder.

Folders and files are always looked up among those that a directory lists. No path is ever put
together from the text of a sheet, so a sheet cannot name anything outside the dataset.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from dfrnet_keras.datasets.listing import Problem, Unusable
from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.frames import is_leftover, natural_key

EDITIONS = ("raw", "cropped")

# The upper levels of each dataset as it is distributed: names of folders or files.
_SIGNS = {
    "casme-squared": r"(?i)[0-9]+_[0-9]{4}[a-z]+(\.avi)?|cas\(me\)\^2.*",
    "samm-lv": r"(?i)samm_?longvideos.*",
    "casme2": r"(?i)sub[0-9]+|casme2.*\.(xlsx?|csv)",
    "samm": r"(?i)[0-9]{3}_[0-9]+_[0-9]+|samm.*\.(xlsx?|csv)",
    "smic": r"(?i)s[0-9]+_(ne|po|sur)_[0-9]+|smic_all_.*",
    "flow-folder": r"samples\.csv",
    "casme": r"(?i)casme\.(xlsx?|csv)|casme_raw_selected",
    "casme3": r"(?i)spno\.?[0-9]+|cas\(me\)\^?3_part_a.*",
    "casme3-c": r"(?i)cas\(me\)\^?3_part_c.*",
    "mmew": r"(?i)mmew.*\.(xlsx?|csv)|micro_expression",
    "4dme": r"(?i)4dme.*|gray_micro",
}
_SIGNS_WITHIN = 5  # levels of folders

_IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".png"})
# Spreadsheets that are read, and others that can be saved as one of these.
SHEETS = (".xlsx", ".xlsm", ".csv", ".tsv")
_ALL_SHEETS = (*SHEETS, ".xls", ".ods", ".numbers")
_DEPTH = 3


def folder_of(name: str, root: str | Path | None) -> Path | None:
    """The folder that was given, else `$DFR_KERAS_DATA/<name>` where that is there."""
    data = os.environ.get("DFR_KERAS_DATA")
    if root is None and data and (Path(data) / name).is_dir():
        root = Path(data) / name
    return None if root is None else Path(root)


def no_folder(name: str) -> InputError:
    """What to say where `folder_of` finds none."""
    data = os.environ.get("DFR_KERAS_DATA")
    tried = f"there is no {Path(data) / name}" if data else "DFR_KERAS_DATA is not set"
    return InputError(
        f"No folder was given for the dataset {name!r} and {tried}: "
        "name the dataset's folder as root"
    )


class Tree(NamedTuple):
    """What lies in the upper levels of a folder."""

    frames: list[Path]  # folders that hold one folder for each subject
    sheets: list[Path]  # spreadsheets, those in formats that are not read among them


def subject_number(text: str) -> int | None:
    """Number of a subject as people write it: 6, 006, 6.0, s6, S06, sub06 or "Subject 6"."""
    match = re.fullmatch(
        r"(?:s|sub|subj|subject|p|participant|spno)?[ _.#-]*([0-9]{1,9})(?:[.,]0+)?",
        text.strip(),
        re.IGNORECASE,
    )
    return None if match is None else int(match[1])


def plain_name(text: str) -> str:
    """A name without what programs change in it: case, blanks at its ends, zeros before numbers."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text.strip().casefold())


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder in natural order, without what systems leave behind.

    Raises:
        OSError: The folder is not there or must not be read.
    """
    return _sorted_inside(folder, lambda path: path.is_dir())


def _sheets(folder: Path) -> list[Path]:
    return _sorted_inside(
        folder, lambda path: path.name.casefold().endswith(_ALL_SHEETS) and path.is_file()
    )


def _sorted_inside(folder: Path, wanted: Callable[[Path], bool]) -> list[Path]:
    found = [path for path in folder.iterdir() if not is_leftover(path.name) and wanted(path)]
    return sorted(found, key=lambda path: natural_key(path.name))


def explore(root: Path, is_subject: Callable[[Path], bool]) -> Tree:
    """Look for frames and sheets in a folder and three levels of folders below it.

    Args:
        root: The folder; where no sheet is in it, those beside it count.
        is_subject: Whether a folder is that of one subject.

    Raises:
        InputError: `root` is not a folder or cannot be read, or there are no frames in it and
            a folder in it cannot be read.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder: give the folder of the dataset")
    found = Tree([], [])
    level, locked = [root], ""
    for depth in range(_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            try:
                inside = subfolders(folder)
                found.sheets.extend(_sheets(folder))
            except OSError as error:
                if depth == 0:
                    raise InputError(
                        f"{root} cannot be read ({error.strerror}): mend its permissions"
                    ) from error
                locked = locked or f"{folder} cannot be read ({error.strerror})"
                continue  # the folder may be none of ours
            if any(is_subject(path) for path in inside):
                found.frames.append(folder)
            else:
                below += inside
        level = below
    if locked and not found.frames:
        raise InputError(f"{locked}: mend its permissions, or give the folder of the dataset")
    if found.frames and not found.sheets:
        # `root` is the folder of one edition, and the sheet was distributed beside it.
        with suppress(OSError):
            found.sheets.extend(_sheets(root.resolve().parent))
    return found


def refuse_other(root: Path, wanted: str, title: str) -> NoReturn:
    """Say that a folder does not hold the dataset asked for, and what it looks like instead."""
    if all(is_leftover(path.name) for path in root.iterdir()):
        raise InputError(f"{root} is empty: give the folder that {title} was unpacked into")
    other = _recognise(root)
    if other not in (None, wanted):
        raise InputError(
            f"{root} does not hold {title}, it looks like {other}: "
            "give that as the dataset, or another folder"
        )
    raise InputError(
        f"{root} holds no clips of {title}: give the folder that it was unpacked into, "
        "with the subfolders it was distributed with"
    )


def _recognise(root: Path) -> str | None:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not is_leftover(name))
        for name, sign in _SIGNS.items():
            if any(re.fullmatch(sign, entry) for entry in (*names, *files)):
                return name
        if len(Path(folder).relative_to(root).parts) >= _SIGNS_WITHIN:
            names.clear()
    return None


def edition_of(frames: Path, root: Path) -> str:
    """Whether a folder of frames holds the raw or the cropped edition, by its name."""
    below = frames.relative_to(root).parts if frames.is_relative_to(root) else ()
    name = "/".join((root.resolve().name, *below)).casefold()
    # The word that comes last in the path is that of the innermost folder.
    return "cropped" if name.rfind("crop") > name.rfind("raw") else "raw"


def choose_edition(
    tree: Tree, root: Path, edition: str | None, title: str
) -> tuple[Path, list[Problem]]:
    """One folder of frames among those that were found.

    Args:
        tree: What was found; at least one folder of frames.
        root: Where.
        edition: `"raw"`, `"cropped"`, or `None` for the raw one where both are there: it is the
            complete one, the cropped editions lack frames.
        title: Name of the dataset for messages.

    Raises:
        InputError: The edition is unknown or is not there.
    """
    if edition is not None:
        check_choice("The edition", edition, EDITIONS)
    for wanted in (edition,) if edition else EDITIONS:
        fits = [folder for folder in tree.frames if edition_of(folder, root) == wanted]
        if fits:
            return fits[0], [
                Problem(folder, f"is another copy of {title}", f"{fits[0]} was read instead")
                for folder in fits[1:]
            ]
    raise InputError(
        f"{root} holds no {edition} edition of {title}: "
        "put it there or leave the choice of edition out"
    )


def enclosing(frames: Path, root: Path) -> tuple[Path, ...]:
    """A folder of frames and those above it up to the dataset's, links resolved.

    A link in the dataset may lead into any of them: git-annex and DataLad keep the contents of
    files in `.git` of the dataset's folder.
    """
    above = [folder for folder in (frames, *frames.parents) if folder.is_relative_to(root)]
    return tuple(dict.fromkeys(folder.resolve() for folder in (frames, root, *above)))


def numbered_frames(
    folder: Path, inside: Sequence[Path], problems: list[Problem]
) -> dict[int, Path]:
    """The images of a folder, ascending by the number that their names end in.

    Args:
        folder: The folder of one clip.
        inside: Folders that links may lead into, see `enclosing`.
        problems: Gets what is wrong with the files.

    Raises:
        Unusable: The folder cannot be read, or holds fewer than two frames.
    """
    found: dict[int, Path] = {}
    away: list[str] = []
    gone: list[str] = []
    try:
        with os.scandir(folder) as entries:
            files = sorted(entries, key=lambda entry: natural_key(entry.name))
    except OSError as error:
        raise Unusable(f"it cannot be read ({error.strerror})") from error
    for entry in files:
        path = folder / entry.name
        if path.suffix.lower() not in _IMAGES or is_leftover(path.name):
            continue
        number = re.search(r"[0-9]+$", path.stem)
        if entry.is_symlink() and leaves(path, inside):
            away.append(path.name)
        elif entry.is_symlink() and not path.exists():
            gone.append(path.name)
        elif entry.is_file():
            if number is None:
                what = "has a name without a frame number"
            elif entry.stat().st_size == 0:
                what = "is an empty file"
            elif found.setdefault(int(number[0]), path) == path:
                continue
            else:
                what = f"has the same frame number as {found[int(number[0])].name}"
            problems.append(Problem(path, what, "the file was passed over"))
    for names, what, way_out in (
        (away, "a link that leaves the dataset's folder", "give the folder above both as root, or "
         "copy the files (git annex unlock)"),
        (gone, "a link to a file that is not there", "fetch the files (git annex get)"),
    ):  # fmt: skip
        if names:
            more = f", and so are {len(names) - 1} more frames" if len(names) > 1 else ""
            what = f"{names[0]} is {what}{more}"
            problems.append(Problem(folder, what, f"passed over: {way_out}"))
    if len(found) < 2:
        raise Unusable(f"the clip has {len(found)} frame(s) and needs 2")
    return dict(sorted(found.items()))


def leaves(path: Path, inside: Sequence[Path]) -> bool:
    """Whether a path, links followed, lies outside folders whose own links are resolved."""
    resolved = path.resolve()
    return not any(resolved.is_relative_to(folder) for folder in inside)
