"""Importing the package and starting Keras."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from dfrnet_keras.startup import hidden_lines

START = "from dfrnet_keras.cli.main import main; main()"


def python(code, *arguments, **environment):
    """Run code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    import keras

    from dfrnet_keras.models import DFRNet
    from dfrnet_keras.models.saving import save_network

    keras.utils.set_random_seed(0)
    model = DFRNet(input_size=32, stages=1)
    return save_network(model, tmp_path_factory.mktemp("networks") / "model.keras", {})


@pytest.mark.parametrize("imports", ["dfrnet_keras, keras", "keras, dfrnet_keras"])
def test_plain_keras_loads_a_network_of_this_package(model_file, imports):
    code = (
        f"import sys, {imports}\n"
        "model = keras.saving.load_model(sys.argv[1], safe_mode=True)\n"
        "print(type(model.get_layer('flow_normalization')).__name__, model.output_shape)"
    )
    done = python(code, model_file)
    assert done.stdout == "FeatureNormalization (None, 3)\n", done.stderr
    assert "UserWarning" not in done.stderr


def test_without_the_import_keras_names_the_package(model_file):
    done = python("import sys, keras; keras.saving.load_model(sys.argv[1])", model_file)
    assert done.returncode == 1
    assert "Could not locate class 'FeatureNormalization'" in done.stderr
    assert "dfrnet_keras.layers.feature_normalization" in done.stderr


def test_the_import_alone_loads_no_keras():
    code = "import sys, dfrnet_keras; print({'keras', 'numpy', 'tensorflow'} & set(sys.modules))"
    assert python(code).stdout == "set()\n"


def test_a_search_for_keras_registers_nothing_yet():
    code = (
        "import importlib.util, sys, dfrnet_keras\n"
        "importlib.util.find_spec('keras')\n"
        "print('keras' in sys.modules)\n"
        "import keras\n"
        "print(keras.saving.get_registered_object('dfrnet_keras>RelativeMotion').__name__)"
    )
    assert python(code).stdout == "False\nRelativeMotion\n"


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
@pytest.mark.parametrize("command", ["predict", "convert", "compress", "benchmark", "summary"])
def test_a_backend_that_is_not_installed(model_file, tmp_path, command):
    arguments = {
        "predict": [model_file, tmp_path],
        "convert": [model_file],
        "compress": [model_file, "--method", "prune"],
        "benchmark": [tmp_path / "net.tflite", "--against", model_file],
        "summary": [],
    }[command]
    (tmp_path / "0.png").touch()
    done = python(START, command, *arguments, KERAS_BACKEND="torch")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        "Error: KERAS_BACKEND is torch, and torch is not installed: install it or use tensorflow"
    )
    assert len(done.stderr.splitlines()) == 1


def test_a_backend_that_does_not_exist(model_file):
    done = python(START, "convert", model_file, KERAS_BACKEND="mxnet")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: KERAS_BACKEND is mxnet, which Keras does not know: use")
    assert len(done.stderr.splitlines()) == 1


def test_start_up_lines_are_hidden_whatever_the_log_level():
    done = python("from dfrnet_keras.startup import start_keras; start_keras()",
                  TF_CPP_MIN_LOG_LEVEL="0")  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_the_named_lines_are_hidden(capfd):
    with hidden_lines(["I0000 "]):
        os.write(2, b"I0000 00:00:1 port.cc:153] oneDNN custom operations are on\n")
        os.write(2, b"E0000 00:00:1 a real error\n")
    assert capfd.readouterr().err == "E0000 00:00:1 a real error\n"


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_what_needs_tensorflow_says_so_on_another_backend(model_file, tmp_path):
    done = python(START, "convert", model_file, "--force", "--out", tmp_path / "net.tflite",
                  KERAS_BACKEND="jax")  # fmt: skip
    assert done.returncode == 1
    assert "needs Keras on TensorFlow, not on jax" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_weights_of_a_seed_are_those_whatever_other_threads_draw():
    import random
    import threading

    import keras
    import numpy as np

    from dfrnet_keras.startup import seeded

    def build():
        x = keras.Input((4,))
        return keras.Model(x, keras.layers.Dense(3)(keras.layers.Dense(5)(x))).get_weights()

    keras.utils.set_random_seed(3)
    expected = build()
    stop = threading.Event()

    def draw():
        while not stop.is_set():
            random.random()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        for _ in range(5):
            with seeded(3):
                found = build()
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)
    finally:
        stop.set()
        thread.join()
