"""SMIC: spontaneous micro-expressions by three cameras (Li et al. 2013).

As it is distributed: `SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/image559757.bmp`, and the same
with `SMIC_all_cropped` and `reg_image559757.bmp`. HS is the camera of 100 frames a second, VIS and
NIR those of 25. There is no sheet: the folders name subject and class, a clip begins with the
onset and ends with the offset, and the apex is not annotated.
https://doi.org/10.1109/FG.2013.6553717
"""

from __future__ import annotations

import re
from pathlib import Path

from dfrnet_keras.datasets import composite
from dfrnet_keras.datasets.annotation import gaps
from dfrnet_keras.datasets.clip import MEGC2019_CLASSES, Clip
from dfrnet_keras.datasets.folders import (
    Tree,
    choose_edition,
    enclosing,
    explore,
    leaves,
    numbered_frames,
    refuse_other,
    subfolders,
    subject_number,
)
from dfrnet_keras.datasets.listing import Listing, Problem, Unusable
from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.frames import is_leftover, is_video

CLASSES = MEGC2019_CLASSES
CAMERAS = ("HS", "VIS", "NIR")

_CODES = {"ne": "negative", "po": "positive", "sur": "surprise"}
_CLIP = re.compile(r"s([0-9]{1,9})_(ne|po|sur)_([0-9]+)", re.IGNORECASE)


def read_smic(
    root: str | Path,
    *,
    classes: str = "megc2019",
    edition: str | None = None,
    camera: str | None = None,
) -> Listing:
    """Read the folder of SMIC as it is distributed; its clips of no micro-expression are skipped.

    Args:
        root: The folder that holds `SMIC_all_raw` or `SMIC_all_cropped`, one of these two, or the
            folder of one camera in them.
        classes: `"megc2019"` or `"original"`, which are the same here.
        edition: `"raw"`, `"cropped"`, or `None` for whichever is there, raw before cropped.
        camera: `"HS"`, `"VIS"` or `"NIR"`; `None` for HS, or for the camera whose folder `root` is.

    Returns:
        The clips in natural order, subjects and names padded (`s01`, `s01_ne_01`) as the list of
        MEGC 2019 has them, with no apex; and the problems met. The complete dataset has 164 clips
        of 16 subjects (HS), which is the list of MEGC 2019 (see `composite.applies`), and 71
        clips of 8 subjects (VIS, NIR).

    Raises:
        InputError: There is no clip of that camera and edition.
    """
    root = Path(root)
    if camera is not None:
        check_choice("The camera", camera.upper(), CAMERAS)
    tree = explore(root, _is_subject)
    if not tree.frames:
        refuse_other(root, "smic", "SMIC")
    wanted = camera.upper() if camera else _camera_of(root.resolve()) or "HS"
    fits = [folder for folder in tree.frames if (_camera_of(folder.resolve()) or "HS") == wanted]
    if not fits:
        there = " or ".join(sorted({_camera_of(folder) or "HS" for folder in tree.frames}))
        raise InputError(f"{root} holds no clips of the camera {wanted}: choose {there}")
    folder, problems = choose_edition(Tree(fits, []), root, edition, "SMIC")
    clips: list[Clip] = []
    names: dict[str, Path] = {}
    inside = enclosing(folder, root)
    for label, path in _clip_folders(folder, problems):
        try:
            clips.append(_clip(path, label, inside, names, problems))
        except Unusable as error:
            problems.append(Problem(path, str(error)))
    notes = []
    if classes == "megc2019" and wanted == "HS":
        own = [(clip.subject, clip.name) for clip in clips]
        held, note = composite.applies("smic", own)
        notes.append(note)
        if held:
            listed = composite.listed_clips("smic")
            extra = [clip for clip in own if clip not in listed]
            problems += composite.differences("smic", folder, extra, own)
            clips = [clip for clip in clips if (clip.subject, clip.name) in listed]
    return Listing(tuple(clips), tuple(problems), (folder,), notes=tuple(notes))


def _is_subject(path: Path) -> bool:
    """Whether a folder is that of a subject: `s1` alone may be anything, so its contents count."""
    if subject_number(path.name) is None:
        return False
    try:
        inside = {inner.name.strip().casefold() for inner in subfolders(path)}
    except OSError:
        return True  # reported later, when its clips are looked for
    distributed = re.fullmatch("s[0-9]+", path.name, re.IGNORECASE) is not None
    return (distributed and not inside) or bool(inside & {"micro", "non_micro", "non-micro"})


def _camera_of(folder: Path) -> str | None:
    words = re.split(r"[^a-z]+", folder.name.casefold())
    return next((camera for camera in CAMERAS if camera.casefold() in words), None)


def _clip_folders(folder: Path, problems: list[Problem]) -> list[tuple[str, Path]]:
    """Class and folder of each micro-expression: `s1/micro/negative/s1_ne_01`."""
    found = []
    for subject in subfolders(folder):
        if subject_number(subject.name) is None:
            continue
        try:
            for micro in subfolders(subject):
                if micro.name.strip().casefold() != "micro":
                    continue
                for group in subfolders(micro):
                    label = group.name.strip().casefold()
                    if label not in CLASSES:
                        what = f"is none of the classes {', '.join(CLASSES)}"
                        problems.append(Problem(group, what, "it was passed over"))
                        continue
                    found += [(label, path) for path in subfolders(group)]
                    problems += [
                        Problem(path, "is a video: its frames are needed")
                        for path in sorted(group.iterdir())
                        if is_video(path) and not is_leftover(path.name)
                    ]
        except OSError as error:
            where = Path(error.filename or subject)
            what = f"cannot be read ({error.strerror})"
            problems.append(Problem(where, what, "its clips were left out"))
    return found


def _clip(
    path: Path,
    label: str,
    inside: tuple[Path, ...],
    names: dict[str, Path],
    problems: list[Problem],
) -> Clip:
    group, subject = path.parent, subject_number(path.parents[2].name)
    match = _CLIP.fullmatch(path.name.strip())
    if match is None:
        raise Unusable("its name is not like s1_ne_01")
    number, code, count = match[1], match[2].casefold(), match[3]
    if int(number) != subject:
        raise Unusable(f"its name is that of subject {number}, it lies in {path.parents[2].name}")
    if _CODES[code] != label:
        raise Unusable(f"its name says {_CODES[code]}, it lies in {group.name}")
    if leaves(path, inside):
        raise Unusable("it is a link that leaves the dataset's folder")
    name = f"s{subject:02d}_{code}_{count.zfill(2)}"
    if name in names:
        raise Unusable(f"the clip is in {names[name].name} already")
    frames = numbered_frames(path, inside, problems)
    names[name] = path
    problems += [Problem(path, what, done) for what, done in gaps(list(frames))]
    return Clip(
        dataset="smic",
        subject=f"s{subject:02d}",
        name=name,
        frames=tuple(frames.values()),
        onset=0,
        apex=None,
        offset=len(frames) - 1,
        label=label,
    )
