"""Which files are the frames of a clip, and in which order."""

from __future__ import annotations

import re
import warnings
from collections.abc import Container, Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from dfrnet_keras.errors import InputError

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
# Pictures that move are decoded as videos are.
VIDEO_SUFFIXES = frozenset({
    ".3gp", ".apng", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg",
    ".mpg", ".mts", ".ogv", ".webm", ".wmv",
})  # fmt: skip

# What operating systems, file servers and archivers put beside the data of their users.
_LEFTOVERS = frozenset(
    {"__macosx", "@eadir", "#recycle", "@recycle", "$recycle.bin", "recycler", "lost+found",
     "system volume information", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
)  # fmt: skip
# Digits, and further digits after single dots or commas: 7, 0.95, 1.2.3
_NUMBER = re.compile(r"([0-9]+(?:[.,][0-9]+)*)")
_SIGNED = re.compile(r"((?:(?<![0-9])-)?[0-9]+(?:[.,][0-9]+)*)")

_Key = list[tuple[int, Decimal, str]]


def is_leftover(name: str) -> bool:
    """Whether a file or folder is hidden, or was left behind by a system and holds no data.

    Args:
        name: Its name without folders: `.DS_Store`, `._img1.jpg`, `__MACOSX`, `~$sheet.xlsx`.
    """
    return name.startswith((".", "~$")) or name.casefold() in _LEFTOVERS


def natural_key(name: str | Path) -> _Key:
    """Sort key that puts `img2.jpg` before `img10.jpg`, and `t0.95.jpg` before `t1.1.jpg`.

    Two numbers with a dot or comma between them are one with a fraction, three or more are
    counters by themselves, as in version 1.2.10. `-` is a separator.

    Args:
        name: File name or path.

    Returns:
        A list that compares numbers by value and text without regard to case.
    """
    # The name itself decides between `a01` and `a1`, whose numbers are equal.
    return [*_key(str(name)), (2, Decimal(0), str(name))]


def in_order(frames: Iterable[str | Path]) -> tuple[Path, ...]:
    """Put the frames of one clip in the order of the numbers in their names.

    The names are read together. 1.9 beside 1.10 are counters, since fractions of changing length
    do not end in zero; 0.9, 0.95 and 1.1 have fractions. A minus sign counts where another name
    is the same without it (`f-1` beside `f0`); elsewhere `-` is a separator. A warning says where
    the order is in doubt: signs, names that differ in more than numbers (`onset`, `apex`), and
    two names with the same numbers.

    Args:
        frames: Paths of the frames; only their names are compared.

    Returns:
        The paths, each once.
    """
    paths = [Path(path) for path in dict.fromkeys(frames)]
    names = [path.stem for path in paths]
    signs = _has_signs(names)
    counters = _counters(names)
    keys = {path: _key(path.stem, counters, signs) for path in paths}
    ordered = tuple(sorted(paths, key=lambda path: (keys[path], path.name, str(path))))
    for before, after in pairwise(ordered):
        if _shape(before.stem, signs) != _shape(after.stem, signs):
            what = "differ in more than their numbers: the frames are in the order of the alphabet"
        elif keys[before] == keys[after]:
            what = "hold the same number: a frame may be there twice"
        else:
            continue
        warnings.warn(
            f"the order of the frames is in doubt: {before} and {after.name} {what}", stacklevel=2
        )
        break
    return ordered


def _shape(name: str, signs: bool = False) -> str:
    """A name with each of its numbers replaced by `#`."""
    return (_SIGNED if signs else _NUMBER).sub("#", name).casefold()


def _key(name: str, counters: Container[int] = (), signs: bool = False) -> _Key:
    """Texts and numbers of a name in turn; numbers at the places `counters` have no fraction."""
    key: _Key = []
    for place, part in enumerate((_SIGNED if signs else _NUMBER).split(name)):
        pieces = re.split("[.,]", part)
        if place % 2 == 0:
            key.append((1, Decimal(0), part.casefold()))
        elif len(pieces) == 2 and place not in counters:
            key.append((0, Decimal(".".join(pieces)), ""))
        else:
            key += [(0, Decimal(piece), "") for piece in pieces]
    return key


def _counters(names: Sequence[str]) -> set[int]:
    """Places of numbers whose dots separate counters: three in a row, or both 1.9 and 1.10."""
    fractions: dict[int, set[str]] = {}
    counters = set()
    for name in names:
        for place, part in enumerate(_NUMBER.split(name)):
            _, *after = re.split("[.,]", part) if place % 2 else [""]
            fractions.setdefault(place, set()).update(after[:1])
            if len(after) > 1:
                counters.add(place)
    for place, found in fractions.items():
        lengths = {len(fraction) for fraction in found}
        if len(lengths) > 1 and any(len(text) > 1 and text.endswith("0") for text in found):
            counters.add(place)
    return counters


def _has_signs(names: Sequence[str]) -> bool:
    """Whether `-` before a number is its sign, with a warning if it may be one."""
    shapes = {_shape(name): name for name in names}
    for shape, name in shapes.items():
        for sign in re.finditer(r"(?<!#)-(?=#)", shape):
            signed = shape[: sign.start()] + shape[sign.end() :] in shapes
            if signed or re.search(r"(^|[^0-9A-Za-z])$", shape[: sign.start()]):
                taken = "negative number, which comes first" if signed else "number after a dash"
                warnings.warn(
                    f"the order of the frames is in doubt: {name} was taken for a {taken}; "
                    "number them from 0 if that is wrong",
                    stacklevel=3,
                )
                return signed
    return False


def is_video(path: str | Path) -> bool:
    """Whether the name of a file is that of a video."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def list_frames(folder: str | Path) -> tuple[Path, ...]:
    """Paths of the images in a folder, in the order of the numbers in their names.

    Args:
        folder: The folder; folders inside it, hidden files and other files are passed over.

    Raises:
        InputError: There is no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: give the folder that holds the frames")
    images = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    found = [path for path in images if not is_leftover(path.name) and path.is_file()]
    if not found:
        raise InputError(f"{folder} holds no image: give a folder of .jpg, .png or .bmp frames")
    return in_order(found)
