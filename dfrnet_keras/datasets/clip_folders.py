"""Finds the folder of each clip that a sheet names, among those that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from dfrnet_keras.datasets.folders import (
    enclosing,
    leaves,
    plain_name,
    subfolders,
    subject_number,
)
from dfrnet_keras.datasets.listing import Problem


class ClipFolders:
    """The folders of clips in a folder of frames, by subject and name.

    Args:
        folder: The folder of frames.
        root: The dataset's folder, which links must not leave.
        subject: How a subject is named, a format of its number.
        as_distributed: Pattern of the name of a subject's folder, which is read before folders
            that name the same subject in another way (`6`, `s06`).
        problems: Gets what is wrong with the folders.
    """

    def __init__(
        self, folder: Path, root: Path, subject: str, as_distributed: str, problems: list[Problem]
    ) -> None:
        self._subject = subject
        self._folder = folder
        self.inside = enclosing(folder, root)
        self._subjects: dict[int, dict[str, Path]] = {}
        self._files: dict[int, list[str]] = {}
        distributed = re.compile(as_distributed, re.IGNORECASE).fullmatch
        for path in sorted(subfolders(folder), key=lambda path: not distributed(path.name)):
            number = subject_number(path.name)
            if number is None:
                continue
            clips = self._subjects.setdefault(number, {})
            files = self._files.setdefault(number, [])
            try:
                for inner in subfolders(path):
                    if clips.setdefault(inner.name, inner) != inner:
                        what = f"is another folder of the clip in {clips[inner.name].parent.name}"
                        problems.append(Problem(inner, None, what, "it was passed over"))
                files += sorted(inner.name for inner in path.iterdir() if inner.is_file())
            except OSError as error:
                what = f"cannot be read ({error.strerror})"
                problems.append(Problem(path, None, what, "its clips were left out"))

    def find(self, subject: int, name: str) -> Path | str:
        """The folder of a clip, or why there is none."""
        folders = self._subjects.get(subject)
        who = self._subject.format(subject)
        if folders is None:
            return f"there is no folder of {who} in {self._folder}"
        path = folders.get(name)
        if path is None:
            alike = [inner for inner in folders if inner.strip().casefold() == name.casefold()]
            if not alike:
                return self._not_there(subject, name)
            path = folders[alike[0]]
        if leaves(path, self.inside):
            return f"{path} is a link that leaves the dataset's folder"
        return path

    def _not_there(self, subject: int, name: str) -> str:
        """Why there is no folder of a clip, with what is there in its place."""
        who, folders = self._subject.format(subject), self._subjects[subject]
        what = f"there is no folder {name!r} of {who} in {self._folder}"
        alike = [inner for inner in folders if plain_name(inner) == plain_name(name)]
        if alike:
            return f"{what}, is {alike[0]!r} meant?"
        for file in self._files[subject]:
            if Path(file).stem.casefold() == name.casefold():
                return f"{what} but {file}: its frames are needed, in a folder of that name"
        return what

    def unlisted(self, listed: Mapping[tuple[int, str], int]) -> Iterator[Problem]:
        """A problem for each folder of a clip that no row names."""
        for subject, folders in self._subjects.items():
            for name, path in folders.items():
                if (subject, name.strip().casefold()) not in listed:
                    yield Problem(path, None, "no row of the sheet names it", "it was passed over")
