"""The one exception that stands for bad input.

A leaf that every room may import, so that the command line can tell what the user can put right
(shown as one sentence) from a fault of the program (shown with its traceback).
"""


class InputError(ValueError):
    """Bad input: the message names the file or option and says what to do about it."""
