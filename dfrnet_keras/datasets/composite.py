"""The fixed list of the clips of MEGC 2019, which no annotation sheet gives exactly.

The composite is a list of 442 clips, not a rule: later editions of the sheets call other clips
surprise, and sheets that people correct gain an apex that the list went without. The list
(`megc2019.csv`: dataset, subject, clip, label) holds facts alone, as the organisers published
them. See et al. 2019, https://doi.org/10.1109/FG.2019.8756611
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from dfrnet_keras.datasets.listing import Problem

ClipId = tuple[str, str]  # subject as in `Clip.subject`, and the clip's name in lower case


class Listed(NamedTuple):
    """A clip on the list: its name, and its class."""

    name: str
    label: str


@cache
def listed_clips(dataset: str) -> dict[ClipId, Listed]:
    """The clips of a dataset on the list; `"casme2"` has 145, `"smic"` 164, `"samm"` 133.

    Args:
        dataset: Name of the dataset; others have no clip on the list.
    """
    text = files("dfrnet_keras.datasets").joinpath("megc2019.csv").read_text("utf-8")
    return {
        (row["subject"], row["clip"].casefold()): Listed(row["clip"], row["label"])
        for row in csv.DictReader(text.splitlines())
        if row["dataset"] == dataset
    }


def applies(dataset: str, clips: Collection[ClipId]) -> tuple[bool, str]:
    """Whether a folder is the real dataset, so that the list is held against it.

    It is where two thirds of its clips in the three classes are on the list. Names in SMIC count
    up within each subject, so that drawn clips bear the names of real ones: there it must also be
    more than half of the list. Drawn clips (`dfr-keras data synthesize`) stay below either bound:
    at most a third in CASME II and SAMM, and half in SMIC.

    Args:
        dataset: Name of the dataset.
        clips: Ids of the clips that the sheet, or in SMIC the folders, put into the three classes.

    Returns:
        The answer, and a sentence about it for the user.
    """
    listed = listed_clips(dataset)
    common = len(set(clips) & listed.keys())
    held = 3 * common >= 2 * max(1, len(clips)) and (dataset != "smic" or 2 * common > len(listed))
    found = f"{common} of {len(clips)} clips of {dataset} are among the {len(listed)} of MEGC 2019"
    return held, f"{found}: " + ("that list is followed" if held else "taken as they are")


def differences(
    dataset: str, file: Path, extra: Iterable[tuple[str, str]], found: Collection[ClipId]
) -> Iterator[Problem]:
    """One problem for the clips that are not on the list, one for those of the list not found.

    Args:
        dataset: Name of the dataset.
        file: The sheet or folder that the clips were looked for in.
        extra: Subject and name of the clips in the three classes that are not on the list.
        found: Ids of all clips that the file has.
    """
    listed = listed_clips(dataset)
    missing = [(clip[0], listed[clip].name) for clip in listed if clip not in found]
    for clips, what, done, warn in (
        (list(extra), "not on the list of MEGC 2019", "the composite goes without them", True),
        (missing, "on the list of MEGC 2019 and not there", "read without them", False),
    ):
        if clips:
            names = ", ".join("/".join(clip) for clip in clips[:10])
            more = f" and {len(clips) - 10} more" if len(clips) > 10 else ""
            what = f"{len(clips)} clip(s) are {what}: {names}{more}"
            yield Problem(file, what, done, warn=warn)
