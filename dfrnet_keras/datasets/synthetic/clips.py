"""Clips of invented people with a known label, apex and field of motion.

They take the place of the licensed datasets in tests, demonstrations and continuous integration.
Every clip follows from the seed, the number of its subject and its own number alone: more subjects
or more clips leave the others byte for byte as they were.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.atomic import whole_folder
from dfrnet_keras.cache import cache_folder
from dfrnet_keras.datasets.clip import MEGC2019_CLASSES, Clip
from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing, Identity, make_identity
from dfrnet_keras.datasets.synthetic.motion import (
    ACTION_UNITS,
    ClipSpec,
    sample_spec,
)
from dfrnet_keras.datasets.synthetic.render import SUPERSAMPLING, SyntheticClip, render_clip
from dfrnet_keras.errors import InputError

# Raised whenever equal settings come to give other pixels: rendered clips on disk are then stale.
GENERATOR = 1

# Twelve clips in about the proportions of the three classes in the MEGC 2019 composite dataset
# (250 : 109 : 83), and in equal parts.
_FIELD_MIX = (7, 3, 2)
_EQUAL_MIX = (4, 4, 4)

# Options of `plan_clips` for clips that are easy to classify.
STRONG: dict[str, Any] = {"amplitude": (1.5, 3.5), "noise": 1.5, "distractors": 0.2}


class PlannedClip(NamedTuple):
    """Name and content of a clip that is yet to be rendered."""

    subject: str
    name: str
    identity: Identity
    spec: ClipSpec
    framing: Framing


def plan_clips(
    *,
    subjects: int = 8,
    clips_per_subject: int = 12,
    size: int = 128,
    framing: Framing | None = None,
    frames: int = 11,
    still: int = 0,
    seed: int = 0,
    noise: float = 3.0,
    amplitude: tuple[float, float] = (0.4, 1.2),
    distractors: float = 0.5,
    drift: float = 0.6,
    flicker: float = 0.01,
    balanced: bool = False,
) -> list[PlannedClip]:
    """Decide who does what in every clip of a dataset, without rendering any.

    Args:
        subjects: Number of people.
        clips_per_subject: Number of clips of each.
        size: Width and height of the frames in pixels; the face fills them.
        framing: Another place and size of the face, `Framing.raw()` for camera pictures.
        frames: Number of frames of a clip.
        still: Frames without movement before the onset, and after the offset.
        seed: Another seed, other people.
        noise: Standard deviation of the sensor noise, in gray values.
        amplitude: Bounds of the largest displacement in a clip, in pixels.
        distractors: Strength of movements that have nothing to do with the class.
        drift: About how far the head moves over a clip, in pixels.
        flicker: Amplitude of the flicker of the light, as a part of one.
        balanced: Draw as many clips of each class. By default each person has, out of twelve,
            seven negative, three positive and two surprised clips, about as in MEGC 2019.

    Raises:
        InputError: A number is out of range.
    """
    if subjects < 1 or clips_per_subject < 1 or seed < 0:
        raise InputError(
            f"subjects is {subjects}, clips_per_subject {clips_per_subject}, seed {seed}: "
            "give 1 or more, 1 or more, and 0 or more"
        )
    if frames < 2 * still + 3 or still < 0:
        raise InputError(
            f"frames is {frames} and still {still}: give at least 3 frames more than twice still"
        )
    if framing is None:
        if size < 16:
            raise InputError(f"size is {size}: give the width of the frames in pixels, 16 or more")
        framing = Framing.cropped(size)
    plans = []
    for subject in range(1, subjects + 1):
        identity = make_identity((seed, subject), tuple(ACTION_UNITS))
        for number in range(1, clips_per_subject + 1):
            spec = sample_spec(
                identity,
                _label(seed, subject, number, balanced),
                number,
                frames=frames,
                still=still,
                amplitude=amplitude,
                distractors=distractors,
                noise=noise,
                drift=drift,
                flicker=flicker,
            )
            plans.append(PlannedClip(f"s{subject:02d}", f"c{number:02d}", identity, spec, framing))
    return plans


def synthesize_clips(**options: Any) -> Iterator[tuple[PlannedClip, SyntheticClip]]:
    """Render the clips of a dataset one after the other, touching no disk.

    Args:
        **options: Those of `plan_clips`.
    """
    return _render_all(plan_clips(**options))


def load_synthetic(root: str | Path | None = None, **options: Any) -> list[Clip]:
    """The synthetic dataset, rendered to disk the first time it is asked for.

    Frames are lossless PNG files, since a lossy codec wipes out movements of a pixel. Each clip
    is written whole or not at all: a rendering that was interrupted goes on where it stopped.

    Args:
        root: Folder to render into, by default `$DFR_KERAS_HOME/synthetic` or
            `~/.cache/dfr-keras/synthetic`. Each choice of options has a folder of its own in it.
        **options: Those of `plan_clips`.

    Returns:
        The clips in the order of subjects and clip numbers, `dataset` being `"synthetic"`.

    Raises:
        InputError: An option is out of range.
    """
    plans = plan_clips(**options)
    if root is None:
        root = cache_folder("synthetic")
    folder = Path(root) / _digest(options)

    def place(plan: PlannedClip) -> Path:
        return folder / plan.subject / plan.name

    for plan, clip in _render_all([plan for plan in plans if not place(plan).is_dir()]):
        _write(clip.frames, place(plan))
    return [
        Clip(
            dataset="synthetic",
            subject=plan.subject,
            name=plan.name,
            frames=tuple(place(plan) / _file_name(index) for index in range(plan.spec.frames)),
            onset=plan.spec.onset,
            apex=plan.spec.apex,
            offset=plan.spec.offset,
            label=plan.spec.label,
        )
        for plan in plans
    ]


def _render_all(plans: list[PlannedClip]) -> Iterator[tuple[PlannedClip, SyntheticClip]]:
    drawn, face = None, None
    for plan in plans:
        if plan.identity is not drawn:  # one face serves all clips of a person
            drawn = plan.identity
            face = render_face(drawn, plan.framing, supersampling=SUPERSAMPLING)
        yield plan, render_clip(plan.identity, plan.spec, plan.framing, face=face)


def _label(seed: int, subject: int, number: int, balanced: bool) -> str:
    """Class of a clip: each block of twelve is a shuffle of the same mix."""
    block, place = divmod(number - 1, 12)
    mix = np.repeat(np.arange(3), _EQUAL_MIX if balanced else _FIELD_MIX)
    order = np.random.default_rng([seed, subject, block, 6]).permutation(mix)
    return MEGC2019_CLASSES[order[place]]


def _digest(options: dict[str, Any]) -> str:
    """Name of the folder for these options; the number of clips is no part of it."""
    bound = inspect.signature(plan_clips).bind(**options)
    bound.apply_defaults()
    counts = ("subjects", "clips_per_subject")
    settings = sorted((key, value) for key, value in bound.arguments.items() if key not in counts)
    return hashlib.sha256(repr((GENERATOR, settings)).encode()).hexdigest()[:12]


def _file_name(index: int) -> str:
    return f"{index:03d}.png"


def _write(frames: NDArray[np.uint8], folder: Path) -> None:
    """Write the frames of a clip, all or none."""
    try:
        with whole_folder(folder) as partial:
            for index, frame in enumerate(frames):
                write_picture(partial / _file_name(index), frame)
    except (InputError, OSError):
        if not folder.is_dir():  # otherwise another process has rendered the same clip
            raise


def in_processes(
    write: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], jobs: int
) -> Iterator[Any]:
    """What `write` gives for the arguments of each task, as they are done."""
    if jobs == 1:
        yield from (write(*task) for task in tasks)
        return
    from joblib import Parallel, delayed

    def alone(*task: Any) -> Any:
        cv2.setNumThreads(1)  # the processes already share the processors out
        return write(*task)

    work = (delayed(alone)(*task) for task in tasks)
    yield from Parallel(n_jobs=jobs, return_as="generator_unordered")(work)


def write_picture(path: Path, picture: NDArray) -> None:
    """Write an RGB or gray picture in the format that the name of the file says."""
    options = {
        # A low level: noise does not compress, trying hard only takes time.
        ".png": [cv2.IMWRITE_PNG_COMPRESSION, 1],
        # Movements of a pixel do not survive the usual quality of JPEG.
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 100],
    }
    image = picture if picture.ndim == 2 else picture[..., ::-1]
    success, data = cv2.imencode(path.suffix, image, options.get(path.suffix, []))
    if not success:
        raise InputError(f"{path} cannot be encoded: install an OpenCV with {path.suffix} support")
    path.write_bytes(data.tobytes())
