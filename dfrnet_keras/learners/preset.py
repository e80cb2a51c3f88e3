"""`--model preset`, which no real clip taught, and `--from-preset`, which folds are fitted to."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.evaluation.learner import Answers, Learner
from dfrnet_keras.learners.motion import MotionLearner
from dfrnet_keras.learners.preset_files import trained_preset
from dfrnet_keras.learners.preset_training import PresetTraining
from dfrnet_keras.models.motion_dfrnet import refuse_size
from dfrnet_keras.models.preset import DEFAULT_PRESET, WEIGHTS, Preset, preset_folder, read_card
from dfrnet_keras.models.recipe import BestRecipe
from dfrnet_keras.store import FeatureStore

if TYPE_CHECKING:
    import keras


class PresetLearner(Learner):
    """A preset, for `evaluate_loso`: nothing is learnt from the folds.

    The seed that the package's preset was made from gives that preset; another seed makes one
    like it, in minutes, and keeps it under `$DFR_KERAS_HOME/presets`.

    Args:
        store: The features, of which flow is used; its size must be a multiple of 28.
        training: How presets are made.

    Raises:
        InputError: Where the store has no flow, other classes, or maps of another size.
    """

    needs_keras = True
    store: FeatureStore

    def __init__(self, store: FeatureStore, *, training: PresetTraining | None = None) -> None:
        self.model = "preset"
        self.store = store
        self.training = training or PresetTraining()
        if "flow" not in store.arrays or tuple(store.classes) != MEGC2019_CLASSES:
            raise InputError(
                f"{store.path} holds the views {store.features} and the classes "
                f"{', '.join(store.classes)}, and a preset takes flow and answers "
                f"{', '.join(MEGC2019_CLASSES)}: give another store."
            )
        refuse_size(store.size)

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner."""
        return {"name": self.model, "options": {}, "training": self.training.as_dict()}

    def preset(self, seed: int) -> Preset:
        """The preset of a seed."""
        folder = preset_folder(DEFAULT_PRESET)
        card = read_card(folder)
        if (card["seed"], card["training"]) != (seed, self.training.as_dict()):
            folder = trained_preset(self.training, seed)
        return Preset(folder, input_size=self.store.size, flow_range=self.store.flow_range)

    def fit_predict(self, folds: Sequence[Fold], seed: int) -> Answers:
        """Yield (fold, probabilities of its test clips, history) for each fold."""
        preset = self.preset(seed)
        numbers = [name.removeprefix("AU") for name in preset.units]
        for fold in folds:
            started = time.perf_counter()
            flow = self.store.arrays["flow"][fold.test].astype("float32")
            answers = preset.network.predict(flow, batch_size=64, verbose=0)
            units = [
                dict(zip(numbers, map(float, sides.max(-1)), strict=True))
                for sides in answers["units"]
            ]
            history = {"units": units, "seconds": time.perf_counter() - started}
            yield fold, answers["probabilities"], history


class FromPresetLearner(MotionLearner):
    """`--from-preset`: a fold fits classifiers to what the members of a preset make of its clips.

    What `--recipe best` does, with the members of the preset in place of those it would train: the
    seed changes nothing.

    Args:
        store: See `MotionLearner`.
        name: The preset.
        recipe: Penalty, share of the preset's own classifiers, and validation.
    """

    def __init__(
        self, store: FeatureStore, name: str = DEFAULT_PRESET, *, recipe: BestRecipe | None = None
    ) -> None:
        super().__init__(store, recipe=recipe)
        self.model = "from-preset"
        self.name = name
        self.weights = read_card(preset_folder(name))["files"][WEIGHTS]

    @property
    def settings(self) -> dict[str, Any]:
        """What a run folder keeps of this learner."""
        preset = {"preset": self.name, "weights": self.weights}
        return {"name": self.model, "options": preset, "recipe": self.recipe.as_dict()}

    def fit_all_subjects(self, *, seed: int, validation: str) -> tuple[keras.Model, dict[str, Any]]:
        raise InputError(
            "--from-preset is evaluated alone: for a network to deploy give --recipe best."
        )

    def _trunks(self, seed: int) -> Iterator[tuple[keras.Model, NDArray, NDArray]]:
        from dfrnet_keras.models.preset_network import trunk_of

        preset = Preset(self.name, flow_range=self.store.flow_range)
        for number in range(preset.card["training"]["members"]):
            yield trunk_of(preset.network, number, self.store.flow_range)
