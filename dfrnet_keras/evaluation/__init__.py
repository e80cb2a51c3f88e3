"""Leave-one-subject-out evaluation: folds, metrics, runs, significance.

Names are loaded on first use: reading a run needs no Keras.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Fold": "folds",
    "Learner": "loso",
    "Run": "run",
    "compare_runs": "comparison",
    "confusion_matrix": "metrics",
    "evaluate_loso": "loso",
    "loso_folds": "folds",
    "open_run": "run_folder",
    "uar": "metrics",
    "uf1": "metrics",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
