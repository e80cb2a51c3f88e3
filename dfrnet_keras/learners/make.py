"""Every model of the comparison by its name: networks, kernel machines and the floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.models.recipe import BestRecipe, Recipe
from dfrnet_keras.models.table import TRAINABLE

if TYPE_CHECKING:
    from dfrnet_keras.datasets.clip import Clip
    from dfrnet_keras.learners.kernel import KernelLearner, MajorityLearner
    from dfrnet_keras.learners.motion import MotionLearner
    from dfrnet_keras.learners.network import NetworkLearner
    from dfrnet_keras.learners.preset import PresetLearner
    from dfrnet_keras.store import FeatureStore

KERNEL_MACHINES = ("svm", "bi-woof-svm", "lbp-top-svm")
LEARNERS: tuple[str, ...] = (*TRAINABLE, *KERNEL_MACHINES, "preset", "majority")


def check_name(model: str) -> None:
    """Refuse a name that no model has; the `InputError` names those there are."""
    check_choice("model", model, LEARNERS)


def make_learner(
    model: str,
    store: FeatureStore,
    *,
    model_options: dict[str, Any] | None = None,
    recipe: Recipe | BestRecipe | None = None,
    clips: Sequence[Clip] | Callable[[], Sequence[Clip]] | None = None,
    from_preset: str | None = None,
) -> NetworkLearner | MotionLearner | KernelLearner | PresetLearner | MajorityLearner:
    """The learner of a name, for `evaluate_loso`.

    Args:
        model: One of `LEARNERS`.
        store: The features.
        model_options: Arguments of `DFRNet` (`attention`, `stages` ...); no other model has any.
        recipe: The training of a network; its published one by default. A `BestRecipe` belongs to
            `"dfrnet"` and fixes the network too.
        clips: The clips of the store, or what gives them; `"lbp-top-svm"` reads their frames,
            `"fgrl-auf"` their action units.
        from_preset: A preset whose members take the place of those that a `BestRecipe` trains.

    Returns:
        A `NetworkLearner`, `MotionLearner`, `KernelLearner`, `PresetLearner` or `MajorityLearner`.

    Raises:
        InputError: For an unknown name, options of another model, or a store that lacks what the
            model needs.
    """
    check_name(model)
    if model_options and model != "dfrnet":
        raise InputError(
            f"--{next(iter(model_options))} belongs to dfrnet: leave it out for {model}."
        )
    if recipe is not None and model not in TRAINABLE:
        raise InputError(f"{model} has no epochs and so no recipe: leave it out.")
    if isinstance(recipe, BestRecipe):
        if model != "dfrnet" or model_options:
            raise InputError(
                "--recipe best is a training of dfrnet and fixes its parts: leave out "
                + (f"--{next(iter(model_options))}." if model_options else f"--model {model}.")
            )
        if from_preset is not None:
            from dfrnet_keras.learners.preset import FromPresetLearner

            return FromPresetLearner(store, from_preset, recipe=recipe)
        from dfrnet_keras.learners.motion import MotionLearner

        return MotionLearner(store, recipe=recipe)
    if model in TRAINABLE:
        from dfrnet_keras.learners.network import NetworkLearner

        coded = None
        if model == "fgrl-auf":
            from dfrnet_keras.learners.unit_graph import coded_units

            coded = coded_units(store, clips)
        return NetworkLearner(model, store, model_options=model_options, recipe=recipe, units=coded)
    if model == "preset":
        from dfrnet_keras.learners.preset import PresetLearner

        return PresetLearner(store)
    from dfrnet_keras.learners.kernel import KernelLearner, MajorityLearner

    if model == "majority":
        return MajorityLearner(store)
    # Ready-made maps have no frames, so there is no need to look for the clips.
    reads_frames = model == "lbp-top-svm" and store.flow_range != "bytes"
    found = clips() if reads_frames and callable(clips) else clips
    return KernelLearner(model, store, clips=None if callable(found) else found)
