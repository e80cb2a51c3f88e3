"""`--face`: which of several faces the answer is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    from dfrnet_keras.prediction.clip_predictor import ClipPredictor

Which = str | int | None


def parse_face(text: str | None) -> Which:
    """The value of `--face`.

    Args:
        text: `"largest"`, `"all"`, a number from 1 on, or `None`.

    Raises:
        InputError: It is none of these.
    """
    if text in (None, "largest", "all"):
        return text
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InputError(f"--face is {text}: give largest, all, or a number counted from 1")
    return int(text)


def one_by_one(
    clips: Sequence[tuple[str, tuple[Path, ...]]],
    face: Which,
    predictor: ClipPredictor,
    onset: Callable[[tuple[Path, ...]], int],
) -> Iterator[tuple[str, tuple[Path, ...], Which]]:
    """What to predict: each clip, or each face of each clip.

    Args:
        clips: Names and frames, from `find_clips`.
        face: What `parse_face` gave.
        predictor: Who finds the faces.
        onset: Index of the onset frame of the clip of some frames.

    Yields:
        A name for the answer, the frames, and the face that is meant. Where a clip cannot be read
        or shows no face it comes once: its prediction says so.

    Raises:
        InputError: A face is asked for and frames are used whole.
    """
    if face is not None and predictor.preparation.crop == "none":
        raise InputError("crop is none, which uses frames whole: no face can be chosen")
    for name, frames in clips:
        if face != "all":
            yield name, frames, face
            continue
        try:
            faces = predictor.count_faces(frames, onset(frames))
        except (InputError, OSError):
            faces = 0
        if faces < 2:
            yield name, frames, None
        for number in range(1, faces + 1) if faces > 1 else ():
            yield f"{name} [face {number}]", frames, number
