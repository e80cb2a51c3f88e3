"""Leave-one-subject-out for spotting: what is learned or chosen comes from other people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dfrnet_keras.datasets.recording import KINDS, Recording
from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.evaluation.spotting.finds import Find
from dfrnet_keras.evaluation.spotting.learner import SpottingLearner
from dfrnet_keras.evaluation.spotting.scores import evaluate_finds

THRESHOLDS = ("published", "training-subjects", "test-subject")
_GRID = (0.01, *np.round(np.arange(0.05, 1.0, 0.05), 2).tolist())


@dataclass(frozen=True)
class SpottingRun:
    """What was found in the recordings of people whom it had not seen.

    Attributes:
        finds: In order of recordings and time.
        method: Name of the learner.
        thresholds: One of `THRESHOLDS`.
        chosen: Threshold of each fold and kind, by the names of its test subjects.
    """

    finds: tuple[Find, ...]
    method: str
    thresholds: str
    chosen: dict[str, dict[str, float | None]]

    @property
    def optimistic(self) -> bool:
        """Whether the test subjects themselves chose the threshold."""
        return self.thresholds == "test-subject"


def spot_leaving_subjects_out(
    learner: SpottingLearner,
    recordings: Sequence[Recording],
    *,
    kinds: Sequence[str] = KINDS,
    thresholds: str = "published",
    folds: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> SpottingRun:
    """Spot in the recordings of each subject, after training on those of the others.

    Args:
        learner: Fitted anew in each fold and for each kind.
        recordings: Of one dataset.
        kinds: What to look for.
        thresholds: `"published"`; `"training-subjects"` takes the threshold with the best F1 on
            the training subjects; `"test-subject"` that on the test subjects themselves, as some
            published codes do: its figures are optimistic.
        folds: Number of groups of subjects, each left out together; `None` leaves out one at a
            time.
        seed: Of training and of chance.
        progress: Called with (recordings done, recordings in all).

    Raises:
        InputError: There are fewer than two subjects, or an option is unknown.
    """
    check_choice("thresholds", thresholds, THRESHOLDS)
    subjects = sorted({recording.subject for recording in recordings})
    if len(subjects) < 2:
        raise InputError(
            f"there are recordings of {len(subjects)} subject(s), and leaving one out needs 2"
        )
    if folds is not None and not 2 <= folds <= len(subjects):
        raise InputError(f"folds is {folds}: give 2 to {len(subjects)}, the number of subjects")
    groups = np.array_split(subjects, folds or len(subjects))
    found: list[Find] = []
    chosen: dict[str, dict[str, float | None]] = {}
    done = 0
    for group in groups:
        left_out = set(group.tolist())
        test = [one for one in recordings if one.subject in left_out]
        train = [one for one in recordings if one.subject not in left_out]
        own = chosen[", ".join(group.tolist())] = {}
        for kind in kinds:
            learner.fit(train, kind, seed)
            judged = {"training-subjects": train, "test-subject": test}.get(thresholds)
            own[kind] = learner.threshold
            if judged and learner.threshold is not None:
                own[kind] = _best_threshold(learner, judged, kind)
            for recording in test:
                found += learner.spot(recording, own[kind])
        done += len(test)
        if progress is not None:
            progress(done, len(recordings))
    place = {recording.name: number for number, recording in enumerate(recordings)}
    found.sort(key=lambda find: (place[find.recording], find.onset, find.kind))
    return SpottingRun(tuple(found), learner.name, thresholds, chosen)


def _best_threshold(learner: SpottingLearner, recordings: Sequence[Recording], kind: str) -> float:
    def f1(threshold: float) -> float:
        finds = [find for one in recordings for find in learner.spot(one, threshold)]
        scores = evaluate_finds(recordings, finds, samples=1)
        return getattr(scores, kind).f1

    return max(_GRID, key=f1)
