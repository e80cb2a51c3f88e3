"""The paper's tables and figures, run again: ours beside the printed ones.

Names are loaded on first use: to list the tables needs no Keras.
"""

from importlib import import_module
from typing import Any

_HOME = {"Effort": "experiments", "reproduce": "tables", "write_page": "web_page"}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
