"""Holds a dataset folder against what the complete dataset is known to contain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from dfrnet_keras.datasets import class_names, dataset_root, list_dataset
from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.datasets.composite import listed_clips
from dfrnet_keras.datasets.listing import Problem
from dfrnet_keras.datasets.megc2019 import PARTS
from dfrnet_keras.datasets.recording import (
    KINDS,
    RECORDING_DATASETS,
    Recording,
    list_recordings,
    recordings_root,
)
from dfrnet_keras.datasets.tasks import plain_task
from dfrnet_keras.errors import InputError

_Part = TypeVar("_Part")


@dataclass(frozen=True)
class Contents:
    """Numbers of clips and subjects, and of clips in each class; `None` where it is not known.

    Of long recordings: numbers of recordings and subjects, and of expressions of each kind.
    """

    clips: int
    subjects: int | None
    classes: dict[str, int] | None


@dataclass(frozen=True)
class Report:
    """What a dataset folder holds.

    Attributes:
        dataset: Name of the dataset.
        root: Its folder, `None` for synthetic clips in the cache.
        classes: One of `tasks.TASKS`.
        found: What can be used.
        expected: What the complete dataset holds; `None` where that is not fixed.
        folders: Where its frames lie.
        sheets: The annotation sheets that were read.
        parts: Found and expected of each dataset of a composite.
        problems: Everything that is not as it should be.
        failure: Why the folder cannot be used; `None` if it can.
        notes: How the folder was read, where it could be read otherwise.
    """

    dataset: str
    root: Path | None
    classes: str
    found: Contents
    expected: Contents | None
    folders: tuple[Path, ...] = ()
    sheets: tuple[Path, ...] = ()
    parts: dict[str, tuple[Contents, Contents | None]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    failure: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether exactly that is there which the complete dataset holds."""
        if self.failure is not None or self.expected is None:
            return self.failure is None
        classes = self.found.classes if self.expected.classes else None
        subjects = None if self.expected.subjects is None else self.found.subjects
        return replace(self.found, classes=classes, subjects=subjects) == self.expected

    @property
    def lacking(self) -> bool:
        """Whether a clip, a subject or a clip of a class is missing."""
        if self.expected is None:
            return False
        classes = self.found.classes or {}
        return (
            self.found.clips < self.expected.clips
            or (self.found.subjects or 0) < (self.expected.subjects or 0)
            or any(classes.get(name, 0) < count
                   for name, count in (self.expected.classes or {}).items())
        )  # fmt: skip


# Subjects and clips of each emotion in the datasets' own classes.
_ORIGINAL = {
    "casme2": (26, {"disgust": 63, "fear": 2, "happiness": 32, "others": 99, "repression": 27,
                    "sadness": 7, "surprise": 25}),
    "samm": (29, {"anger": 57, "contempt": 12, "disgust": 9, "fear": 8, "happiness": 26,
                  "other": 26, "sadness": 6, "surprise": 15}),
}  # fmt: skip


