"""Writes drawn recordings the way CAS(ME)^2 and SAMM Long Videos are laid out, sheets included."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from dfrnet_keras.atomic import whole_folder
from dfrnet_keras.datasets import casme_squared, samm_lv
from dfrnet_keras.datasets.recording import RECORDING_DATASETS
from dfrnet_keras.datasets.synthetic.clips import in_processes, write_picture
from dfrnet_keras.datasets.synthetic.layout_sheets import write_workbook
from dfrnet_keras.datasets.synthetic.recordings import (
    HAPPENINGS,
    DrawnInterval,
    DrawnRecording,
    draw_recording,
)
from dfrnet_keras.errors import InputError, check_choice, check_jobs

_FRAME_RATES = {"casme-squared": casme_squared.FRAME_RATE, "samm-lv": samm_lv.FRAME_RATE}
# Code and name of each video that the people of CAS(ME)^2 watched, and what its folder ends in.
_VIDEOS = (
    ("0101", "disgust1", "disgustingteeth"), ("0102", "disgust2", "eatingworms"),
    ("0401", "anger1", "girlcrashing"), ("0402", "anger2", "beatingpregnantwoman"),
    ("0501", "happy1", "drawn"), ("0502", "happy2", "funnyerrors"),
    ("0503", "happy3", "funnyfarting"), ("0504", "happy4", "drawn"),
    ("0505", "happy5", "funnyinnovations"),
)  # fmt: skip
MOST_RECORDINGS = len(_VIDEOS)
_FIRST_FOLDER = 15  # of CAS(ME)^2, whose subject 1 lies in s15
_FIRST_SUBJECT = 6  # of SAMM
_EMOTIONS = {"negative": "Anger", "positive": "Happiness", "surprise": "Surprise"}


class _Written(NamedTuple):
    subject: int  # from 1
    place: int  # which recording of the subject, from 0
    intervals: tuple[DrawnInterval, ...]


def write_recordings(
    layout: str,
    out: str | Path,
    *,
    subjects: int = 3,
    recordings: int = 1,
    seconds: float = 20.0,
    size: tuple[int, int] = (320, 240),
    micro: float = 6.0,
    macro: float = 3.0,
    happenings: Iterable[str] = HAPPENINGS,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write drawn recordings in the layout of a dataset; the folder appears whole or not at all.

    Args:
        layout: One of `RECORDING_DATASETS`: CAS(ME)^2 has 30 frames a second, SAMM Long Videos
            200, in gray.
        out: The folder to make; it may be there if it is empty.
        subjects: Number of people.
        recordings: Number of recordings of each, at most 9.
        seconds: Length of each.
        size: Width and height of the pictures.
        micro, macro, happenings: See `draw_recording`.
        seed: Another seed, other people.
        jobs: Number of processes; -1 for one per processor.
        progress: Called with (recordings written, recordings in all).

    Raises:
        InputError: An option is out of range, or the folder is not empty or cannot be made.
    """
    out = Path(out)
    check_choice("The layout", layout, RECORDING_DATASETS)
    if not (subjects >= 1 and 1 <= recordings <= MOST_RECORDINGS):
        raise InputError(
            f"subjects is {subjects} and recordings {recordings}: give 1 or more, and 1 to "
            f"{MOST_RECORDINGS}"
        )
    check_jobs(jobs)
    drawn = [
        (subject, place, draw_recording(
            (seed, subject, place), seconds, _FRAME_RATES[layout], size=size,
            person=(seed, subject, 30), micro=micro, macro=macro, happenings=happenings,
        ))
        for subject in range(1, subjects + 1)
        for place in range(recordings)
    ]  # fmt: skip
    with whole_folder(out) as partial:
        written = []
        tasks = [(layout, partial, *one) for one in drawn]
        for one in in_processes(_write_frames, tasks, jobs):
            written.append(one)
            if progress is not None:
                progress(len(written), len(drawn))
        written.sort()
        _SHEETS[layout](partial, written)
    return out


def _write_frames(
    layout: str, root: Path, subject: int, place: int, recording: DrawnRecording
) -> _Written:
    if layout == "casme-squared":
        number, (code, _, title) = _FIRST_FOLDER + subject - 1, _VIDEOS[place]
        folder = root / "rawpic" / f"s{number}" / f"{number}_{code}{title}"
        pattern = "img{:03d}.jpg"
    else:
        name = _samm_name(subject, place)
        folder, pattern = root / "SAMM_longvideos" / name, name + "_{:04d}.jpg"
    folder.mkdir(parents=True)
    for frame, picture in enumerate(recording.frames(), start=1):
        # SAMM's camera is a gray one.
        shown = picture if layout == "casme-squared" else picture[..., 1]
        write_picture(folder / pattern.format(frame), shown)
    return _Written(subject, place, recording.intervals)


def _samm_name(subject: int, place: int) -> str:
    return f"{_FIRST_SUBJECT + subject - 1:03d}_{place + 1}"


def _write_casme_squared(root: Path, written: list[_Written]) -> None:
    rows: list[list[Any]] = []
    for subject, place, intervals in written:
        for count, one in enumerate(intervals, start=1):
            units = "+".join(map(str, one.units))
            name = f"{_VIDEOS[place][1]}_{count}"
            moments = [one.onset + 1, one.apex + 1, one.offset + 1]
            rows.append([subject, name, *moments, units, one.label, f"{one.kind}-expression", ""])
    people = sorted({subject for subject, *_ in written})
    folders = [[number, f"s{_FIRST_FOLDER + number - 1}", number] for number in people]
    write_workbook(
        root / "CAS(ME)^2code_final.xlsx",
        {
            "CASFEcode_final": rows,
            "naming rule1": folders,
            "naming rule2": [[code, name] for code, name, _ in _VIDEOS],
        },
    )


def _write_samm_lv(root: Path, written: list[_Written]) -> None:
    notes = [["Drawn recordings in the layout of SAMM Long Videos: invented people"], *[[]] * 8]
    columns = "Subject,Filename,Inducement Code,Onset,Apex,Offset,Duration,Type,Action Units,Notes"
    long: list[list[Any]] = [*notes, columns.split(",")]
    short: list[list[Any]] = [["Subject", "Filename", "Estimated Emotion"]]
    for subject, place, intervals in written:
        for count, one in enumerate(intervals, start=1):
            clip, who = f"{_samm_name(subject, place)}_{count}", _FIRST_SUBJECT + subject - 1
            moments = [one.onset + 1, one.apex + 1, one.offset + 1]
            kind = "Macro" if one.kind == "macro" else "Micro - 1/2"
            units = "+".join(map(str, one.units))
            lasting = one.offset - one.onset + 1
            long.append([f"{who:03d}", clip, place + 1, *moments, lasting, kind, units, ""])
            if one.kind == "micro":
                short.append([f"{who:03d}", clip, _EMOTIONS.get(one.label or "", "Other")])
    write_workbook(root / "SAMM_LongVideos_V1_Release.xlsx", {"FACS_Movement_Only": long})
    write_workbook(root / "SAMM_Micro_FACS_Codes_v2.xlsx", {"MICRO_ONLY": short})


_SHEETS = {"casme-squared": _write_casme_squared, "samm-lv": _write_samm_lv}
