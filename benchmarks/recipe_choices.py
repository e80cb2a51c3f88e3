"""What each choice of `--recipe best` is worth, on development subjects alone.

    python benchmarks/recipe_choices.py --root MAPS

MAPS is a flow-folder (MEGC 2019's 28 x 28 maps). Only folds of development subjects
(`halves.py`) are tested; the clips of all other subjects are trained on. Members that
another run of the same seed has trained are taken from the cache.

Last come ideas that are no part of the recipe: the machine told which dataset a clip is of, the
motion that a subject's clips have in common taken away (transductive: it looks at all clips of a
test subject together), a linear discriminant, and means of these answers.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from halves import half_of
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.svm import SVC

from dfrnet_keras.evaluation import loso_folds, uar, uf1
from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.layers import MirroredMotion, RelativeMotion
from dfrnet_keras.learners.make import make_learner
from dfrnet_keras.learners.motion import PENALTIES, SHARES, MotionLearner, fit_heads
from dfrnet_keras.learners.motion import answers as answers_of
from dfrnet_keras.models.kernel_machines import describe_flow
from dfrnet_keras.store import FeatureStore, find_or_build


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    store = find_or_build("flow-folder", options.root)
    folds = [
        fold
        for fold in loso_folds(store, validation="none")
        if half_of(fold.subject) == "development"
    ]
    clips = np.concatenate([fold.test for fold in folds])
    datasets = np.array([row.dataset for row in store.rows])[clips]
    labels = store.labels[clips]

    def show(name: str, answers: np.ndarray) -> None:
        predicted = answers[clips].argmax(1)
        parts = ", ".join(
            f"{dataset} {uf1(labels[datasets == dataset], predicted[datasets == dataset]):.3f}"
            for dataset in sorted(set(datasets))
        )
        print(
            f"{name:46} UF1 {uf1(labels, predicted):.4f}, UAR {uar(labels, predicted):.4f} "
            f"({parts})",
            flush=True,
        )

    print(f"{len(folds)} development subjects, {len(clips)} clips, seed {options.seed}")
    machine = np.zeros((len(store), 3))
    for fold, answers, _ in make_learner("svm", store).fit_predict(folds, options.seed):
        machine[fold.test] = answers
    show("svm", machine)
    others = dict(other_ideas(store, folds))
    learner = MotionLearner(store)
    features, drawn = learner.described(options.seed)
    for number, member in enumerate(drawn):
        show(f"member {number}, drawn motion alone", member.mean(0))
    show("all members, drawn motion alone", drawn.mean((0, 1)))
    show("the same without mirror images", drawn[:, 0].mean(0))
    for penalty in PENALTIES:
        grid = np.zeros((len(SHARES), len(store), 3))
        alone = np.zeros((len(store), 3))
        for fold in folds:
            fitted = fit_heads(features, store.labels, fold.train, penalty)
            for place, share in enumerate(SHARES):
                grid[place, fold.test] = answers_of(features, drawn, fitted, fold.test, share)
            alone[fold.test] = answers_of(features[:1], drawn[:1], fitted[:1], fold.test, 0.5)
        for share, answers in zip(SHARES, grid, strict=True):
            show(f"penalty {penalty:g}, share of drawn motion {share:g}", answers)
        show(f"penalty {penalty:g}, share 0.5, one member", alone)
        if penalty == learner.recipe.penalty:
            recipe = grid[SHARES.index(learner.recipe.drawn_share)]
    for name, answers in others.items():
        show(name, answers)
    show("mean of recipe and svm", recipe + machine)
    show("mean of recipe and svm, two parts to one", 2 * recipe + machine)
    show("mean of recipe, svm and discriminant", recipe + machine + others["linear discriminant"])


def other_ideas(store: FeatureStore, folds: list[Fold]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of an idea and its answers for all clips; those of no fold are zero."""
    grids = [
        describe_flow(store.arrays["flow"], "flow grid", flow_range=store.flow_range, mirror=turned)
        for turned in (False, True)
    ]
    clips = np.stack(grids)
    datasets = np.unique([row.dataset for row in store.rows], return_inverse=True)[1]
    names = [f"{row.dataset}/{row.subject}" for row in store.rows]
    subjects = np.unique(names, return_inverse=True)[1]
    same = datasets[:, None] == datasets
    cells = np.unique(3 * datasets + store.labels, return_inverse=True)[1]
    counts = np.bincount(cells)
    plain = np.ones(same.shape)
    yield "svm here", _machine(clips, store, folds, plain)
    yield "svm, twice as near within a dataset", _machine(clips, store, folds, (1 + same) / 2)
    yield (
        "svm, each dataset and class weighing alike",
        _machine(clips, store, folds, plain, 1 / counts[cells]),
    )
    for share in (0.5, 1):
        own = clips.copy()
        for subject in np.unique(subjects):
            whose = subjects == subject
            # Pulled to zero for subjects of few clips.
            mean = clips[:, whose].sum(1, keepdims=True) / (whose.sum() + 2)
            own[:, whose] -= share * mean
        yield (
            f"svm, {share:g} of a subject's mean away: transductive",
            _machine(own, store, folds, plain),
        )
    motion = RelativeMotion()(np.asarray(store.arrays["flow"], np.float32))
    views = [np.array(motion), np.array(MirroredMotion()(motion))]
    count, size = len(store), store.size
    views = [
        view.reshape(count, size // 2, 2, size // 2, 2, 3).mean((2, 4)).reshape(count, -1)
        for view in views
    ]
    answers = np.zeros((count, 3))
    for fold in folds:
        discriminant = LinearDiscriminantAnalysis(
            solver="lsqr", shrinkage=0.3, priors=np.full(3, 1 / 3)
        )
        both = np.concatenate([view[fold.train] for view in views])
        discriminant.fit(both, np.tile(store.labels[fold.train], 2))
        for view in views:
            answers[fold.test] += discriminant.predict_proba(view[fold.test]) / 2
    yield "linear discriminant", answers


def _machine(
    clips: np.ndarray,
    store: FeatureStore,
    folds: list[Fold],
    nearness: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """The machine of `--model svm` with its similarities multiplied, or its clips weighed."""
    answers = np.zeros((len(store), 3))
    for fold in folds:
        train = np.concatenate(clips[:, fold.train])
        mean, deviation = train.mean(0), train.std(0) + 1e-9
        train, test = (train - mean) / deviation, (clips[0, fold.test] - mean) / deviation
        twice = np.tile(fold.train, 2)
        labels = store.labels[twice]
        svm = SVC(kernel="precomputed", class_weight=None if weights is not None else "balanced")
        weight = None if weights is None else weights[twice] * len(twice) / weights[twice].sum()
        svm.fit(_similar(train, train) * nearness[np.ix_(twice, twice)], labels, weight)
        votes = svm.decision_function(_similar(test, train) * nearness[np.ix_(fold.test, twice)])
        answers[fold.test] = softmax(votes, axis=1)
    return answers


def _similar(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    distances = np.square(some).sum(1)[:, None] + np.square(others).sum(1) - 2 * some @ others.T
    return np.exp(-distances / others.shape[1])


if __name__ == "__main__":
    main()
