"""Finds the folder of each clip that a sheet names, among those that are there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from dfrnet_keras.datasets.folders import (
    enclosing,
    leaves,
    numbered_frames,
    plain_name,
    subfolders,
    subject_number,
)
from dfrnet_keras.datasets.listing import Problem, Unusable
from dfrnet_keras.datasets.scheme import Scheme

_ANYBODY = "any subject"  # where folders of emotions hold those of the clips


class ClipFolders:
    """The folders of clips in a folder of frames, by subject and name.

    Args:
        folder: The folder of frames.
        root: The dataset's folder, which links must not leave.
        scheme: How a subject is named; folders named as distributed are read before those that
            name the same subject in another way (`6`, `s06`).
        problems: Gets what is wrong with the folders.
    """

    def __init__(self, folder: Path, root: Path, scheme: Scheme, problems: list[Problem]) -> None:
        self._folder = folder
        self._scheme = scheme
        self._problems = problems
        self._frames: dict[Path, dict[int, Path]] = {}
        self.inside = enclosing(folder, root)
        self._subjects: dict[str, dict[str, Path]] = {}
        self._files: dict[str, list[Path]] = {}
        distributed = re.compile(scheme.subject_folder, re.IGNORECASE).fullmatch
        for path in sorted(subfolders(folder), key=lambda path: not distributed(path.name)):
            number = subject_number(path.name)
            if scheme.by_emotion:
                who = _ANYBODY
                if not distributed(path.name):
                    continue
            elif number is None:
                continue
            else:
                who = scheme.subject.format(number)
            clips = self._subjects.setdefault(who, {})
            files = self._files.setdefault(who, [])
            try:
                for inner in subfolders(path):
                    first = clips.setdefault(inner.name.strip().casefold(), inner)
                    if first != inner:
                        what = f"is another folder of the clip in {first.parent.name}"
                        problems.append(Problem(inner, what, "it was passed over"))
                files += sorted(inner for inner in path.iterdir() if inner.is_file())
            except OSError as error:
                what = f"cannot be read ({error.strerror})"
                problems.append(Problem(path, what, "its clips were left out"))

    def find(self, subject: str, name: str) -> Path:
        """The folder of a clip; `Unusable` says why there is none, and what is in its place."""
        subject = _ANYBODY if self._scheme.by_emotion else subject
        who = f"{subject} in {self._folder}"
        if subject not in self._subjects:
            raise Unusable(f"there is no folder of {who}")
        folders = self._subjects[subject]
        path = folders.get(name.casefold())
        if path is None:
            what = f"there is no folder {name!r} of {who}"
            for other in folders.values():
                if plain_name(other.name) == plain_name(name):
                    raise Unusable(f"{what}, is {other.name!r} meant?")
            for file in self._files[subject]:
                if file.stem.casefold() == name.casefold():
                    what += f" but {file.name}: its frames are needed, in a folder of that name"
                    break
            raise Unusable(what)
        if leaves(path, self.inside):
            raise Unusable(f"{path} is a link that leaves the dataset's folder")
        return self._inner(path)

    def _inner(self, path: Path) -> Path:
        """The folder of the frames in that of a clip."""
        inside = subfolders(path) if self._scheme.inner else []
        for folder in inside:
            if folder.name.casefold() == self._scheme.inner:
                return folder
        if any("depth" in folder.name.casefold() for folder in inside):
            raise Unusable(
                f"{path} holds depth and no colour: put its folder {self._scheme.inner!r} beside it"
            )
        return path

    def frames(self, path: Path) -> dict[int, Path]:
        """The frames in a folder, see `numbered_frames`; read once, however many rows name it."""
        if path not in self._frames:
            self._frames[path] = numbered_frames(path, self.inside, self._problems)
        return self._frames[path]

    def unlisted(self, listed: Collection[tuple[str, str]]) -> Iterator[Problem]:
        """A problem for each folder of a clip that no row names."""
        names = {name for _, name in listed}
        for subject, folders in self._subjects.items():
            for name, path in folders.items():
                if (subject, name) not in listed and not (
                    self._scheme.by_emotion and name in names
                ):
                    yield Problem(path, "no row of the sheet names it", "it was passed over")