def check_dataset(
    name: str,
    root: str | Path | None = None,
    *,
    classes: str = "megc2019",
    edition: str | None = None,
    camera: str | None = None,
    read: Callable[[Sequence[Path], Sequence[int]], object] | None = None,
    every_frame: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Compare what a dataset folder holds with what it should hold.

    A folder can be used if clips of at least two subjects and two classes can: leave-one-subject-
    out needs no more. A composite needs each of its datasets.

    Args:
        name, root, classes, edition, camera: As for `load_dataset`.
        read: Called with the paths of a clip's frames and the indexes of those to open; raises
            `InputError` where one is damaged. `frames.read_frames` is such a function. Without
            it no frame is opened.
        every_frame: Open every frame of the movement, and not onset, apex and offset alone.
        progress: Called with (clips opened, clips in all).

    Raises:
        InputError: The name or the classes are unknown. Everything else that is wrong is part of
            the report.
    """
    if name in RECORDING_DATASETS:
        return check_recordings(name, root, read=read, every_frame=every_frame, progress=progress)
    names = class_names(name, classes)
    folder: Path | None = None
    try:
        folder = dataset_root(name, root)
        listing = list_dataset(name, folder, classes=classes, edition=edition, camera=camera)
    except InputError as error:
        expected = _expected(name, classes, camera, ())
        return Report(name, folder, classes, _contents((), names), expected, failure=str(error))
    clips, problems = list(listing.clips), list(listing.problems)
    if read is not None:

        def opened(clip: Clip) -> None:
            wanted: Sequence[int] = range(clip.onset, clip.offset + 1)
            if not every_frame:
                apex = () if clip.apex is None else (clip.apex,)
                wanted = sorted({clip.onset, clip.offset, *apex})
            read(clip.frames, wanted)

        def problem(clip: Clip, error: Exception) -> Problem:
            return Problem(clip.frames[clip.onset].parent, str(error))

        clips = _readable(clips, opened, problem, problems, progress)
    if camera is None:
        there = " ".join(folder.name.upper() for folder in listing.folders)
        camera = next((camera for camera in ("VIS", "NIR") if camera in there), None)
    parts = {}
    if name == "megc2019":
        for part in PARTS:
            own = [clip for clip in clips if clip.dataset == part]
            parts[part] = (_contents(own, names), _expected(part, classes, None, ()))
    found = _contents(clips, names)
    return Report(
        name,
        folder,
        classes,
        found,
        _expected(name, classes, camera, listing.sheets),
        listing.folders,
        listing.sheets,
        parts,
        tuple(problems),
        _failure(found, parts),
        (*listing.notes, *_rare(found)),
    )


# Recordings, subjects and expressions as the datasets' own papers count them.
_RECORDINGS = {
    "casme-squared": Contents(97, 22, {"micro": 57, "macro": 300}),
    "samm-lv": Contents(147, None, {"micro": 159, "macro": 343}),
}


def check_recordings(
    name: str,
    root: str | Path | None = None,
    *,
    read: Callable[[Sequence[Path], Sequence[int]], object] | None = None,
    every_frame: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Compare a folder of long recordings with what it should hold; see `check_dataset`.

    It can be used if there is an expression in it. Opened are the first, the middle and the last
    frame of each recording, or every one.
    """
    expected = _RECORDINGS[name]
    folder: Path | None = None
    try:
        folder = recordings_root(name, root)
        listed = list_recordings(name, folder)
    except InputError as error:
        nothing = Contents(0, 0, dict.fromkeys(KINDS, 0))
        return Report(name, folder, "kinds", nothing, expected, failure=str(error))
    problems = list(listed.problems)

    def opened(recording: Recording) -> None:
        last = recording.count - 1
        parts: Sequence[Sequence[int]] = [sorted({0, last // 2, last})]
        if every_frame:  # whole recordings do not fit into memory
            parts = [range(start, min(start + 100, last + 1)) for start in range(0, last + 1, 100)]
        if read is not None:
            for part in parts:
                read(recording.frames(), part)

    def problem(recording: Recording, error: Exception) -> Problem:
        return Problem(recording.source, str(error), "the recording was left out")

    kept = _readable(listed.recordings, opened, problem, problems, progress)
    kinds = Counter(one.kind for recording in kept for one in recording.intervals)
    subjects = len({recording.subject for recording in kept})
    found = Contents(len(kept), subjects, {kind: kinds[kind] for kind in KINDS})
    failure = None if kinds else "there is no recording with an expression that can be used"
    return Report(
        name, folder, "kinds", found, expected, listed.folders, listed.sheets,
        problems=tuple(problems), failure=failure,
    )  # fmt: skip


def _expected(
    name: str, classes: str, camera: str | None, sheets: Sequence[Path]
) -> Contents | None:
    if name == "smic" and (camera or "HS").upper() != "HS":
        return Contents(71, 8, None)
    if plain_task(classes) != "megc2019" and name in _ORIGINAL:
        subjects, counts = _ORIGINAL[name]
        kept = {emotion: counts[emotion] for emotion in class_names(name, classes)}
        if any("2019" in sheet.name for sheet in sheets):
            # The later edition of CASME II has one more row.
            return Contents(256, 26, None) if kept == counts else None
        # How many subjects of SAMM show the kept emotions is not known.
        known = name == "casme2" or kept == counts
        return Contents(sum(kept.values()), subjects, kept) if known else None
    parts = PARTS if name == "megc2019" else (name,)
    listed = [(part, who, clip.label) for part in parts
              for (who, _), clip in listed_clips(part).items()]  # fmt: skip
    if not listed:
        return None
    counts = Counter(label for *_, label in listed)
    people = {(part, who) for part, who, _ in listed}
    return Contents(len(listed), len(people), {key: counts[key] for key in class_names(name)})


def _contents(clips: Sequence[Clip], names: Sequence[str]) -> Contents:
    counts = Counter(clip.label for clip in clips)
    subjects = {(clip.dataset, clip.subject) for clip in clips}
    return Contents(len(clips), len(subjects), {name: counts[name] for name in names})


def _rare(found: Contents) -> list[str]:
    return [
        f"the class {name} has one clip: it cannot be recognised when its subject is held out"
        for name, count in (found.classes or {}).items()
        if count == 1
    ]


def _failure(found: Contents, parts: dict[str, tuple[Contents, Contents | None]]) -> str | None:
    empty = [part for part, (contents, _) in parts.items() if not contents.clips]
    if empty:
        return f"no clip of {', '.join(empty)} can be used, and the composite needs each dataset"
    if (found.subjects or 0) < 2:
        return f"there are clips of {found.subjects} subject(s), and at least 2 are needed"
    seen = sum(count > 0 for count in (found.classes or {}).values())
    if seen < min(2, len(found.classes or {})):
        return f"there are clips of {seen} class(es), and at least 2 are needed"
    return None


def _readable(
    parts: Sequence[_Part],
    read: Callable[[_Part], None],
    problem: Callable[[_Part, Exception], Problem],
    problems: list[Problem],
    progress: Callable[[int, int], None] | None,
) -> list[_Part]:
    """The clips or recordings that can be read; a problem for each of the others."""
    kept = []
    for done, part in enumerate(parts, start=1):
        try:
            read(part)
        except (InputError, OSError) as error:
            problems.append(problem(part, error))
        else:
            kept.append(part)
        if progress is not None:
            progress(done, len(parts))
    return kept
