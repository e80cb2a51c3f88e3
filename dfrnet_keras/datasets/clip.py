"""A clip of a face and the three classes that the field agrees on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

MEGC2019_CLASSES = ("negative", "positive", "surprise")


@dataclass(frozen=True)
class Clip:
    """One annotated clip: who, where, when, which label; never pixels.

    Attributes:
        dataset: Name of the dataset, `"casme2"` for example. Subjects are unique within it.
        subject: Name of the person, as the dataset's own list writes it.
        name: Name of the clip, unique within its subject.
        frames: Paths of the frame images in order of time, or the path of one video.
        onset: Index into `frames` of the first frame of the movement.
        apex: Index of the frame of strongest movement; `None` where it is not annotated.
        offset: Index of the last frame of the movement.
        label: Name of the class.
        action_units: The action units that the sheet names, such as `"4"` or `"R14A"` (side,
            number, intensity); `None` where it names none.
    """

    dataset: str
    subject: str
    name: str
    frames: tuple[Path, ...]
    onset: int
    apex: int | None
    offset: int
    label: str
    action_units: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """`dataset/subject/name`: unique over every dataset."""
        return f"{self.dataset}/{self.subject}/{self.name}"

    def absolute(self) -> Clip:
        """The same clip for another process, whose working folder may be another one."""
        return replace(self, frames=tuple(Path(frame).absolute() for frame in self.frames))
