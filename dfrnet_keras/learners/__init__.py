"""Who is trained: networks, kernel machines, networks taught by drawn motion.

Names are loaded on first use: a kernel machine needs no Keras.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "KernelLearner": "kernel",
    "MotionLearner": "motion",
    "NetworkLearner": "network",
    "fit_all_subjects": "deploy",
    "fit_for_deployment": "deploy",
    "make_learner": "make",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
