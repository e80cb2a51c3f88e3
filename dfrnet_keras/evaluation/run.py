"""A run: what was asked for, one record a fold, one row a clip; every figure from the rows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dfrnet_keras import __version__
from dfrnet_keras.evaluation.metrics import (
    bootstrap_interval,
    calibration,
    majority_scores,
    scores,
    unit_scores,
)

_POOLED = ("uf1", "uar", "accuracy", "weighted_f1", "macro_precision")


@dataclass(frozen=True)
class Prediction:
    """The answer of one fold for one clip that it was not trained on.

    Attributes:
        dataset, subject, clip: Whose clip it is.
        label, predicted: Names of the classes.
        probabilities: One per class, in the order of the run's classes.
        fold, seed: Which fold, under which seed.
        epoch: The epoch whose weights were used, from 1; 0 for a learner without epochs.
        action_units: Those that the sheet names; `None` where it names none.
        units: Number of each action unit that the learner knows to its strength, 0 to 1; `None`
            for a learner that knows none.
    """

    dataset: str
    subject: str
    clip: str
    label: str
    predicted: str
    probabilities: tuple[float, ...]
    fold: int
    seed: int
    epoch: int
    action_units: tuple[str, ...] | None = None
    units: dict[str, float] | None = None

    @property
    def person(self) -> tuple[str, str]:
        return self.dataset, self.subject

    @property
    def key(self) -> tuple[str, str, str]:
        return self.dataset, self.subject, self.clip


@dataclass(frozen=True)
class FoldRecord:
    """What a fold left: its predictions, or the reason why it has none.

    Attributes:
        number, seed: Which fold, under which seed.
        dataset, subject: The held-out person, or a dataset and `folds.ALL_SUBJECTS`.
        predictions: One per clip of whom is held out; empty where the fold failed.
        failure: Why the fold has no predictions; `None` where it has.
        epoch: The epoch whose weights were kept.
        curves: Lists of one figure an epoch, by name (`loss`, `validation_loss` ...).
        seconds: How long the fold took.
        validation_subjects: `dataset/subject` of the persons held out to stop the training.
    """

    number: int
    seed: int
    dataset: str
    subject: str
    predictions: tuple[Prediction, ...]
    failure: str | None = None
    epoch: int = 0
    curves: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    validation_subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """The settings and the folds of a run, finished or not."""

    settings: dict[str, Any]
    folds: tuple[FoldRecord, ...]
    path: Path | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.settings["classes"])

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({record.seed for record in self.folds}))

    @property
    def optimistic(self) -> bool:
        """Whether an epoch was chosen on the held-out subject that it is tested on."""
        return self.settings.get("validation") == "test-subject"

    @property
    def failed(self) -> tuple[FoldRecord, ...]:
        return tuple(record for record in self.folds if record.failure)

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """All rows, by seed, fold and clip."""
        return tuple(row for record in self.folds for row in record.predictions)

    def metrics(self) -> dict[str, Any]:
        """Every figure of the run, from its rows; see `summarize`."""
        figures = summarize(self.predictions, self.classes)
        figures["calibration"] = calibration(self.predictions, self.classes)
        per_seed = self.settings.get("folds")
        units = unit_scores(self.predictions)
        if units:
            figures["action_units"] = units
        figures["protocol"] = self.settings.get("protocol")
        figures["validation"] = self.settings.get("validation")
        figures["optimistic"] = self.optimistic
        figures["folds"] = {
            "done": sum(not record.failure for record in self.folds),
            "failed": [
                {"seed": r.seed, "fold": r.number, "subject": f"{r.dataset}/{r.subject}",
                 "reason": r.failure}
                for r in self.failed
            ],
            "expected": per_seed * len(self.settings["seeds"]) if per_seed else None,
            "left_out": self.settings.get("subjects", per_seed or 0) - (per_seed or 0),
        }  # fmt: skip
        figures["complete"] = (
            figures["folds"]["done"] == figures["folds"]["expected"]
            and not figures["folds"]["left_out"]
        )
        return figures


def summarize(rows: Iterable[Prediction], classes: tuple[str, ...]) -> dict[str, Any]:
    """Pooled figures of the rows: mean over seeds, per seed, per dataset, per subject.

    Args:
        rows: One per clip and seed.
        classes: Names of the classes in order.

    Returns:
        A dictionary that JSON can hold, `None` where a figure is not defined. `uf1`, `uar`,
        `accuracy`, `weighted_f1`, `macro_precision` are means over seeds of the figure pooled over
        all clips; `spread` the standard deviation over seeds; `interval` the 95 % bootstrap over
        subjects, also of each of `datasets`; `floor` what always answering the most frequent class
        reaches; `confusion_matrix` the sum over seeds.
    """
    rows = list(rows)
    seeds, persons, matrices = subject_matrices(rows, classes)
    place = {person: index for index, person in enumerate(persons)}
    # A fold that failed or was not run yet lacks its clips under that seed alone.
    clips = matrices.sum((2, 3)).max(0, initial=0)
    if not rows:
        nothing = dict.fromkeys(_POOLED)
        return {**nothing, "clips": 0, "classes": list(classes), "floor": None,
                "spread": {"uf1": None, "uar": None}, "confusion_matrix": None,
                "interval": {"uf1": [None, None], "uar": [None, None]},
                "seeds": {}, "datasets": {}, "subjects": []}  # fmt: skip
    result = _means_over_seeds(matrices)
    result["classes"] = list(classes)
    result["clips"] = int(clips.sum())
    result["confusion_matrix"] = matrices.sum((0, 1)).tolist()
    result["seeds"] = {
        str(seed): asdict(scores(matrices[index].sum(0))) for index, seed in enumerate(seeds)
    }
    result["interval"] = _interval(matrices)
    truth = {row.key: classes.index(row.label) for row in rows}
    result["floor"] = asdict(majority_scores(list(truth.values()), len(classes)))
    result["datasets"] = {}
    for dataset in sorted({dataset for dataset, _ in persons}):
        members = [index for person, index in place.items() if person[0] == dataset]
        result["datasets"][dataset] = _part(matrices[:, members], clips[members])
    result["subjects"] = [
        {
            "dataset": dataset,
            "subject": subject,
            "clips": int(clips[index]),
            "right": float(
                np.trace(matrices[:, index].sum(0)) * clips[index] / matrices[:, index].sum()
            ),
        }
        for (dataset, subject), index in place.items()
    ]
    return result


def subject_matrices(
    rows: Iterable[Prediction], classes: tuple[str, ...]
) -> tuple[list[int], list[tuple[str, str]], np.ndarray]:
    """Seeds, subjects (dataset and name), and confusion matrices `(seeds, subjects, C, C)`."""
    rows = list(rows)
    seeds = sorted({row.seed for row in rows})
    persons = sorted({row.person for row in rows})
    matrices = np.zeros((len(seeds), len(persons), len(classes), len(classes)), np.int64)
    number = {name: index for index, name in enumerate(classes)}
    place = {person: index for index, person in enumerate(persons)}
    for row in rows:
        seed, person = seeds.index(row.seed), place[row.person]
        matrices[seed, person, number[row.label], number[row.predicted]] += 1
    return seeds, persons, matrices


def _part(matrices: np.ndarray, clips: np.ndarray) -> dict[str, Any]:
    """The figures of some of the subjects."""
    return {
        **_means_over_seeds(matrices),
        "interval": _interval(matrices),
        "clips": int(clips.sum()),
        "subjects": len(clips),
        "confusion_matrix": matrices.sum((0, 1)).tolist(),
    }


def _interval(matrices: np.ndarray) -> dict[str, list[float | None]]:
    return {
        metric: [
            end if np.isfinite(end) else None for end in bootstrap_interval(matrices, metric=metric)
        ]
        for metric in ("uf1", "uar")
    }


def _means_over_seeds(matrices: np.ndarray) -> dict[str, Any]:
    """Means and spread over seeds of the figures of (seeds, subjects, classes, classes)."""
    each = [scores(matrix.sum(0)) for matrix in matrices if matrix.any()]
    values = {name: [getattr(score, name) for score in each] for name in _POOLED}
    means: dict[str, Any] = {name: float(np.mean(values[name])) for name in _POOLED}
    means["spread"] = {
        name: float(np.std(values[name], ddof=1)) if len(each) > 1 else None for name in _POOLED[:2]
    }
    return means


def versions() -> dict[str, str]:
    """What a result depends on besides its settings."""
    from importlib.metadata import PackageNotFoundError, version

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    found = {"dfrnet_keras": __version__}
    # TensorFlow is named wherever it is there: the kernel machines' runs have always named it.
    for name in dict.fromkeys(("keras", "tensorflow", "numpy", backend)):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return {**found, "backend": backend}
