"""Recognises which dataset a folder looks like, for messages when it is not the one asked for."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NoReturn

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import is_leftover

# The upper levels of each dataset as it is distributed: names of folders or files.
_SIGNS = {
    "casme2": r"(?i)sub[0-9]+|casme2.*\.(xlsx?|csv)",
    "samm": r"(?i)[0-9]{3}_[0-9]+_[0-9]+|samm.*\.(xlsx?|csv)",
    "smic": r"(?i)s[0-9]+_(ne|po|sur)_[0-9]+|smic_all_.*",
    "flow-folder": r"samples\.csv",
}
_DEPTH = 5


def recognise(root: Path) -> str | None:
    """Name of the dataset that a folder looks like, `None` for none."""
    for folder, names, files in os.walk(root):
        names.sort()
        names[:] = [name for name in names if not is_leftover(name)]
        for name, sign in _SIGNS.items():
            if any(re.fullmatch(sign, entry) for entry in (*names, *files)):
                return name
        if len(Path(folder).relative_to(root).parts) >= _DEPTH:
            names.clear()
    return None


def refuse_other(root: Path, wanted: str, title: str) -> NoReturn:
    """Say that a folder does not hold the dataset asked for, and what it looks like instead."""
    if all(is_leftover(path.name) for path in root.iterdir()):
        raise InputError(f"{root} is empty: give the folder that {title} was unpacked into")
    other = recognise(root)
    if other not in (None, wanted):
        raise InputError(
            f"{root} does not hold {title}, it looks like {other}: "
            "give that as the dataset, or another folder"
        )
    raise InputError(
        f"{root} holds no clips of {title}: give the folder that it was unpacked into, "
        "with the subfolders it was distributed with"
    )
