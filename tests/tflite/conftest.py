"""A small network, features that resemble real ones, and the files made of them."""

import os

import cv2
import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SIZE = 32
CHANNELS = {"apex": 3, "difference": 1, "flow": 3}


@pytest.fixture(scope="session")
def maps():
    """48 clips: apex and difference in bytes, strain far smaller than displacement."""
    rng = np.random.default_rng(0)
    count, labels = 48, np.arange(48) % 3
    shape = (count, SIZE, SIZE)
    flow = rng.normal(size=(*shape, 3)) * [0.4, 0.3, 0.02]
    flow += labels[:, None, None, None] * [0.4, -0.3, 0.03]
    return {
        "apex": rng.integers(0, 256, (*shape, 3)).astype(np.uint8),
        "difference": rng.gamma(1, 4, (*shape, 1)).clip(0, 255).astype(np.uint8),
        "flow": flow.astype(np.float16),
    }


@pytest.fixture(scope="session")
def network(maps):
    import keras

    from dfrnet_keras.models import DFRNet, normalization_layers

    keras.utils.set_random_seed(1)
    model = DFRNet(input_size=SIZE, stages=1)
    for name, layer in normalization_layers(model).items():
        values = maps[name].astype(np.float64)
        layer.set_statistics(values.mean((0, 1, 2)), values.var((0, 1, 2)))
    # Untrained, it would answer nearly alike to all clips, and any rounding would decide.
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    given = {name: array.astype(np.float32) for name, array in maps.items()}
    model.fit(given, np.arange(48) % 3, batch_size=16, epochs=8, verbose=0)
    return model


@pytest.fixture(scope="session")
def samples(maps):
    """Maps one clip at a time, as representative data."""
    return [
        {name: array[[k]].astype(np.float32) for name, array in maps.items()} for k in range(12)
    ]


@pytest.fixture(scope="session")
def description():
    return {
        "model": "dfrnet",
        "classes": ["negative", "positive", "surprise"],
        "size": SIZE,
        "flow_range": "pixels",
        "store": {"digest": "0" * 64, "settings": {"flow_method": "dis", "size": SIZE}},
        "leave_one_subject_out": {"uf1": 0.5},
    }


@pytest.fixture(scope="session")
def converted(network, samples, description):
    """Content of the file by kind of quantisation, each converted when first asked for."""
    from dfrnet_keras.tflite import convert

    made = {}

    def get(quantize, input_type="float32"):
        key = quantize, input_type
        if key not in made:
            made[key] = convert(
                network,
                quantize=quantize,
                input_type=input_type,
                representative_data=samples if quantize.startswith("int") else None,
                description=description,
            )
        return made[key]

    return get


@pytest.fixture
def tflite_file(converted, tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(converted("float16"))
    return path


@pytest.fixture(scope="session")
def clip():
    """A rendered clip: frames, onset, apex."""
    from dfrnet_keras.datasets.synthetic import synthesize_clips

    _, rendered = next(synthesize_clips(subjects=1, clips_per_subject=1, size=96))
    return rendered.frames, rendered.onset, rendered.apex


@pytest.fixture(scope="session")
def store(maps, tmp_path_factory):
    """A store of the maps above: eight subjects, six clips each."""
    from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
    from dfrnet_keras.store import FeatureStore, StoredClip
    from dfrnet_keras.store.files import write_index

    folder = tmp_path_factory.mktemp("stores") / "store"
    folder.mkdir()
    for name, array in maps.items():
        np.save(folder / f"{name}.npy", array)
    rows = [StoredClip("synthetic", f"s{k // 6}", f"c{k}", int(k % 3), 5, ()) for k in range(48)]
    settings = {
        "version": "0.1.0",
        "size": SIZE,
        "flow_method": "dis",
        "strain_cross_term": False,
        "remove_global_motion": False,
        "flow_range": "pixels",
    }
    write_index(folder, rows, classes=MEGC2019_CLASSES, settings=settings, source="made up")
    return FeatureStore.open(folder)


@pytest.fixture
def folder(clip, tmp_path):
    """The frames of `clip` as pictures."""
    path = tmp_path / "frames"
    path.mkdir()
    for index, frame in enumerate(clip[0]):
        cv2.imwrite(str(path / f"{index}.png"), frame[..., ::-1])
    return path
