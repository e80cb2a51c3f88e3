"""What each choice of `--recipe best` is worth, on development subjects alone.

    python benchmarks/recipe_choices.py --root MAPS

MAPS is a flow-folder (MEGC 2019's 28 x 28 maps). Only folds of development subjects
(`evaluation.halves`) are tested; the clips of all other subjects are trained on. Members that
another run of the same seed has trained are taken from the cache.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from dfrnet_keras.evaluation import loso_folds, uar, uf1
from dfrnet_keras.evaluation.halves import half_of
from dfrnet_keras.evaluation.learners import make_learner
from dfrnet_keras.evaluation.motion_learning import PENALTIES, SHARES, MotionLearner, fit_heads
from dfrnet_keras.evaluation.motion_learning import answers as answers_of
from dfrnet_keras.store import find_or_build


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


if __name__ == "__main__":
    main()
