"""Learners without a network: support vector machines, and always the most frequent class."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.evaluation.learner import Answers, Learner
from dfrnet_keras.models.kernel_machines import MACHINES, describe_flow, fit_and_score
from dfrnet_keras.store import FeatureStore

_LBP_SIZE = 224  # pixels: the side of the faces whose patterns are counted


class MajorityLearner(Learner):
    """Answers with the shares of the classes among the training clips, whatever the clip.

    Always the most frequent class, then: the floor of every table. No paper's.

    Args:
        store: The features, of which the labels alone count.
    """

    store: FeatureStore

    def __init__(self, store: FeatureStore) -> None:
        self.model = "majority"
        self.store = store

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner."""
        return {"name": self.model, "options": {}}

    def fit_predict(self, folds: Sequence[Fold], seed: int) -> Answers:
        """Yield (fold, shares of the classes for each test clip, history) for each fold."""
        for fold in folds:
            labels = self.store.labels[np.union1d(fold.train, _unused(fold))]
            shares = np.bincount(labels, minlength=len(self.store.classes)) / len(labels)
            yield fold, np.tile(shares, (len(fold.test), 1)), {"seconds": 0.0}


class KernelLearner(Learner):
    """A support vector machine on a descriptor of each clip.

    A machine has no epochs to choose among, so the clips that a network would be stopped by are
    trained on as well; those of the held-out subject never are.

    Args:
        model: `"svm"`, `"bi-woof-svm"` or `"lbp-top-svm"`.
        store: The features; their flow is described, by `"lbp-top-svm"` the frames of their clips.
        clips: The clips of the store, for `"lbp-top-svm"` alone.

    Raises:
        InputError: Where the store has no flow, or a clip has no frames to read.
    """

    store: FeatureStore

    def __init__(
        self, model: str, store: FeatureStore, *, clips: Sequence[Clip] | None = None
    ) -> None:
        self.model = model
        self.store = store
        self.machine = MACHINES[model]
        self.clips: list[Clip] = []
        if self.machine.descriptor == "lbp-top":
            self.clips = _clips_of(store, clips or ())
        elif "flow" not in store.arrays:
            raise InputError(
                f"{store.path} holds the views {store.features}, and {model} describes flow: "
                "prepare a store that has it."
            )

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner."""
        return {"name": self.model, "options": asdict(self.machine)}

    @cached_property
    def descriptors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of all clips, and of their mirror images where those are trained on."""
        if self.clips:
            finder = self.store.settings.get("face_finder", "cascades")
            described = np.array([
                _frames_described(clip, self.store.crop_of(row), finder)
                for clip, row in zip(self.clips, self.store.rows, strict=True)
            ])  # fmt: skip
            return described, described[:0]
        flow, kind = self.store.arrays["flow"], self.machine.descriptor
        scale = self.store.flow_range
        plain = describe_flow(flow, kind, flow_range=scale)
        if not self.machine.mirrored:
            return plain, plain[:0]
        return plain, describe_flow(flow, kind, flow_range=scale, mirror=True)

    def __getstate__(self) -> dict[str, Any]:
        # Described once, before it is sent to other processes, and not in each of them.
        _ = self.descriptors
        return self.__dict__

    def fit_predict(self, folds: Sequence[Fold], seed: int) -> Answers:
        """Yield (fold, scores of its test clips, history) for each fold; `seed` changes nothing."""
        plain, mirrored = self.descriptors
        for fold in folds:
            started = time.perf_counter()
            clips = np.union1d(fold.train, _unused(fold))
            train, labels = plain[clips], self.store.labels[clips]
            if len(mirrored):
                train = np.concatenate([train, mirrored[clips]])
                labels = np.tile(labels, 2)
            scores = fit_and_score(
                self.machine, train, labels, plain[fold.test], classes=len(self.store.classes)
            )
            yield fold, scores, {"seconds": time.perf_counter() - started}


def _unused(fold: Fold) -> NDArray[np.int64]:
    """Validation clips of other subjects: there is nothing to stop by them."""
    return np.setdiff1d(fold.validation, fold.test)


def _clips_of(store: FeatureStore, clips: Sequence[Clip]) -> list[Clip]:
    """The clip of each row, which must have frames to read."""
    if store.flow_range == "bytes":
        raise InputError(
            f"{store.path} was made from ready-made maps, and lbp-top-svm describes the frames of "
            "whole clips: use a dataset that has frames, synthetic for one."
        )
    by_key = {clip.key: clip for clip in clips}
    missing = [row.key for row in store.rows if row.key not in by_key]
    if missing:
        raise InputError(
            f"lbp-top-svm describes the frames of whole clips, and those of {missing[0]} are "
            f"not given (of {len(missing)} of {len(store)} clips): name the dataset with "
            "--dataset and --root rather than its store."
        )
    return [by_key[row.key] for row in store.rows]


def _frames_described(clip: Clip, crop: str, finder: str) -> NDArray[np.float64]:
    """LBP-TOP of a clip, its face cut out where `crop` is `"face"`."""
    import cv2

    from dfrnet_keras.features.descriptors import lbp_top
    from dfrnet_keras.features.face import cut_faces
    from dfrnet_keras.frames import iterate_frames

    frames = iterate_frames(clip.frames, range(clip.onset, clip.offset + 1), gray=True)
    size = (_LBP_SIZE, _LBP_SIZE)
    faces = [
        cv2.resize(face, size, interpolation=cv2.INTER_AREA)
        for face in cut_faces(frames, crop, size=_LBP_SIZE, finder=finder)
    ]
    return lbp_top(np.stack(faces))
