"""Who is trained: networks, kernel machines, networks taught by drawn motion.

Names are loaded on first use: a kernel machine needs no Keras.
"""

from dfrnet_keras.lazy import lazy_names

__getattr__, __all__ = lazy_names(__name__, {
    "KernelLearner": "kernel",
    "MotionLearner": "motion",
    "NetworkLearner": "network",
    "fit_all_subjects": "deploy",
    "fit_for_deployment": "deploy",
    "make_learner": "make",
})  # fmt: skip
