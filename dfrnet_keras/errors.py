"""The one exception that stands for bad input.

A leaf that every room may import, so that the command line can tell what the user can put right
(shown as one sentence) from a fault of the program (shown with its traceback).
"""

from __future__ import annotations

from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: the message names the file or option and says what to do about it."""


def check_choice(what: str, value: object, choices: Iterable[str]) -> None:
    """Refuse a value that is not among its choices, which the `InputError` names."""
    if value not in (choices := tuple(choices)):
        raise InputError(f"{what} is {value!r}: choose one of {', '.join(choices)}.")


def check_jobs(jobs: int) -> None:
    """Refuse 0 processes."""
    if jobs == 0:
        raise InputError("jobs is 0: give the number of processes, or -1 for one per processor")
