"""A small network with its store, for the commands that deploy one, and ways to run a command."""

import os
import sys

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="module")
def flow_store(tmp_path_factory):
    """Flow alone, 16 pixels, eight subjects with six clips each."""
    from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
    from dfrnet_keras.store import FeatureStore, StoredClip
    from dfrnet_keras.store.files import write_index

    folder = tmp_path_factory.mktemp("stores") / "store"
    folder.mkdir()
    labels = np.arange(48) % 3
    flow = np.random.default_rng(0).normal(size=(48, 16, 16, 3)) * [0.4, 0.3, 0.02]
    flow += labels[:, None, None, None] * [0.4, -0.3, 0.03]
    np.save(folder / "flow.npy", flow.astype(np.float16))
    rows = [
        StoredClip("synthetic", f"s{k // 6}", f"c{k}", int(labels[k]), 5, ()) for k in range(48)
    ]
    settings = {"version": "0", "size": 16, "flow_method": "dis", "flow_range": "pixels"}
    write_index(folder, rows, classes=MEGC2019_CLASSES, settings=settings, source="made up")
    return FeatureStore.open(folder)


@pytest.fixture(scope="module")
def flow_network(flow_store, tmp_path_factory):
    """The path of a small trained network that knows its store."""
    import keras
    from keras import layers

    from dfrnet_keras.models.saving import save_network

    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 3), name="flow")
    x = layers.Conv2D(16, 3, activation="relu", name="conv1")(inputs)
    x = layers.Conv2D(16, 3, activation="relu", name="conv2")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model({"flow": inputs}, layers.Dense(3, activation="softmax", name="out")(x))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(
        {"flow": flow_store.arrays["flow"][:].astype("f")}, flow_store.labels, epochs=15, verbose=0
    )
    path = tmp_path_factory.mktemp("networks") / "model.keras"
    description = {
        "classes": list(flow_store.classes),
        "flow_range": "pixels",
        "store": {"digest": flow_store.digest, "settings": flow_store.settings},
    }
    return save_network(model, path, description)


@pytest.fixture
def run():
    """Run a command with arguments of any type; what it raises comes through."""

    def run(command, *arguments):
        given = [str(item) for item in arguments]
        return CliRunner().invoke(command, given, catch_exceptions=False)

    return run


@pytest.fixture
def error(monkeypatch, capsys, tmp_path):
    """The one sentence with which `dfr-keras` refuses its arguments."""
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))

    def error(*arguments):
        from dfrnet_keras.cli.main import main

        monkeypatch.setattr(sys, "argv", ["dfr-keras", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 1
        return capsys.readouterr().err.strip().splitlines()[-1]

    return error


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A flow-folder of five subjects with three clips each, one of each class."""
    folder = tmp_path_factory.mktemp("flow-folder")
    lines = ["file,dataset,subject,clip,label"]
    random = np.random.default_rng(0)
    for number in range(15):
        label = ("negative", "positive", "surprise")[number % 3]
        picture = random.integers(0, 256, (12, 12, 3), np.uint8)
        picture[:5, 4 * (number % 3) : 4 * (number % 3) + 4] = 250
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        lines.append(f"{number}.png,d,s{number // 3},c{number},{label}")
    (folder / "samples.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def environment(home, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(home))
    monkeypatch.delenv("DFR_KERAS_DATA", raising=False)


@pytest.fixture
def here(environment, monkeypatch, capsys):
    """Runs `dfr-keras` in this process; gives exit status, output and messages."""
    from dfrnet_keras.cli.main import main

    def run(arguments):
        monkeypatch.setattr(sys, "argv", ["dfr-keras", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run
