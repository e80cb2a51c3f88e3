"""Run this folder's tests again on the other backends: Keras chooses one when it is imported."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import pytest


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="already on another backend")
@pytest.mark.parametrize(
    ("backend", "which"),
    [
        # JAX compiles each shape anew, and these take half of the time.
        ("jax", "not gradients and not channel_count and not parameters and not shortcut"
         " and not equation and not fusion_block or test_layer"),
        pytest.param("jax", "", marks=pytest.mark.slow),
        pytest.param("torch", "", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_layers_on(backend, which):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
        # On JAX most of the time goes into compiling: leave out what only makes code faster.
        "XLA_FLAGS": "--xla_backend_optimization_level=0",
    }
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "-k", which,
         Path(__file__).parent],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]
    assert "passed" in run.stdout
