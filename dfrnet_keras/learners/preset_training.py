"""Trains the network of a preset from a seed, on drawn maps alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS, FaceLayout
from dfrnet_keras.datasets.synthetic.unit_maps import NEGATIVES, NO_CLASS, UnitMaps, draw_unit_maps
from dfrnet_keras.learners.motion_members import (
    both_views,
    drawn_batches,
    drawn_optimizer,
    trained_members,
)
from dfrnet_keras.models.recipe import BestRecipe
from dfrnet_keras.startup import seeded

if TYPE_CHECKING:
    import keras

_UNITS_WEIGHT = 4.0  # of the loss of units, a mean over many that are mostly still
_PIECE = 1000  # maps drawn by a process at a time
_UNKNOWN = 0.3  # share of the rendered maps whose strength is hidden in training
ABSTAINING = 0.96  # share of each kind of drawn negatives below the threshold


@dataclass(frozen=True)
class PresetTraining:
    """How a preset is made.

    Attributes:
        members: Networks to average.
        published: Maps of drawn hills in the layout of MEGC 2019 for each member that knows the
            classes of published maps alone: these are the members of `--recipe best`.
        hills: Maps of drawn hills in that layout for all other members.
        cut_hills: The same as `prepare` cuts faces, for each of them.
        model: Maps of the face model, in both layouts.
        rendered: Maps that flow methods measured on drawn people; a quarter in MEGC's layout.
        validation: Rendered maps of other people, for temperatures and thresholds.
        epochs: Passes over all of them.
        batch_size: Maps a step.
        learning_rate: Highest, of AdamW.
    """

    members: int = 4
    published: int = 12000
    hills: int = 6000
    cut_hills: int = 6000
    model: int = 6000
    rendered: int = 9000
    validation: int = 2000
    epochs: int = 2
    batch_size: int = 64
    learning_rate: float = 2e-3

    def shrunk(self, share: float) -> PresetTraining:
        """The same with a share of the maps."""
        names = ("published", "hills", "cut_hills", "model", "rendered", "validation")
        return replace(
            self, **{name: max(64, round(share * getattr(self, name))) for name in names}
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class TrainedPreset:
    """A network and what was set by drawn validation maps.

    Attributes:
        networks: What `models.preset_network.PresetNetwork` makes for maps in pixels and in bytes.
        temperatures: Of classes and of movement.
        thresholds: By range of the flow, the probability of movement from which a map is answered.
    """

    networks: tuple[keras.Model, keras.Model]
    temperatures: tuple[float, float]
    thresholds: dict[str, float]


# What is drawn: field of `PresetTraining`, share of it, source, layout, share of expressions, and
# whether it teaches the classes of faces as `features.face` cuts them.
_Plan = tuple[str, float, str, FaceLayout, float, bool]
_OWN: tuple[_Plan, ...] = (("cut_hills", 1, "hills", CUT_FACES, 0.75, True),)
_SHARED: tuple[_Plan, ...] = (
    ("hills", 1, "hills", MEGC2019_MAPS, 0.75, False),
    ("model", 0.5, "model", MEGC2019_MAPS, 0.5, False),
    ("model", 0.5, "model", CUT_FACES, 0.5, True),
    ("rendered", 0.75, "rendered", CUT_FACES, 0.5, True),
    ("rendered", 0.25, "rendered", MEGC2019_MAPS, 0.5, False),
)


def draw_training_maps(
    training: PresetTraining, seed: int, plan: Sequence[_Plan], jobs: int = 1
) -> tuple[UnitMaps, NDArray[np.bool_]]:
    """Maps of a training, and which of them teach the classes."""
    from joblib import Parallel, delayed

    # In pieces, so that several processes draw what one would have drawn.
    pieces = []
    for number, (name, part, source, layout, share, teaches) in enumerate(plan):
        count = round(part * getattr(training, name))
        for begin in range(0, count, _PIECE):
            options = {"seed": seed_of(seed, number, begin), "source": source, "layout": layout,
                       "expressions": share}  # fmt: skip
            pieces.append((min(_PIECE, count - begin), options, teaches))
    parts = Parallel(n_jobs=jobs)(
        delayed(draw_unit_maps)(count, **options) for count, options, _ in pieces
    )
    teaching = [
        (part.labels != NO_CLASS) & teaches
        for part, (*_, teaches) in zip(parts, pieces, strict=True)
    ]
    return UnitMaps.joined(parts), np.concatenate(teaching)


def train_preset(
    training: PresetTraining,
    seed: int,
    *,
    jobs: int = 1,
    on_progress: Callable[[str], None] = lambda step: None,
) -> TrainedPreset:
    """Train a preset from a seed.

    Args:
        training: How.
        seed: Of drawn maps and weights.
        jobs: Processes that draw.
        on_progress: Called with the name of each step.
    """
    from dfrnet_keras.models.preset_network import (
        PresetNetwork,
        member_of,
        take_published,
        take_weights,
    )

    on_progress("drawing maps")
    shared = draw_training_maps(training, seed_of(seed, 1), _SHARED, jobs)
    with seeded(seed_of(seed, 3)):
        network = PresetNetwork(members=training.members)
    for number in range(training.members):
        on_progress(f"training member {number + 1} of {training.members}")
        own = draw_training_maps(training, seed_of(seed, 2, number), _OWN, jobs)
        maps = UnitMaps.joined([own[0], shared[0]])
        teaches = np.concatenate([own[1], shared[1]])
        with seeded(seed_of(seed, 7, number)):
            member = member_of(network, number)
        _train(member, training, maps, teaches, seed_of(seed, 4, number))
    on_progress("training the members for published maps")
    published = PresetNetwork(members=training.members, flow_range="bytes")
    recipe = BestRecipe(
        members=training.members,
        drawn_clips=training.published,
        drawn_epochs=training.epochs,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
    )
    for number, member in enumerate(trained_members(recipe, MEGC2019_MAPS, seed)):
        take_published(published, number, member)
    on_progress("calibrating")
    take_weights(published, network)
    return calibrated((network, published), training, seed)


def _train(
    member: keras.Model,
    training: PresetTraining,
    maps: UnitMaps,
    teaches: NDArray[np.bool_],
    seed: int,
) -> None:
    import keras

    from dfrnet_keras.layers import MotionStrength

    random = np.random.default_rng(seed)
    views = both_views(maps.flow)
    plan = len(maps.labels), training.batch_size, training.epochs
    strength = np.array(MotionStrength()(maps.flow))
    strength[~maps.rendered | (random.random(len(strength)) < _UNKNOWN)] = 0
    crossentropy = keras.losses.BinaryCrossentropy(from_logits=True)
    member.compile(
        optimizer=drawn_optimizer(training.learning_rate, *plan),
        loss={
            "probabilities": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "movement": crossentropy,
            "units": crossentropy,
        },
        loss_weights={"probabilities": 1.0, "movement": 1.0, "units": _UNITS_WEIGHT},
    )
    labels = np.maximum(maps.labels, 0)
    moving = (maps.kinds == "expression").astype(np.float32)[:, None]
    for batch, mirrored in drawn_batches(*plan, random):
        units = np.where(mirrored[:, :, None], maps.units[batch, :, ::-1], maps.units[batch])
        member.train_on_batch(
            {
                "motion": np.where(mirrored[..., None, None], views[1][batch], views[0][batch]),
                "strength": strength[batch],
            },
            {"probabilities": labels[batch], "movement": moving[batch], "units": units},
            sample_weight={
                "probabilities": teaches[batch].astype(np.float32),
                "movement": np.ones(len(batch), np.float32),
                "units": np.ones((len(batch), 1), np.float32),
            },
        )


def calibrated(
    networks: tuple[keras.Model, keras.Model], training: PresetTraining, seed: int
) -> TrainedPreset:
    """Temperatures and thresholds on drawn maps of people that no training map shows."""
    from scipy.optimize import minimize_scalar
    from scipy.special import expit, logit, softmax

    maps = draw_unit_maps(training.validation, seed=seed_of(seed, 5), source="rendered")
    answers = networks[0].predict(maps.flow, batch_size=256, verbose=0)
    classes = np.log(np.maximum(answers["probabilities"], 1e-7))
    movement = logit(np.clip(answers["movement"][:, 0].astype(np.float64), 1e-7, 1 - 1e-7))
    known, moves = maps.labels != NO_CLASS, maps.kinds == "expression"

    def class_loss(power: float) -> float:
        chances = softmax(classes[known] / np.exp(power), axis=-1)
        truth = np.take_along_axis(chances, maps.labels[known, None], axis=1)
        return -float(np.log(truth + 1e-9).mean())

    def movement_loss(power: float) -> float:
        chance = expit(movement / np.exp(power))
        return -float(np.log(np.where(moves, chance, 1 - chance) + 1e-9).mean())

    class_temperature, movement_temperature = (
        float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
        for loss in (class_loss, movement_loss)
    )
    chance = expit(movement / movement_temperature)
    silent = max(
        np.quantile(chance[maps.kinds == kind], ABSTAINING)
        for kind in NEGATIVES
        if (maps.kinds == kind).any()
    )
    return TrainedPreset(
        networks,
        (class_temperature, movement_temperature),
        {"pixels": float(silent), "bytes": 0.0},
    )


def seed_of(*numbers: int) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence([8, *numbers]).generate_state(1)[0] >> 1)
