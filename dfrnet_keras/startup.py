"""Starting Keras: its layers, its start-up lines, a backend that is missing, its threads."""

from __future__ import annotations

import logging
import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from dfrnet_keras.errors import InputError

# What TensorFlow prints at every start on a machine without an accelerator.
_STARTUP = ("WARNING: All log messages before absl::InitializeLog()", "I0000 ")


def start_keras() -> None:
    """Import Keras and its backend for a command, which prints its result and nothing else.

    TensorFlow's log level is set to errors that end the program, whatever the user set it to:
    processes started later inherit it. Start-up lines that precede any log level are left out,
    all others are passed on.

    Raises:
        InputError: The backend is not installed, or Keras does not know it.
    """
    if "keras" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with hidden_lines(_STARTUP):
        try:
            import keras  # noqa: F401
        except (ImportError, ValueError) as error:
            raise _backend_error(error) from error
    # Its advice on retracing is for who writes the training, not for who gives a command.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _backend_error(error: Exception) -> Exception:
    """The error of an import of Keras, in one sentence where its backend is the cause."""
    source = "KERAS_BACKEND" if "KERAS_BACKEND" in os.environ else "backend in keras.json"
    backends = ("tensorflow", "jax", "torch")
    usable = [name for name in backends if find_spec(name)]
    if isinstance(error, ModuleNotFoundError) and error.name in backends:
        return InputError(
            f"{source} is {error.name}, and {error.name} is not installed: install it or use "
            f"{' or '.join(usable)}."
        )
    if str(error).startswith("Unable to import backend"):
        name = str(error).rpartition(":")[2].strip()
        return InputError(
            f"{source} is {name}, which Keras does not know: use {' or '.join(usable)}."
        )
    return error


@contextmanager
def hidden_lines(starts: Sequence[str]) -> Iterator[None]:
    """Leave out of standard error the lines with these starts that native code prints there.

    The other lines appear when the block ends.
    """
    import tempfile

    try:
        original = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
            held.seek(0)
            for line in held:
                if not line.decode(errors="replace").startswith(tuple(starts)):
                    os.write(2, line)


def limit_threads(threads: int) -> None:
    """Let this process use so many threads.

    Must come before the backend's first computation: TensorFlow keeps what it started with.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with suppress(RuntimeError):
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


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Weights and dropout of the networks that are built inside come from a seed.

    `keras.utils.set_random_seed` alone does not hold in a process with other threads, as a worker
    of Dask: Keras draws the seeds of its layers from `random`, and so does whatever else runs.

    Args:
        seed: Of all random numbers; the same networks as after `set_random_seed` in one thread.
    """
    import keras
    from keras.src.random import seed_generator

    keras.utils.set_random_seed(seed)
    shared = seed_generator.python_random
    seed_generator.python_random = random.Random(seed)
    try:
        yield
    finally:
        seed_generator.python_random = shared


def register_layers() -> None:
    """Make Keras know this package's layers, so that plain `keras.saving.load_model` loads a file.

    Where Keras is not imported yet, they are registered when it is: the package itself stays light.
    """
    if "keras" in sys.modules:
        import_module("dfrnet_keras.layers")
    else:
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras:
    """Imports the layers right after Keras, as Keras has no entry point for packages of layers."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name == "keras" else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            import_module("dfrnet_keras.layers")

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec
