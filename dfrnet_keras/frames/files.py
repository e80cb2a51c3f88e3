"""Which files are the frames of a clip, and in which order."""

from __future__ import annotations

import re
from pathlib import Path

from dfrnet_keras.errors import InputError

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
VIDEO_SUFFIXES = frozenset({
    ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts",
    ".ogv", ".webm", ".wmv",
})  # fmt: skip


def natural_key(name: str | Path) -> list[tuple[int, int, str]]:
    """Sort key that puts `img2.jpg` before `img10.jpg`.

    Args:
        name: File name or path.

    Returns:
        A list that compares numbers by value and text without regard to case.
    """
    parts = re.split(r"([0-9]+)", str(name))
    key = [(0, int(part), "") if part.isdigit() else (1, 0, part.casefold()) for part in parts]
    # The name itself settles `a01` against `a1`, whose numbers are equal.
    return [*key, (2, 0, str(name))]


def is_video(path: str | Path) -> bool:
    """Whether the name of a file is that of a video."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def list_frames(folder: str | Path) -> tuple[Path, ...]:
    """Paths of the images in a folder, in natural order of their names.

    Args:
        folder: The folder; folders inside it, hidden files and other files are passed over.

    Raises:
        InputError: There is no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: give the folder that holds the frames")
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
    ]
    if not found:
        raise InputError(f"{folder} holds no image: give a folder of .jpg, .png or .bmp frames")
    return tuple(sorted(found, key=lambda path: natural_key(path.name)))
