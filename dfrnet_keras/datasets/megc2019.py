"""The composite of MEGC 2019: SMIC (HS), CASME II and SAMM in three classes, 442 clips.

See et al., "MEGC 2019 - the second facial micro-expressions grand challenge", 2019,
https://doi.org/10.1109/FG.2019.8756611
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path

from dfrnet_keras.datasets.casme2 import read_casme2
from dfrnet_keras.datasets.listing import Listing, Problem
from dfrnet_keras.datasets.samm import read_samm
from dfrnet_keras.datasets.smic import read_smic
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import is_leftover

_READERS: dict[str, Callable[..., Listing]] = {
    "smic": read_smic,
    "casme2": read_casme2,
    "samm": read_samm,
}
PARTS = tuple(_READERS)


def read_megc2019(
    root: str | Path | Mapping[str, str | Path],
    *,
    classes: str = "megc2019",
    edition: str | None = None,
) -> Listing:
    """Join SMIC, CASME II and SAMM.

    Args:
        root: One folder that holds the folders `smic`, `casme2` and `samm` (in any case, "CASME
            II" too; links will do) or what these hold; or three folders, as a dictionary with
            the keys `"smic"`, `"casme2"` and `"samm"`.
        classes: `"megc2019"`: the three datasets share no finer classes.
        edition: `"raw"`, `"cropped"`, or `None` for whichever is there, raw before cropped. SAMM
            has no cropped edition: its raw one is taken.

    Returns:
        The clips of SMIC, then those of CASME II, then those of SAMM; each clip names its own
        dataset. A dataset that is not there is a problem, as long as another one is.

    Raises:
        InputError: None of the three is there, or the classes are not the three.
    """
    if classes != "megc2019":
        raise InputError(
            f"The classes are {classes!r}: MEGC 2019 joins its datasets in three classes alone, "
            "so read one of them by itself or use megc2019"
        )
    listings, problems = [], []
    for part in PARTS:
        done = f"MEGC 2019 is read without {part}"
        if not isinstance(root, Mapping):
            folder = find_part(Path(root), part) or Path(root)
        elif part in root:
            folder = Path(root[part])
        else:
            problems.append(Problem(Path(part), "no folder was given for it", done))
            continue
        try:
            listings.append(_READERS[part](folder, edition=None if part == "samm" else edition))
        except InputError as error:
            problems.append(Problem(folder, str(error), done))
    if not listings:
        raise InputError(
            f"{root} holds none of {', '.join(PARTS)}: give one folder with these subfolders; "
            f"the first failed with: {problems[0].what}"
        )
    problems += chain.from_iterable(listing.problems for listing in listings)
    joined = {
        name: tuple(chain.from_iterable(getattr(listing, name) for listing in listings))
        for name in ("clips", "folders", "sheets", "notes")
    }
    return Listing(problems=tuple(problems), **joined)


def find_part(root: Path, part: str) -> Path | None:
    """The folder of one of the three datasets in a folder, by its name; `None` if there is none."""
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return None
    for name in [part, *names]:
        plain = re.sub(r"[^a-z0-9]", "", name.casefold()).replace("casmeii", "casme2")
        if plain == part and not is_leftover(name) and (root / name).is_dir():
            return root / name
    return None
