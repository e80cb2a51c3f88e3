"""How each network was trained where it was published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dfrnet_keras.errors import InputError, check_choice

OPTIMIZERS = ("adam", "sgd")


@dataclass(frozen=True)
class Recipe:
    """A training, as plain numbers; each can be changed with `dataclasses.replace`.

    Attributes:
        learning_rate: Of the optimizer, in the first epoch.
        batch_size: Clips a step.
        epochs: At most so many passes over the training clips.
        patience: Stop after so many epochs without a better validation loss; `None` never stops.
        augment: Whether clips are mirrored and shifted at random.
        class_weights: Whether a clip counts the more, the rarer its class is in training.
        validation: Which validation the publication used, or the package's choice where it does
            not say (see `evaluation.loso_folds`).
        optimizer: `"adam"`, or `"sgd"` with a momentum of 0.9.
        decay: What the learning rate is multiplied by after every `decay_epochs` epochs.
        decay_epochs: See `decay`.
    """

    learning_rate: float
    batch_size: int
    epochs: int
    patience: int | None
    augment: bool
    class_weights: bool = False
    validation: str = "subjects"
    optimizer: str = "adam"
    decay: float = 1.0
    decay_epochs: int = 1

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate is {self.learning_rate}: it must be above 0.")
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        if not 0 < self.decay <= 1:
            raise InputError(f"decay is {self.decay}: it must be above 0 and at most 1.")
        for name in ("batch_size", "epochs", "patience", "decay_epochs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}: it must be at least 1.")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def learning_rate_in(self, epoch: int) -> float:
        """The learning rate of an epoch, the first being 1."""
        return self.learning_rate * self.decay ** ((epoch - 1) // self.decay_epochs)


@dataclass(frozen=True)
class BestRecipe:
    """The training of `MotionDFRNet`, this package's own (docs/experiments.md).

    Attributes:
        members: Networks to average.
        drawn_clips: Clips drawn for each member.
        drawn_epochs: Passes over them.
        batch_size: Drawn clips a step.
        learning_rate: Highest of a member's training (AdamW, weight decay 0.01; rises over the
            first fifth of the steps and falls along a cosine).
        penalty: C of the logistic regressions fitted to real clips.
        drawn_share: Weight of the members' own classifiers, which no real clip taught.
        validation: `"none"`: nothing is chosen in a fold.
    """

    members: int = 4
    drawn_clips: int = 12000
    drawn_epochs: int = 2
    batch_size: int = 64
    learning_rate: float = 2e-3
    penalty: float = 1e-3
    drawn_share: float = 0.5
    validation: str = "none"

    def as_dict(self) -> dict[str, Any]:
        return {"name": "best", **asdict(self)}

    def drawing(self) -> dict[str, Any]:
        """What the members depend on."""
        kept = ("drawn_clips", "drawn_epochs", "batch_size", "learning_rate")
        return {name: getattr(self, name) for name in kept}
