"""Writes synthetic clips the way the licensed datasets are laid out, annotation sheet included.

So that the whole path from a dataset folder to a trained network can be tried by everyone. The
people are invented, see `synthetic`; only the names of files, folders and columns are those of
the datasets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from dfrnet_keras.atomic import whole_folder
from dfrnet_keras.datasets.synthetic import PlannedClip, plan_clips
from dfrnet_keras.datasets.synthetic.clips import in_processes, write_picture
from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing
from dfrnet_keras.datasets.synthetic.layout_sheets import (
    WrittenClip,
    emotion_of,
    write_sheet,
)
from dfrnet_keras.datasets.synthetic.render import SUPERSAMPLING, render_clip
from dfrnet_keras.errors import InputError, check_choice, check_jobs

_PARTS = ("smic", "casme2", "samm")
_CLIP_SETS = ("casme", "casme3", "casme3-c", "mmew", "4dme")
LAYOUTS = (*_PARTS, "megc2019", *_CLIP_SETS)

# Numbers of the people in each dataset, as far as they are not simply 1, 2, 3.
_SMIC_GAPS = (7, 10, 16, 17)
_SAMM_FIRST = (6, 7, 9)

# Where the number of a clip's first frame lies; in CASME II they pass from two to three digits.
_FIRST_FRAMES = {"casme2": (30, 140), "smic": (500_000, 999_000), "samm": (800, 9_000)}
_CODES = {"negative": "ne", "positive": "po", "surprise": "sur"}
_CASME2 = "sub{subject:02d}/EP{place:02d}_{count:02d}{film}"
_SMIC = "HS/s{subject}/micro/{label}/s{subject}_{code}_{count:02d}"


class _Pictures(NamedTuple):
    """How the frames of a dataset look.

    Attributes:
        framing: Size of the rendered picture and place of the face in it.
        path: Pattern of the path of a frame below the dataset's folder.
        enlarged: How much larger the written picture is.
        gray: Whether it has one channel.
        recording: Whether two clips of a person at a time lie in one folder, as parts of it.
    """

    framing: Framing
    path: str
    enlarged: int = 1
    gray: bool = False
    recording: bool = False


_PICTURES = {
    ("casme2", "raw"): _Pictures(Framing.raw(), f"CASME2_RAW_selected/{_CASME2}/img{{frame}}.jpg"),
    ("casme2", "cropped"): _Pictures(
        Framing(280, 340, 139.5, 160.0, 148.0), f"Cropped/{_CASME2}/reg_img{{frame}}.jpg"
    ),
    ("smic", "raw"): _Pictures(Framing.raw(), f"SMIC_all_raw/{_SMIC}/image{{frame}}.bmp"),
    ("smic", "cropped"): _Pictures(
        Framing(140, 170, 69.5, 80.0, 74.0), f"SMIC_all_cropped/{_SMIC}/reg_image{{frame}}.bmp"
    ),
    # Drawn at half the size: sixteen times faster, and finer pores are of no use.
    ("samm", "raw"): _Pictures(
        Framing.raw(1020, 544),
        "{subject:03d}/{subject:03d}_{place}_{count}/{subject:03d}_{frame:05d}.jpg",
        enlarged=2,
        gray=True,
    ),
    ("casme", "raw"): _Pictures(
        Framing.raw(), "CASME_raw_selected/sub{subject:02d}/EP{place:02d}_{count}/img{frame}.jpg"
    ),
    ("casme", "cropped"): _Pictures(
        Framing(150, 190, 74.5, 88.0, 80.0),
        "Cropped/sub{subject:02d}/EP{place:02d}_{count}/reg_img{frame}.jpg",
    ),
    ("casme3", "raw"): _Pictures(
        Framing.raw(), "spNO.{subject}/{letter}/color/{frame}.jpg", recording=True
    ),
    ("casme3-c", "raw"): _Pictures(Framing.raw(), "{subject:02d}/{place}/color/{frame}.jpg"),
    ("mmew", "raw"): _Pictures(
        Framing.raw(),
        "Micro_Expression/{emotion}/S{subject:02d}-{place:02d}-{count:03d}/{frame}.jpg",
    ),
    ("4dme", "raw"): _Pictures(
        Framing.raw(),
        "gray_micro/sub{subject:02d}/{subject:02d}_{place:03d}/{frame}.jpg",
        gray=True,
    ),
}


def write_layout(
    layout: str,
    out: str | Path,
    *,
    subjects: int = 6,
    clips_per_subject: int = 6,
    frames: int = 20,
    seed: int = 0,
    edition: str = "raw",
    amplitude: tuple[float, float] = (0.8, 2.0),
    others: bool = False,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write synthetic clips in the layout of a dataset; the folder appears whole or not at all.

    Args:
        layout: One of `LAYOUTS`; `"megc2019"` writes the folders smic, casme2 and samm.
        out: The folder to make; it may be there if it is empty.
        subjects: Number of people, in each dataset.
        clips_per_subject: Number of clips of each.
        frames: Frames from onset to offset, 3 or more; half as many in SMIC, whose camera is half
            as fast. CASME II and SAMM have a few more before and after, in SMIC they are the clip.
        seed: Another seed, other people.
        edition: `"raw"` or `"cropped"`, which CASME, CASME II and SMIC have; of SAMM the raw one
            is written as a part of `"megc2019"`.
        amplitude: Bounds of the largest displacement, in pixels of a face of 128 pixels.
        others: Call some of the negative clips "others", as half of the sheets' clips are.
        jobs: Number of processes; -1 for one per processor.
        progress: Called with (clips written, clips in all).

    Raises:
        InputError: An option is out of range, or the folder is not empty or cannot be made.
    """
    out = Path(out).resolve() if Path(out).name in ("", "..") else Path(out)
    check_choice("The layout", layout, LAYOUTS)
    check_choice("The edition", edition, ("raw", "cropped"))
    if layout != "megc2019" and (layout, edition) not in _PICTURES:
        title = "SAMM" if layout == "samm" else layout
        raise InputError(f"{title} has no cropped edition: leave that out")
    if frames < 3:
        raise InputError(f"frames is {frames}: give 3 or more")
    check_jobs(jobs)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there and not empty: choose a folder that is new or empty")
    settings: dict[str, Any] = {
        "subjects": subjects,
        "clips_per_subject": clips_per_subject,
        "amplitude": amplitude,
        "moving": frames,
    }
    parts = _PARTS if layout == "megc2019" else (layout,)
    with whole_folder(out) as partial:
        done, total = 0, len(parts) * subjects * clips_per_subject
        for part in parts:
            root = partial / part if layout == "megc2019" else partial
            own = "raw" if part == "samm" else edition
            # Each dataset has its own people.
            plans = _plan(part, own, _seed(part, seed), settings)
            written = []
            where = part, own, root, others
            for clips in in_processes(_write_person, [(where, *plan) for plan in plans], jobs):
                written += clips
                done += len(clips)
                if progress is not None:
                    progress(done, total)
            written.sort(key=lambda clip: (clip.subject, clip.name))
            write_sheet(root, part, written)
    return out


