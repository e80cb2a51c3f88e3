"""What was found in a dataset folder: its clips, and everything that is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dfrnet_keras.datasets.clip import Clip

LEFT_OUT = "the clip was left out"


class Unusable(Exception):
    """Why a clip cannot be used, and what was done about it."""

    def __init__(self, what: str, done: str = LEFT_OUT) -> None:
        super().__init__(what)
        self.done = done


@dataclass(frozen=True)
class Problem:
    """Something in a dataset folder that is not as it should be.

    Attributes:
        file: The sheet, folder or frame it was found in.
        what: What is wrong.
        done: What was done about it.
        row: Row of the sheet, counted from 1 as spreadsheet programs do; `None` elsewhere.
        warn: Whether `load_dataset` gives it as a warning of its own, and does not count it alone.
    """

    file: Path
    what: str
    done: str = LEFT_OUT
    row: int | None = None
    warn: bool = False

    def __str__(self) -> str:
        where = f"{self.file}" if self.row is None else f"{self.file}, row {self.row}"
        return f"{where}: {self.what}; {self.done}"


@dataclass(frozen=True)
class Listing:
    """The clips of a dataset folder and the problems met while reading it.

    Attributes:
        clips: The clips that can be used, in an order that does not change from call to call.
        problems: Every problem, in the order in which it was met.
        folders: The folders that the frames lie in.
        sheets: The annotation sheets that were read.
        notes: How the folder was read, where it could be read otherwise.
    """

    clips: tuple[Clip, ...]
    problems: tuple[Problem, ...] = ()
    folders: tuple[Path, ...] = ()
    sheets: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def left_out(self) -> int:
        """Number of clips that should be there and could not be used."""
        return sum(problem.done == LEFT_OUT for problem in self.problems)
