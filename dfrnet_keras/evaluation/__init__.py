"""Leave-one-subject-out evaluation: folds, metrics, runs, significance.

Names are loaded on first use: reading a run needs no Keras.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Fold": "evaluation.folds",
    "Learner": "evaluation.learner",
    "Run": "evaluation.run",
    "compare_runs": "evaluation.comparison",
    "confusion_matrix": "evaluation.metrics",
    "evaluate_loso": "evaluation.loso",
    "loso_folds": "evaluation.folds",
    "open_run": "evaluation.run_folder",
    "uar": "evaluation.metrics",
    "uf1": "evaluation.metrics",
}
__all__ = sorted(_HOME)
# Where version 0.1.0 had them; programs written for it go on working.
_MOVED = {
    "NetworkLearner": "learners",
    "fit_everybody": "learners.deploy",
    "fit_for_deployment": "learners",
    "write_report": "report",
}


def __getattr__(name: str) -> Any:
    home = (_HOME | _MOVED).get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"dfrnet_keras.{home}"), name)
