"""The network to deploy: trained on all subjects, with the figure to expect of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import run_folder
from dfrnet_keras.evaluation.run import versions
from dfrnet_keras.learners.motion import MotionLearner
from dfrnet_keras.learners.network import NetworkLearner
from dfrnet_keras.models.saving import save_network


def fit_all_subjects(
    learner: NetworkLearner | MotionLearner, *, seed: int = 0, validation: str | None = None
) -> tuple[Any, dict[str, Any]]:
    """Train one network on all subjects.

    Args:
        learner: The network and its training.
        seed: Of weights, order and augmentation.
        validation: `"subjects"` holds some subjects out to stop the training, or to choose what is
            to be chosen; `"none"` trains on every clip. By default the recipe's.

    Returns:
        The Keras network with its softmax, uncompiled, and the history of its training.

    Raises:
        InputError: Where the loss became NaN, or `validation` names a test subject.
    """
    return learner.fit_all_subjects(seed=seed, validation=validation or learner.recipe.validation)


fit_everybody = fit_all_subjects  # its name in version 0.1.0


def fit_for_deployment(
    learner: NetworkLearner | MotionLearner, folder: Path, *, seed: int = 0
) -> Path:
    """Train on all subjects and write `model.keras`, described, into a run folder.

    Args:
        learner: The network and its training.
        folder: Where to. If it holds the leave-one-subject-out run of the same network, training
            and store, that run's figures are written into the file as what to expect.
        seed: Of weights, order and augmentation.

    Raises:
        InputError: Where the folder holds another run or a network already, or training failed.
    """
    path = folder / "model.keras"
    with run_folder.locked(folder):
        if path.exists():
            raise InputError(f"{path} is there already: delete it or give another --run-dir.")
        expected = _leave_one_subject_out(learner, folder)
        validation = learner.recipe.validation
        network, history = fit_all_subjects(learner, seed=seed, validation=validation)
        store = learner.store
        description = {
            "model": learner.model,
            "learner": learner.settings,
            "classes": list(store.classes),
            "features": learner.views,
            "size": store.size,
            "flow_range": store.flow_range,
            "store": {"digest": store.digest, "settings": store.settings},
            "training": {
                "clips": len(store),
                "subjects": len({row.person for row in store.rows}),
                "datasets": sorted({row.dataset for row in store.rows}),
                "validation": validation,
                "seed": seed,
                "epoch": history["epoch"],
                "loss": history["loss"][-1],
            },
            "leave_one_subject_out": expected,
            "versions": versions(),
        }
        save_network(network, path, description)
        run_folder.write_text(folder / "model.json", json.dumps(description, indent=1))
    return path


def _leave_one_subject_out(
    learner: NetworkLearner | MotionLearner, folder: Path
) -> dict[str, Any] | None:
    if not (folder / "settings.json").is_file():
        return None
    run = run_folder.open_run(folder)
    if not run.folds:
        return None
    same = run.settings["learner"] == json.loads(json.dumps(learner.settings))
    if not same or run.settings["store"]["digest"] != learner.store.digest:
        raise InputError(
            f"{folder} holds a run of another network, training or store: give another --run-dir, "
            "or the settings of that run."
        )
    figures = run.metrics()
    kept = ("uf1", "uar", "accuracy", "interval", "protocol", "validation", "optimistic",
            "complete")  # fmt: skip
    return {name: figures[name] for name in kept if name in figures}
