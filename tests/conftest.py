"""Clips, stores and learners without a network that several tests make."""

import contextlib
import dataclasses

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets import Clip
from dfrnet_keras.models import recipe
from dfrnet_keras.models.recipe import BestRecipe
from dfrnet_keras.store import FeatureStore, StoredClip
from dfrnet_keras.store import build as preparation
from dfrnet_keras.store.files import write_index

LABELS = ("negative", "positive", "surprise")
_CHANNELS = {"flow": 3, "apex": 3, "difference": 1}


def pytest_collection_modifyitems(items):
    """The longest test first, beside which another process runs many short ones."""
    items.sort(key=lambda item: item.name != "test_every_command_of_the_documents_runs")


@dataclasses.dataclass(frozen=True)
class _QuickBestRecipe(BestRecipe):
    members: int = 1
    drawn_clips: int = 32
    drawn_epochs: int = 1


@pytest.fixture
def quick_best_recipe(monkeypatch):
    """`--recipe best` with one network that drawn motion teaches for a moment only."""
    monkeypatch.setattr(recipe, "BestRecipe", _QuickBestRecipe)


@pytest.fixture
def write_clips():
    def write(root, count=5, *, size=48, apex=1):
        """Clips of three frames in which a smooth texture moves a pixel to the right."""
        root.mkdir(parents=True, exist_ok=True)
        clips = []
        for number in range(count):
            noise = np.random.default_rng(number).uniform(0, 255, (size, size + 2, 3))
            texture = cv2.GaussianBlur(noise, (0, 0), 2)
            frames = []
            for step in range(3):
                frames.append(root / f"{number}_{step}.png")
                cv2.imwrite(
                    str(frames[-1]), texture[:, 2 - step : size + 2 - step].astype(np.uint8)
                )
            name, label = f"c{number}", LABELS[number % 3]
            clips.append(Clip("made", f"s{number % 2}", name, tuple(frames), 0, apex, 2, label))
        return clips

    return write


@pytest.fixture
def write_maps():
    """Pictures of noise as ready-made maps."""

    def write(root, count=4, *, size=8):
        root.mkdir(parents=True, exist_ok=True)
        clips = []
        for number in range(count):
            path = root / f"{number}.png"
            picture = np.random.default_rng(number).integers(0, 256, (size, size, 3), np.uint8)
            cv2.imwrite(str(path), picture[..., ::-1])
            label = LABELS[number % 3]
            clips.append(Clip("maps", f"s{number % 2}", f"c{number}", (path,), 0, None, 0, label))
        return clips

    return write


@pytest.fixture
def extractions(monkeypatch):
    """The row numbers that were computed since."""
    computed = []
    original = preparation.maps_of_clip

    def extract(row, *rest):
        computed.append(row)
        return original(row, *rest)

    monkeypatch.setattr(preparation, "maps_of_clip", extract)
    return computed


@pytest.fixture
def refuse_to_compute(monkeypatch):
    """A context in which every extraction is an error."""

    def refuse(*_):
        raise AssertionError("computed although it need not be")

    @contextlib.contextmanager
    def context():
        with monkeypatch.context() as patch:
            patch.setattr(preparation, "maps_of_clip", refuse)
            yield

    return context


@pytest.fixture
def leftovers():
    """Names of what lies in a folder, locks left out."""

    def names(folder):
        return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))

    return names


@pytest.fixture
def built(tmp_path, write_maps):
    return FeatureStore.build_from_maps(write_maps(tmp_path / "maps"), tmp_path / "store").path


def _write_store(path, rows, maps, flow_range):
    path.mkdir(parents=True)
    for name, array in maps.items():
        np.save(path / f"{name}.npy", array)
    size = next(iter(maps.values())).shape[1]
    settings = {"version": "0", "size": size, "flow_range": flow_range}
    write_index(path, rows, classes=LABELS, settings=settings, source="made")
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
            dataclasses.replace(row, label=(row.label + 1) % len(LABELS))
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


@pytest.fixture(scope="session")
def predict_folder(tmp_path_factory):
    """A network, and three clips: frames, a video, and a folder with one frame alone."""
    from dfrnet_keras.models import build_model
    from dfrnet_keras.models.saving import save_network

    folder = tmp_path_factory.mktemp("predict")
    settings = {"flow_method": "dis-fast", "strain_cross_term": True, "remove_global_motion": False,
                "crop": "none", "apex": "annotated", "spotter": "flow"}  # fmt: skip
    description = {
        "classes": ["negative", "positive", "surprise"],
        "size": 32,
        "flow_range": "pixels",
        "store": {"digest": "", "settings": settings},
    }
    network = build_model("dfrnet", input_size=32, stages=1)
    save_network(network, folder / "model.keras", description)
    noise = np.random.default_rng(0).uniform(0, 255, (90, 90, 3))
    texture = cv2.GaussianBlur(noise, (0, 0), 2).astype(np.float32)
    texture = (texture - texture.min()) / np.ptp(texture) * 255
    y, x = np.mgrid[:90, :90].astype(np.float32)
    hill = np.exp(-((x - 45) ** 2 + (y - 66) ** 2) / 150).astype(np.float32)
    frames = [
        cv2.remap(texture, x, y - far * hill, cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
        for far in (0, 0, 0, 0.7, 1.5, 2.5, 1.5, 0.7, 0, 0, 0, 0)
    ]
    (folder / "frames").mkdir()
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / "frames" / f"img{index}.png"), frame)
    video = cv2.VideoWriter(
        str(folder / "clip.avi"), cv2.VideoWriter.fourcc(*"FFV1"), 10.0, (90, 90)
    )
    for frame in frames:
        video.write(frame)
    video.release()
    (folder / "one").mkdir()
    cv2.imwrite(str(folder / "one" / "a.png"), frames[0])
    return folder


@pytest.fixture(scope="session")
def keras_predictor(predict_folder):
    from dfrnet_keras.prediction import KerasPredictor

    return KerasPredictor(predict_folder / "model.keras")


@pytest.fixture(scope="session")
def drawn_recording():
    """Twelve seconds of a drawn person: four micro-expressions, blinks, a drifting head."""
    from dfrnet_keras.datasets.synthetic.recordings import draw_recording

    recording = draw_recording(4, 12.0, 50.0, micro=20, macro=0, happenings=("blink", "drift"))
    assert len(recording.intervals) == 4
    return recording, list(recording.frames())


@pytest.fixture(scope="session")
def drawn_video(drawn_recording, tmp_path_factory):
    """The same as a lossless video."""
    from dfrnet_keras.datasets.synthetic.recordings import write_video

    path = tmp_path_factory.mktemp("recordings") / "drawn.avi"
    write_video(drawn_recording[0], path)
    return path
