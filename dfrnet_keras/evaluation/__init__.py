"""Leave-one-subject-out evaluation: folds, metrics, runs, significance.

Names are loaded on first use: reading a run needs no Keras.
"""

from dfrnet_keras.lazy import lazy_names

_HOME = {
    "Fold": "folds",
    "Learner": "learner",
    "Run": "run",
    "compare_runs": "comparison",
    "confusion_matrix": "metrics",
    "evaluate_loso": "loso",
    "loso_folds": "folds",
    "open_run": "run_folder",
    "uar": "metrics",
    "uf1": "metrics",
}
# Where version 0.1.0 had them; programs written for it go on working.
_MOVED = {
    "NetworkLearner": ".learners",
    "fit_everybody": ".learners.deploy",
    "fit_for_deployment": ".learners",
    "write_report": ".report",
}
__getattr__, _ = lazy_names(__name__, _HOME | _MOVED)
__all__ = sorted(_HOME)
