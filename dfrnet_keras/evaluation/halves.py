"""Which subjects a recipe may be tuned on, and which only judge it once it is frozen."""

from __future__ import annotations

import hashlib

HALVES = ("development", "confirmation")


def half_of(subject: str) -> str:
    """The half that a subject belongs to, wherever and whenever it is asked.

    Args:
        subject: Name of the subject, without its dataset.

    Returns:
        `"development"` where the SHA-256 of the name begins with an even hexadecimal digit, else
        `"confirmation"`.
    """
    digit = hashlib.sha256(subject.encode()).hexdigest()[0]
    return HALVES[int(digit, 16) % 2]
