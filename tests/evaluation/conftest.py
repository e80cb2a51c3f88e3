"""Small stores, and learners that need no network."""

import dataclasses

import numpy as np
import pytest

from dfrnet_keras.store import FeatureStore, StoredClip
from dfrnet_keras.store.files import write_index

CLASSES = ("negative", "positive", "surprise")
_CHANNELS = {"flow": 3, "apex": 3, "difference": 1}


def _write_store(path, rows, maps, flow_range):
    path.mkdir(parents=True)
    for name, array in maps.items():
        np.save(path / f"{name}.npy", array)
    size = next(iter(maps.values())).shape[1]
    settings = {"version": "0", "size": size, "flow_range": flow_range}
    write_index(path, rows, classes=CLASSES, settings=settings, source="made")
    return FeatureStore.open(path)


@pytest.fixture(scope="session")
def make_store(tmp_path_factory):
    """Makes a store of noise in which each class has a brighter spot of its own."""

    def make(*, subjects=5, clips=3, size=12, views="T", datasets=("made",), classes=3):
        rows = [
            StoredClip(
                dataset=datasets[subject % len(datasets)],
                subject=f"s{subject}",
                name=f"c{clip}",
                label=(subject + clip) % classes,
                apex=None,
            )
            for subject in range(subjects)
            for clip in range(clips)
        ]
        random = np.random.default_rng(7)
        in_bytes = views == "T"
        maps = {}
        for name, letter in {"flow": "T", "apex": "S", "difference": "D"}.items():
            if letter in views:
                shape = (len(rows), size, size, _CHANNELS[name])
                array = random.normal(110, 40, shape).clip(0, 200)
                for number, row in enumerate(rows):
                    array[number, : size // 2, row.label * size // 4 :][:, : size // 4] += 55
                if name == "flow" and not in_bytes:
                    array = (array - 110) / 50
                kind = np.float16 if name == "flow" and not in_bytes else np.uint8
                maps[name] = array.astype(kind)
        folder = tmp_path_factory.mktemp("store") / "store"
        return _write_store(folder, rows, maps, "bytes" if in_bytes else "pixels")

    return make


@pytest.fixture(scope="session")
def with_other_labels(tmp_path_factory):
    """Makes the same store with the labels of one subject changed."""

    def change(store, subject):
        rows = [
            dataclasses.replace(row, label=(row.label + 1) % len(CLASSES))
            if row.subject == subject
            else row
            for row in store.rows
        ]
        assert rows != list(store.rows)
        path = tmp_path_factory.mktemp("relabelled") / "store"
        return _write_store(path, rows, store.take(np.arange(len(store))), store.flow_range)

    return change


@pytest.fixture(scope="session")
def store(make_store):
    """Five subjects of three clips, all three classes each."""
    return make_store()


@pytest.fixture
def guesser():
    """Makes a learner without Keras: certain of the nearest class mean, or made to fail."""

    # A local class: it can be sent to other processes, which do not know this file.
    class Nearest:
        def __init__(self, store, *, fails=(), settings=None):
            self.maps = store.arrays["flow"].reshape(len(store), -1).astype(np.float64)
            self.labels = store.labels
            self.classes = len(store.classes)
            self.fails = fails
            self.calls = []
            if settings is not None:
                self.settings = settings

        def fit_predict(self, folds, seed):
            for fold in folds:
                self.calls.append((seed, fold.number))
                if fold.number in self.fails:
                    yield fold, None, {"failure": "the loss became nan in epoch 2", "loss": [1.0]}
                    continue
                labels = self.labels[fold.train]
                means = np.stack([
                    self.maps[fold.train][labels == label].mean(0) for label in range(self.classes)
                ])  # fmt: skip
                distance = np.square(self.maps[fold.test][:, None] - means).mean(-1)
                distance += np.random.default_rng([seed, fold.number]).uniform(
                    0, 1400, distance.shape
                )
                chances = np.exp(-(distance - distance.min(1, keepdims=True)) / 200)
                chances /= chances.sum(1, keepdims=True)
                loss = [1.0, 0.6, 0.4 + 0.01 * fold.number]
                yield fold, chances, {"loss": loss, "validation_loss": loss, "epoch": 3,
                                      "seconds": 0.5}  # fmt: skip

    return Nearest
