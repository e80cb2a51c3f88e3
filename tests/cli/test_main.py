"""What every command has in common: one sentence for what goes wrong, bars on a terminal alone."""

import errno
import warnings

import pytest

from dfrnet_keras.cli import main as command
from dfrnet_keras.cli.progress import clip_progress
from dfrnet_keras.errors import InputError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("a.png is empty: replace it"), "a.png is empty: replace it"),
        (OSError(errno.ENOSPC, "No space left on device", "out/m"), "out/m cannot be written (No "
         "space left on device): make room, or choose another folder by the options or "
         "$DFR_KERAS_HOME"),
        (OSError(errno.ENOSPC, "No space left on device"), "a file cannot be written (No space "
         "left on device): make room, or choose another folder by the options or "
         "$DFR_KERAS_HOME"),
        (PermissionError(errno.EACCES, "Permission denied", "x/y"), "x/y: Permission denied"),
        (OSError("the device is gone"), "the device is gone"),
    ],
)  # fmt: skip
def test_an_error_is_one_sentence_that_names_the_file(monkeypatch, capsys, error, message):
    def fails(**_):
        raise error

    monkeypatch.setattr(command, "dfr_keras", fails)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"Error: {message}\n"
    assert warnings.formatwarning("take care", UserWarning, "a.py", 1) == "Warning: take care\n"


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch):
    def fails(**_):
        raise ZeroDivisionError

    monkeypatch.setattr(command, "dfr_keras", fails)
    with pytest.raises(ZeroDivisionError):
        command.main()


def test_a_bar_of_clips_writes_nothing_into_a_file(capsys):
    with clip_progress("clips") as progress:
        progress(1, 3)
        progress(3, 3)
    assert capsys.readouterr() == ("", "")
