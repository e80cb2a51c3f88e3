"""Starts Keras without the lines that TensorFlow prints before it can be told not to."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile

# What they print at every start on a machine without an accelerator.
_STARTUP = ("WARNING: All log messages before absl::InitializeLog()", "I0000 ")


def start_keras() -> None:
    """Import Keras and its backend; anything but the known lines is passed on.

    `TF_CPP_MIN_LOG_LEVEL`, where it is set, is left alone, and then every line is shown.
    """
    if "keras" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        import keras  # noqa: F401

        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    start_keras_quietly()


def start_keras_quietly() -> None:
    """Import Keras without its start-up lines, whatever `TF_CPP_MIN_LOG_LEVEL` says.

    For the processes that `start_keras` leads to: they inherit the level that it set, which does
    not reach the lines that are printed while TensorFlow is loaded.
    """
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import keras  # noqa: F401
        finally:
            os.dup2(original, 2)
            os.close(original)
            held.seek(0)
            for line in held.read().decode(errors="replace").splitlines(keepends=True):
                if not line.startswith(_STARTUP):
                    sys.stderr.write(line)


def limit_threads(threads: int) -> None:
    """Let this process use so many threads.

    Must come before the backend's first computation: TensorFlow keeps what it started with.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
    elif keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(threads)


def make_deterministic() -> None:
    """Make equal seeds give equal results, in whatever process the folds are trained."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
