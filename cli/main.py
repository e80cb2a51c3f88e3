"""`dfr-keras`: the group of commands, each loaded only when it is asked for."""

from __future__ import annotations

import errno
import sys
import warnings
from importlib import import_module

import click

from dfrnet_keras import __version__
from dfrnet_keras.errors import InputError

# One line of help per command stands here, so that `--help` need not import the commands.
_COMMANDS = {
    "benchmark": "Time .tflite files on this machine: latency, memory, size.",
    "compare": "Test whether runs differ: bootstrap, McNemar, t-test, Holm.",
    "compress": "Prune, cluster or quantise a network by fine-tuning it on a store.",
    "convert": "Write a network as .tflite files, checked against it.",
    "data": "Check a dataset folder, write synthetic clips, compare apex spotters.",
    "evaluate": "Print the metrics of a run.",
    "evaluate-spotting": "Hold finds against the expressions in long recordings.",
    "fit": "Train and evaluate leave-one-subject-out, or on all subjects.",
    "fit-spotting": "Baselines of spotting in long recordings, leave-one-subject-out.",
    "predict": "Recognise the expression in videos or folders of frames.",
    "preset": "List or make the networks that come with the package.",
    "prepare": "Build the feature store of a dataset.",
    "report": "Write one HTML page about a run, or about several compared.",
    "reproduce": "Run the paper's tables and figures again, beside the printed figures.",
    "spot": "Find and name the expressions in long recordings.",
    "summary": "Print a network's layers, parameters and MACs beside the paper's.",
    "web": "Write or serve a page that does it all in a browser.",
    "watch": "Find and name expressions live, of a camera or a video.",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = name.replace("-", "_")
        return getattr(import_module(f"dfrnet_keras.cli.{module}"), module)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dfr-keras")
def dfr_keras() -> None:
    """Micro-expression recognition with DFR-Net: prepare, fit, evaluate, report."""


def main() -> None:
    """Run a command; bad input ends it with one sentence and exit status 1."""
    # Without the module and line that a warning comes from, which mean nothing to a user.
    warnings.formatwarning = lambda message, *_, **__: f"Warning: {message}\n"
    try:
        dfr_keras(prog_name="dfr-keras")
    except InputError as error:
        message = str(error)
    except OSError as error:
        message = _sentence(error)
    else:
        return
    click.echo(f"Error: {message}", err=True)
    sys.exit(1)


def _sentence(error: OSError) -> str:
    """What the system refused, with the name of the file where it says one."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = error.filename or "a file"
        return (
            f"{where} cannot be written ({error.strerror}): make room, or choose another folder by "
            "the options or $DFR_KERAS_HOME"
        )
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
