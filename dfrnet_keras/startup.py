"""Starts Keras without the lines that TensorFlow prints before it can be told not to."""

from __future__ import annotations

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
