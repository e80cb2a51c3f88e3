"""Runs held against each other: the same clips and folds, or no comparison at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import Run, subject_matrices
from dfrnet_keras.evaluation.run_folder import open_run
from dfrnet_keras.evaluation.significance import (
    McNemar,
    PairedBootstrap,
    PairedT,
    holm,
    mcnemar,
    paired_bootstrap,
    paired_t_test,
)

LEVEL = 0.05
TESTS = ("uf1", "uar", "mcnemar", "t_test")

RunOrPath = Run | str | os.PathLike[str]


@dataclass(frozen=True)
class Comparison:
    """Two runs, test by test.

    Attributes:
        first, second: Names of the runs; each difference is first - second.
        uf1, uar: Paired bootstrap over subjects.
        mcnemar: Over clips. A run of several seeds gives each clip the class of the highest mean
            probability over its seeds.
        t_test: Over subjects, of the share of each subject's clips that are right, a mean over
            seeds.
        corrected: p of each of `TESTS` by Holm, over all pairs that were compared.
    """

    first: str
    second: str
    uf1: PairedBootstrap
    uar: PairedBootstrap
    mcnemar: McNemar
    t_test: PairedT
    corrected: dict[str, float | None]

    def significant(self, test: str) -> bool | None:
        """Whether the corrected p of a test lies below `LEVEL`; `None` without a p."""
        p = self.corrected[test]
        return None if p is None else p < LEVEL

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        content: dict[str, Any] = {"first": self.first, "second": self.second}
        for test in TESTS:
            content[test] = {
                **asdict(getattr(self, test)),
                "p_holm": self.corrected[test],
                "significant": self.significant(test),
            }
        return content


def compare_runs(
    runs: Sequence[RunOrPath],
    *,
    names: Sequence[str] | None = None,
    all_pairs: bool = False,
    samples: int = 10000,
) -> list[Comparison]:
    """Hold the first run against each of the others, or every run against every other.

    Args:
        runs: At least two run folders, or runs in memory, over the same clips and folds.
        names: What to call the runs; `names_of` them by default.
        all_pairs: Compare every pair; there are more p-values to correct for then.
        samples: Draws of the bootstrap.

    Returns:
        One comparison a pair, in the order of the runs.

    Raises:
        InputError: There are fewer than two runs, one is given twice, or their clips, labels or
            folds differ; the message names the first difference.
    """
    opened = [run if isinstance(run, Run) else open_run(run) for run in runs]
    if len(opened) < 2:
        raise InputError("There is nothing to compare: give at least two run folders.")
    names = names_of(opened) if names is None else names
    check_comparable(opened)
    tables = [_Answers(run) for run in opened]
    places = range(len(opened))
    found = [
        _compare(names[i], names[j], tables[i], tables[j], samples)
        for i in (places if all_pairs else (0,))
        for j in places
        if j > i
    ]
    corrected = {test: holm([getattr(pair, test).p for pair in found]) for test in TESTS}
    return [
        replace(pair, corrected={test: corrected[test][number] for test in TESTS})
        for number, pair in enumerate(found)
    ]


def _compare(first: str, second: str, one: _Answers, two: _Answers, samples: int) -> Comparison:
    """One pair, its p not yet corrected for there being others."""
    return Comparison(
        first,
        second,
        uf1=paired_bootstrap(one.matrices, two.matrices, metric="uf1", samples=samples),
        uar=paired_bootstrap(one.matrices, two.matrices, metric="uar", samples=samples),
        mcnemar=mcnemar(one.right, two.right),
        t_test=paired_t_test(one.shares, two.shares),
        corrected={},
    )


def names_of(runs: Sequence[Run]) -> list[str]:
    """A name for each run: its folder's, or its path where two folders have the same name.

    A run in memory has the name of its learner; names that are still equal are numbered.
    """
    short = [
        run.path.resolve().name if run.path else str(run.settings["learner"].get("name", "learner"))
        for run in runs
    ]
    long = [
        str(run.path) if run.path and short.count(name) > 1 else name
        for run, name in zip(runs, short, strict=True)
    ]
    return [
        name if long.count(name) == 1 else f"{name} ({number})"
        for number, name in enumerate(long, 1)
    ]


def check_comparable(runs: Sequence[Run]) -> None:
    """Refuse runs that are one, or whose protocols, classes, clips, labels or folds differ."""
    names = [str(run.path) if run.path else name
             for run, name in zip(runs, names_of(runs), strict=True)]  # fmt: skip
    paths = [run.path.resolve() for run in runs if run.path]
    for path in paths:
        if paths.count(path) > 1:
            raise InputError(f"{path} is given twice: give each run once.")
    for run, name in zip(runs, names, strict=True):
        if not run.predictions:
            raise InputError(f"{name} has no predictions yet: run its `dfr-keras fit` to the end.")
        _check_seeds(run, name)
    first = runs[0]
    clips = _clips(first)
    for run, name in zip(runs[1:], names[1:], strict=True):
        pair = f"{names[0]} and {name} cannot be compared"
        for what, of_first, of_other in (
            ("protocol", first.settings.get("protocol"), run.settings.get("protocol")),
            ("classes", ", ".join(first.classes), ", ".join(run.classes)),
        ):
            if of_first != of_other:
                raise InputError(
                    f"{pair}: their {what} differ, {of_first!r} and {of_other!r}; "
                    "fit both on the same data in the same way."
                )
        others = _clips(run)
        if clips.keys() != others.keys():
            clip = min(clips.keys() ^ others.keys())
            has, lacks = (names[0], name) if clip in clips else (name, names[0])
            _, fold = (clips | others)[clip]
            raise InputError(
                f"{pair}: {'/'.join(clip)} (fold {fold}) is tested in {has} and not in {lacks}; "
                "fit both on the same clips and run both to the end."
            )
        for clip in sorted(clips):
            for what, mine, theirs in zip(
                ("label", "fold"), clips[clip], others[clip], strict=True
            ):
                if mine != theirs:
                    raise InputError(
                        f"{pair}: the {what} of {'/'.join(clip)} is {mine} in {names[0]} and "
                        f"{theirs} in {name}; fit both on the same store or the same sheet."
                    )


def _clips(run: Run) -> dict[tuple[str, str, str], tuple[str, int]]:
    """Label and fold of each clip."""
    return {row.key: (row.label, row.fold) for row in run.predictions}


def _check_seeds(run: Run, name: str) -> None:
    """Refuse a run that tested a clip under one seed and not under another."""
    every = {
        seed: {row.key for row in run.predictions if row.seed == seed}
        for seed in sorted({row.seed for row in run.predictions})
    }
    union = set().union(*every.values())
    for seed, clips in every.items():
        if clips != union:
            missing = sorted(union - clips)[0]
            raise InputError(
                f"{name} has no answer for {'/'.join(missing)} under seed {seed}, which it has "
                "under another: run its `dfr-keras fit` to the end."
            )


class _Answers:
    """The answers of one run, clips and subjects each in the order of their names."""

    def __init__(self, run: Run) -> None:
        number = {name: index for index, name in enumerate(run.classes)}
        rows = run.predictions
        seeds, _, self.matrices = subject_matrices(rows, run.classes)
        clips = sorted({row.key for row in rows})
        clip_of = {clip: index for index, clip in enumerate(clips)}
        truth = np.zeros(len(clips), np.int64)
        chances = np.zeros((len(clips), len(run.classes)))
        for row in rows:
            clip = clip_of[row.key]
            truth[clip] = number[row.label]
            # A single seed's own answer counts, however its probabilities are to be read.
            if len(seeds) == 1:
                chances[clip, number[row.predicted]] = 1
            else:
                chances[clip] += row.probabilities
        self.right = chances.argmax(1) == truth
        right = np.trace(self.matrices, axis1=-2, axis2=-1)
        self.shares = (right / self.matrices.sum((-2, -1))).mean(0)
