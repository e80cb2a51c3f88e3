"""How each network was trained where it was published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dfrnet_keras.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """A training, as plain numbers; each can be changed with `dataclasses.replace`.

    Attributes:
        learning_rate: Of Adam.
        batch_size: Clips a step.
        epochs: At most so many passes over the training clips.
        patience: Stop after so many epochs without a better validation loss; `None` never stops.
        augment: Whether clips are mirrored and shifted at random.
        class_weights: Whether a clip counts the more, the rarer its class is in training.
        validation: Which validation the publication used, or the package's choice where it does
            not say (see `evaluation.loso_folds`).
    """

    learning_rate: float
    batch_size: int
    epochs: int
    patience: int | None
    augment: bool
    class_weights: bool = False
    validation: str = "subjects"

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate is {self.learning_rate}: it must be above 0.")
        for name in ("batch_size", "epochs", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}: it must be at least 1.")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


# The paper, section 4.2; it does not say what its validation set is.
_DFRNET = Recipe(learning_rate=1e-5, batch_size=32, epochs=100, patience=10, augment=True)
# Liong et al., "Shallow Triple Stream Three-dimensional CNN (STSTNet) for Micro-expression
# Recognition", FG 2019, and its authors' code: no validation, the last epoch counts.
_STSTNET = Recipe(
    learning_rate=5e-5, batch_size=256, epochs=800, patience=None, augment=False, validation="none"
)

_PUBLISHED = {"dfrnet": _DFRNET, "ststnet": _STSTNET}


def paper_recipe(model: str) -> Recipe:
    """The published training of a network by its name.

    Raises:
        InputError: For a name that no network has.
    """
    if model not in _PUBLISHED:
        raise InputError(f"model is {model!r}: choose one of {', '.join(sorted(_PUBLISHED))}.")
    return _PUBLISHED[model]
