"""How far spotted apexes lie from annotated ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.errors import InputError, check_choice, check_jobs
from dfrnet_keras.store.clip_maps import decide_crops


class ApexError(NamedTuple):
    """Distance in frames between spotted and annotated apex, over the clips of a dataset."""

    mean: float
    median: float


@dataclass(frozen=True)
class ApexErrors:
    """What `measure_apex_errors` found.

    Attributes:
        errors: The figures of each method, in the order in which the methods were given.
        clips: Number of clips measured.
        unannotated: Number of clips without an annotated apex.
        skipped: `(key, reason)` of each clip whose frames could not be used.
        crops: Name of each dataset to `"face"`, where faces were cut out, or `"none"`.
    """

    errors: dict[str, ApexError]
    clips: int
    unannotated: int
    skipped: tuple[tuple[str, str], ...]
    crops: dict[str, str]


def measure_apex_errors(
    clips: Sequence[Clip],
    *,
    methods: Sequence[str] | None = None,
    crop: str = "auto",
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> ApexErrors:
    """Spot the apex of annotated clips by each method and compare.

    All methods see the same frames: from the onset to the offset, gray, the face cut out once as
    for a store. The midpoint of onset and offset is always among the methods, because a spotter
    that does no better has found nothing.

    Args:
        clips: The clips; those without an annotated apex are counted and passed over.
        methods: Names of spotters, see `spot_apex`; `None` takes all.
        crop: `"auto"`, `"face"` or `"none"`, see `extract_clip`.
        jobs: Number of processes; -1 for one per processor.
        progress: Called with (clips done, clips in all).

    Raises:
        InputError: A method is unknown, no clip has an annotated apex, or none can be used.
    """
    from joblib import Parallel, delayed

    from dfrnet_keras.features.apex import SPOTTERS

    methods = tuple(dict.fromkeys([*(SPOTTERS if methods is None else methods), "midpoint"]))
    for method in methods:
        check_choice("The apex method", method, SPOTTERS)
    check_jobs(jobs)
    annotated = [clip for clip in clips if clip.apex is not None]
    if not annotated:
        raise InputError(
            f"None of the {len(clips)} clips has an annotated apex, so there is nothing to compare "
            "with: use CASME II, SAMM or synthetic clips"
        )
    crops = decide_crops(annotated, crop)
    work = (
        delayed(_distances)(clip.absolute(), methods, crops[clip.dataset], jobs != 1)
        for clip in annotated
    )
    distances, skipped = [], []
    results = Parallel(n_jobs=jobs, return_as="generator")(work)
    for done, (clip, result) in enumerate(zip(annotated, results, strict=True), start=1):
        if isinstance(result, str):
            skipped.append((clip.key, result))
        else:
            distances.append(result)
        if progress is not None:
            progress(done, len(annotated))
    if not distances:
        raise InputError(
            f"None of the {len(annotated)} annotated clips can be used; "
            f"the first, {skipped[0][0]}: {skipped[0][1]}"
        )
    table = np.array(distances)
    errors = {
        method: ApexError(float(table[:, column].mean()), float(np.median(table[:, column])))
        for column, method in enumerate(methods)
    }
    unannotated = len(clips) - len(annotated)
    return ApexErrors(errors, len(distances), unannotated, tuple(skipped), crops)


def _distances(clip: Clip, methods: Sequence[str], crop: str, in_worker: bool) -> list[int] | str:
    """Distance of each method's apex from the annotated one, or why there is none."""
    import cv2

    from dfrnet_keras.features.apex import spot_apex
    from dfrnet_keras.features.face import cut_faces
    from dfrnet_keras.frames import iterate_frames

    if in_worker:
        cv2.setNumThreads(1)  # the processes already share the processors out
    assert clip.apex is not None  # those without were passed over
    frames = iterate_frames(clip.frames, range(clip.onset, clip.offset + 1), gray=True)
    try:
        # One frame at a time: of large pictures only the faces are kept.
        faces = list(cut_faces(frames, crop))
        return [abs(clip.onset + spot_apex(faces, method=method) - clip.apex) for method in methods]
    except (InputError, OSError, cv2.error) as error:
        return " ".join(str(error).split())
