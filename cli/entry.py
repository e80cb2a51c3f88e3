"""Where the command `dfr-keras` starts: the whole tool, or what a small device can do."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; without click, which a device does not need, `predict` alone."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name may hold what this terminal cannot write
            stream.reconfigure(errors="replace")
    try:
        import click  # noqa: F401
    except ModuleNotFoundError:
        from dfrnet_keras.tflite.runtime.command import main as predict_on_device

        predict_on_device()
    else:
        from dfrnet_keras.cli.main import main as everything

        everything()
