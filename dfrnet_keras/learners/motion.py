"""`--recipe best`: DFR-Net on motion, taught by drawn action units and fitted to real clips."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS, FaceLayout
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.folds import Fold, all_subjects_fold
from dfrnet_keras.evaluation.learner import Answers, Learner
from dfrnet_keras.learners.validation import loss_and_accuracy, rank
from dfrnet_keras.models.motion_dfrnet import SIDE, MotionDFRNet, refuse_size, set_members, trunk_of
from dfrnet_keras.models.recipe import BestRecipe
from dfrnet_keras.startup import make_deterministic
from dfrnet_keras.store import FeatureStore

if TYPE_CHECKING:
    import keras


# What a validation chooses from: the penalty C of the fitted classifiers, and the share of those
# that were trained on drawn motion.
PENALTIES = (3e-4, 1e-3, 3e-3)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)

# What this process has described: a worker is sent the learner anew with each fold.
_DESCRIBED: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}


class MotionLearner(Learner):
    """The ensemble of `MotionDFRNet`, for `evaluate_loso` and `fit_for_deployment`.

    Its members are trained on drawn motion once a seed. A fold fits one classifier a member to the
    features of its training clips and their mirror images: logistic regression with a penalty,
    classes weighing alike. With `validation="none"`, as published here, nothing is chosen; with
    `"subjects"` penalty and share are chosen by the loss on held-out training subjects; with
    `"test-subject"` by the clips of the test subject itself, which is optimistic.

    Args:
        store: The features, whose flow is used; its size must be a multiple of 28.
        recipe: The training.

    Raises:
        InputError: Where the store has no flow, other classes, or maps of another size.
    """

    needs_keras = True
    store: FeatureStore

    def __init__(self, store: FeatureStore, *, recipe: BestRecipe | None = None) -> None:
        self.model = "motion-dfrnet"
        self.views = "T"
        self.store = store
        self.recipe = recipe or BestRecipe()
        if "flow" not in store.arrays:
            raise InputError(
                f"{store.path} holds the views {store.features}, and --recipe best takes flow: "
                "prepare a store that has it."
            )
        if tuple(store.classes) != MEGC2019_CLASSES:
            raise InputError(
                f"{store.path} has the classes {', '.join(store.classes)}, and --recipe best knows "
                f"how to draw {', '.join(MEGC2019_CLASSES)} alone: use --recipe paper."
            )
        refuse_size(store.size)

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner."""
        options = {"members": self.recipe.members, "drawn_share": self.recipe.drawn_share}
        return {"name": self.model, "options": options, "recipe": self.recipe.as_dict()}

    @property
    def layout(self) -> FaceLayout:
        """Where faces lie in the maps: those of MEGC 2019's published maps, or of `crop_face`."""
        return MEGC2019_MAPS if self.store.flow_range == "bytes" else CUT_FACES

    def fit_predict(self, folds: Sequence[Fold], seed: int) -> Answers:
        """Yield (fold, probabilities of its test clips, history) for each fold."""
        features, drawn = self.described(seed)
        for fold in folds:
            started = time.perf_counter()
            penalty, share = self._chosen(features, drawn, fold)
            fitted = fit_heads(features, self.store.labels, fold.train, penalty)
            chances = answers(features, drawn, fitted, fold.test, share)
            seconds = time.perf_counter() - started
            yield fold, chances, {"seconds": seconds, "penalty": [penalty], "drawn_share": [share]}

    def fit_all_subjects(self, *, seed: int, validation: str) -> tuple[keras.Model, dict[str, Any]]:
        """The network to deploy; see `learners.fit_all_subjects`."""
        fold = all_subjects_fold(self.store, validation=validation, seed=seed)
        features, drawn = self.described(seed)
        penalty, share = self._chosen(features, drawn, fold)
        fitted = fit_heads(features, self.store.labels, fold.train, penalty)
        network = MotionDFRNet(self.store.size, len(self.store.classes), self.recipe.members, share)
        set_members(network, self._members(seed), fitted)
        chances = answers(features, drawn, fitted, fold.train, share)
        loss, _ = loss_and_accuracy(chances, self.store.labels[fold.train])
        return network, {"epoch": 0, "loss": [loss]}

    def _members(self, seed: int) -> list[keras.Model]:
        from dfrnet_keras.learners.motion_members import trained_members

        make_deterministic()
        return trained_members(self.recipe, self.layout, seed, self._on_progress)

    def _trunks(self, seed: int) -> Iterator[tuple[keras.Model, NDArray, NDArray]]:
        """Of each member, what gives its features, and kernel and bias of its own classifier."""
        for member in self._members(seed):
            yield trunk_of(member), *member.layers[-1].get_weights()

    def _on_progress(self, done: int, members: int) -> None:
        if self.progress is not None:
            self.progress({"event": "members", "done": done, "members": members})

    def described(self, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the members of a seed make of every clip, whatever its label.

        Returns:
            Features `(members, 2, clips, features)` and the answers of the classifiers that drawn
            motion taught `(members, 2, clips, classes)`. The second axis is the clip and its mirror
            image.
        """
        key = json.dumps([self.settings, str(self.store.path), self.store.digest, seed])
        if key not in _DESCRIBED:
            _DESCRIBED.clear()  # One at a time: others would only take memory.
            from scipy.special import softmax

            from dfrnet_keras.learners.motion_members import both_views

            both = both_views(_averaged_down(self.store.arrays["flow"]))
            features, drawn = [], []
            for trunk, kernel, bias in self._trunks(seed):
                seen = [
                    np.asarray(trunk.predict(maps, batch_size=64, verbose=0), np.float64)
                    for maps in both
                ]
                features.append(seen)
                drawn.append([softmax(values @ kernel + bias, axis=-1) for values in seen])
            _DESCRIBED[key] = np.array(features), np.array(drawn)
        return _DESCRIBED[key]

    def _chosen(
        self, features: NDArray[np.float64], drawn: NDArray[np.float64], fold: Fold
    ) -> tuple[float, float]:
        """Penalty and share: the recipe's, or those with the best validation."""
        if fold.keep_best is None:
            return self.recipe.penalty, self.recipe.drawn_share
        labels = self.store.labels[fold.validation]
        ranked = []
        for penalty in PENALTIES:
            fitted = fit_heads(features, self.store.labels, fold.train, penalty)
            for share in SHARES:
                chances = answers(features, drawn, fitted, fold.validation, share)
                place = rank(*loss_and_accuracy(chances, labels), fold.keep_best)
                ranked.append((place, penalty, share))
        return min(ranked)[1:]


def fit_heads(
    features: NDArray[np.float64],
    labels: NDArray[np.int64],
    clips: NDArray[np.int64],
    penalty: float,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fit the classifier of each member to some clips and their mirror images.

    Args:
        features: What `MotionLearner.described` gives.
        labels: Class numbers of all clips; a class that none of `clips` has is never the answer.
        clips: Whom to train on.
        penalty: C of the logistic regression.

    Returns:
        Of each member, kernel `(features, classes)` and bias `(classes,)`, for features as they
        come.
    """
    from threadpoolctl import threadpool_limits

    known = np.tile(labels[clips], 2)
    # Its products are small: several threads would only wait for each other.
    with threadpool_limits(1):
        return [
            _logistic_regression(
                values.reshape(len(known), -1), known, penalty, len(MEGC2019_CLASSES)
            )
            for values in features[:, :, clips]
        ]


def answers(
    features: NDArray[np.float64],
    drawn: NDArray[np.float64],
    fitted: Sequence[tuple[np.ndarray, np.ndarray]],
    clips: NDArray[np.int64],
    share: float,
) -> NDArray[np.float64]:
    """What `MotionDFRNet` with these classifiers answers for some clips, `(clips, classes)`."""
    from scipy.special import softmax

    each = [
        (1 - share) * softmax(member[:, clips] @ kernel + bias, axis=-1) + share * known[:, clips]
        for member, known, (kernel, bias) in zip(features, drawn, fitted, strict=True)
    ]
    return np.mean(each, axis=(0, 1))


def _logistic_regression(
    features: NDArray[np.float64], labels: NDArray[np.int64], penalty: float, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import LogisticRegression

    present = np.unique(labels)
    kernel, bias = np.zeros((features.shape[1], classes)), np.full(classes, -np.inf)
    if len(present) == 1:
        bias[present] = 0
        return kernel, bias
    mean, deviation = features.mean(0), features.std(0)
    deviation[deviation < 1e-6] = 1
    machine = LogisticRegression(C=penalty, class_weight="balanced", max_iter=500)
    machine.fit((features - mean) / deviation, labels)
    rows, intercept = machine.coef_, machine.intercept_
    if len(present) == 2:  # scikit-learn keeps one row for two classes
        rows, intercept = np.stack([-rows[0], rows[0]]) / 2, np.array([-1, 1]) * intercept[0] / 2
    kernel[:, present] = (rows / deviation).T
    bias[present] = intercept - kernel[:, present].T @ mean
    return kernel, bias


def _averaged_down(flow: NDArray) -> NDArray[np.float32]:
    """What the network's own pooling gives, for more clips than fit in memory as float32."""
    times = flow.shape[1] // SIDE
    result = np.empty((len(flow), SIDE, SIDE, 3), np.float32)
    for clip, maps in enumerate(flow):
        blocks = np.asarray(maps, np.float64).reshape(SIDE, times, SIDE, times, 3)
        result[clip] = blocks.mean(axis=(1, 3))
    return result
