"""Every network by its name: constructor, views, published training, loss."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.recipe import Recipe

# The paper, section 4.2; it does not say what its validation set is.
_DFRNET = Recipe(learning_rate=1e-5, batch_size=32, epochs=100, patience=10, augment=True)
# Liong et al., "Shallow Triple Stream Three-dimensional CNN (STSTNet) for Micro-expression
# Recognition", FG 2019, and its authors' code: no validation, the last epoch counts.
_STSTNET = Recipe(
    learning_rate=5e-5, batch_size=256, epochs=800, patience=None, augment=False, validation="none"
)

# Gan et al. 2019 were not at hand for this. These are the figures that the authors of Off-TANet
# (PRICAI 2021) trained it with, in their published code.
_OFF_APEXNET = Recipe(
    learning_rate=1e-4, batch_size=64, epochs=3000, patience=None, augment=False, validation="none"
)
# Xia et al., "Revealing the Invisible with Model and Data Shrinking for Composite-database
# Micro-expression Recognition", TIP 2020, and its authors' code: the last epoch counts.
_RCN_A = Recipe(
    learning_rate=5e-4,
    batch_size=64,
    epochs=100,
    patience=None,
    augment=False,
    validation="none",
    optimizer="sgd",
    decay=0.5,
    decay_epochs=10,
)
# Zhou et al., "Dual-Inception Network for Cross-Database Micro-Expression Recognition", FG 2019,
# and its authors' code: the epoch with the best loss on a fifth of the training subjects.
_DUAL_INCEPTION = Recipe(learning_rate=1e-4, batch_size=3, epochs=40, patience=None, augment=False)
# Van Quang et al., "CapsuleNet for Micro-Expression Recognition", FG 2019, and its authors' code,
# which keeps the best epoch of each test subject. Here training subjects choose it;
# validation="test-subject" does as they did. They also turn pictures and change their colours.
_CAPSULENET = Recipe(
    learning_rate=1e-4, batch_size=32, epochs=30, patience=None, augment=True, decay=0.9
)
# Zhou et al., "Feature Refinement", Pattern Recognition 2022, was not at hand for this, so this
# training is the package's own: the rate of Dual-Inception, by the same first author, and stopping
# as DFR-Net does.
_FEATREF = Recipe(learning_rate=1e-4, batch_size=32, epochs=100, patience=10, augment=False)

# Wang et al., "HTNet for micro-expression recognition", Neurocomputing 2024, and its authors' code,
# which keeps the best epoch of each test subject. Here the last one counts, as its code prints too;
# validation="test-subject" does as they did.
_HTNET = Recipe(
    learning_rate=5e-5, batch_size=256, epochs=800, patience=None, augment=False, validation="none"
)
# The same network made small is nobody's: rate and batch are this package's.
_HTNET_SMALL = Recipe(learning_rate=1e-4, batch_size=32, epochs=100, patience=10, augment=False)
# Zhao et al., "ME-PLAN", Neural Networks 2022: neither text nor code was at hand, so all of this is
# the package's own. A batch is an episode: 5 clips of each of three classes, and 5 to be answered.
_ME_PLAN = Recipe(learning_rate=1e-4, batch_size=30, epochs=60, patience=10, augment=False)
# Lei et al., "Micro-expression Recognition Based on Facial Graph Representation Learning and Facial
# Action Unit Fusion", CVPR Workshops 2021: its code has no training. The batch is its test
# script's, the rest is the package's own.
_FGRL_AUF = Recipe(learning_rate=1e-3, batch_size=64, epochs=100, patience=10, augment=False)
# Varanka et al., "Micro-expression recognition with noisy labels", 2021; the training is what their
# library meb does unless told otherwise: the last epoch counts.
_SSSNET = Recipe(
    learning_rate=1e-4, batch_size=32, epochs=200, patience=None, augment=False, validation="none"
)


@dataclass(frozen=True)
class ModelEntry:
    """What is known of a network by its name.

    Attributes:
        constructor: Module of `dfrnet_keras.models` and function in it.
        recipe: How it was trained where it was published; `None` where no fold trains it by steps.
        views: Letters of the views that it can take, the one it prefers first.
        takes_several: Whether it takes all of them together; else one.
        loss: `"cross-entropy"`, `"margin"`, `"proposals"` or `"episodes"`, see `models.losses`.
    """

    constructor: tuple[str, str]
    recipe: Recipe | None
    views: str = "T"
    takes_several: bool = False
    loss: str = "cross-entropy"

    def build(self, **arguments: Any) -> Any:
        """Call the constructor."""
        module, function = self.constructor
        return getattr(import_module(f"dfrnet_keras.models.{module}"), function)(**arguments)

    def views_of(self, available: str) -> str:
        """The views that it takes from a store which has the `available` ones."""
        fits = [letter for letter in self.views if letter in available] or [self.views[0]]
        return "".join(fits) if self.takes_several else fits[0]


TABLE = {
    "dfrnet": ModelEntry(("dfrnet", "DFRNet"), _DFRNET, "TSD", takes_several=True),
    "ststnet": ModelEntry(("ststnet", "STSTNet"), _STSTNET),
    "off-apexnet": ModelEntry(("off_apexnet", "OffApexNet"), _OFF_APEXNET),
    "rcn-a": ModelEntry(("rcn", "RCNA"), _RCN_A),
    "dual-inception": ModelEntry(("dual_inception", "DualInception"), _DUAL_INCEPTION),
    "featref": ModelEntry(("featref", "FeatRef"), _FEATREF, loss="proposals"),
    "capsulenet": ModelEntry(("capsulenet", "CapsuleNet"), _CAPSULENET, "ST", loss="margin"),
    "htnet": ModelEntry(("htnet", "HTNet"), _HTNET),
    "htnet-small": ModelEntry(("htnet", "HTNetSmall"), _HTNET_SMALL),
    "me-plan": ModelEntry(("me_plan", "MEPLAN"), _ME_PLAN, loss="episodes"),
    "fgrl-auf": ModelEntry(("fgrl_auf", "FGRLAUF"), _FGRL_AUF),
    "sssnet": ModelEntry(("sssnet", "SSSNet"), _SSSNET),
    "motion-dfrnet": ModelEntry(("motion_dfrnet", "MotionDFRNet"), None),
}
# Those that a fold trains step by step.
TRAINABLE = tuple(name for name, entry in TABLE.items() if entry.recipe is not None)


def paper_recipe(model: str) -> Recipe:
    """The published training of a network by its name.

    Raises:
        InputError: For a name that no network has.
    """
    recipe = TABLE[model].recipe if model in TABLE else None
    if recipe is None:
        raise InputError(f"model is {model!r}: choose one of {', '.join(TRAINABLE)}.")
    return recipe