def _plan(
    part: str, edition: str, seed: int, settings: dict[str, Any]
) -> list[tuple[int, list[PlannedClip]]]:
    """The clips of each person, with the person's number in the dataset."""
    pictures = _PICTURES[part, edition]
    scale = pictures.framing.scale / Framing.cropped(128).scale
    # SMIC cuts its clips at onset and offset, and has 100 frames a second to the others' 200.
    still, moving = 3, settings["moving"]
    if part == "smic":
        still, moving = 0, max(3, moving // 2)
    low, high = settings["amplitude"]
    plans = plan_clips(
        subjects=settings["subjects"],
        clips_per_subject=settings["clips_per_subject"],
        framing=pictures.framing,
        frames=moving + 2 * still,
        still=still,
        seed=seed,
        amplitude=(low * scale, high * scale),
        drift=0.6 * scale,
    )
    people: dict[str, list[PlannedClip]] = {}
    for plan in plans:
        people.setdefault(plan.subject, []).append(plan)
    return list(zip(_numbers(part, len(people)), people.values(), strict=True))


def _seed(part: str, seed: int) -> int:
    if part in _PARTS:
        return seed * len(_PARTS) + _PARTS.index(part)
    return 1_000_000 * (1 + _CLIP_SETS.index(part)) + seed


def _numbers(part: str, count: int) -> list[int]:
    if part == "smic":
        return [number for number in range(1, count + 5) if number not in _SMIC_GAPS][:count]
    if part == "samm":
        return [*_SAMM_FIRST, *range(10, 10 + count)][:count]
    return list(range(1, count + 1))


_Where = tuple[str, str, Path, bool]  # dataset, edition, its folder, whether there are others


def _write_person(where: _Where, subject: int, plans: Sequence[PlannedClip]) -> list[WrittenClip]:
    """Write the frames of all clips of one person."""
    written = []
    part, edition, root, others = where
    pictures = _PICTURES[part, edition]
    face = render_face(plans[0].identity, pictures.framing, supersampling=SUPERSAMPLING)
    if pictures.gray:
        face = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    counts: Counter[str] = Counter()
    for place, plan in enumerate(plans, start=1):
        spec = plan.spec
        rendered = render_clip(plan.identity, spec, pictures.framing, face=face)
        counts[spec.label] += 1
        low, high = _FIRST_FRAMES.get(part, (1, 100))
        first = int(np.random.default_rng([*spec.seed, 9]).integers(low, high))
        if pictures.recording:
            first += place * (len(rendered.frames) + 100)
        emotion = emotion_of(part, spec.label, subject, place, others)
        for frame, picture in enumerate(rendered.frames, start=first):
            path = root / pictures.path.format(
                subject=subject,
                place=place,
                count=counts[spec.label],
                film="f" if place % 3 == 0 else "",
                label=spec.label,
                code=_CODES[spec.label],
                emotion=emotion,
                letter=chr(ord("a") + (place - 1) // 2),
                frame=frame,
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            if pictures.enlarged > 1:
                factor = pictures.enlarged
                picture = cv2.resize(
                    picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC
                )
            write_picture(path, picture)
        name = (path.parents[1] if path.parent.name == "color" else path.parent).name
        moments = (first + rendered.onset, first + rendered.apex, first + rendered.offset)
        units = tuple(sorted(spec.weights, key=spec.weights.__getitem__)[-2:])
        written.append(WrittenClip(subject, name, spec.label, place, *moments, units, emotion))
    return written
