"""Trains the network of a preset from a seed, on drawn maps alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS
from dfrnet_keras.datasets.synthetic.unit_maps import NEGATIVES, NO_CLASS, UnitMaps, draw_unit_maps

if TYPE_CHECKING:
    import keras

_WARM_UP = 0.2  # share of the steps in which the learning rate rises
_UNITS_WEIGHT = 4.0  # of the loss of units, a mean over many that are mostly still
_PIECE = 1000  # maps drawn by a process at a time
_UNKNOWN = 0.3  # share of the rendered maps whose strength is hidden in training
# Where faces lie in maps with pixels as their unit, and in published maps of bytes.
LAYOUTS = {"pixels": CUT_FACES, "bytes": MEGC2019_MAPS}
ABSTAINING = 0.96  # share of each kind of drawn negatives below the threshold


@dataclass(frozen=True)
class PresetTraining:
    """How a preset is made.

    Attributes:
        members: Networks to average.
        hills: Maps of drawn hills in the layout of MEGC 2019, which teach the classes.
        cut_hills: The same as `prepare` cuts faces.
        model: Maps of the face model, in both layouts.
        rendered: Maps that the flow method measured on drawn people; a quarter in MEGC's layout.
        validation: Rendered maps of other people, for temperatures and thresholds.
        epochs: Passes over all of them.
        batch_size: Maps a step.
        learning_rate: Highest, of AdamW.
    """

    members: int = 4
    hills: int = 12000
    cut_hills: int = 4000
    model: int = 6000
    rendered: int = 7000
    validation: int = 2000
    epochs: int = 2
    batch_size: int = 64
    learning_rate: float = 2e-3

    def shrunk(self, share: float) -> PresetTraining:
        """The same with a share of the maps."""
        names = ("hills", "cut_hills", "model", "rendered", "validation")
        return replace(
            self, **{name: max(64, round(share * getattr(self, name))) for name in names}
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class TrainedPreset:
    """A network and what was set by drawn validation maps.

    Attributes:
        network: What `models.preset_network.PresetNetwork` makes, for maps in pixels.
        temperatures: Of classes and of movement.
        thresholds: By range of the flow, the probability of movement from which a map is answered.
    """

    network: keras.Model
    temperatures: tuple[float, float]
    thresholds: dict[str, float]


def draw_training_maps(
    training: PresetTraining, seed: int, jobs: int = 1
) -> tuple[UnitMaps, NDArray[np.bool_]]:
    """All maps of a training, and which of them teach the classes."""
    from joblib import Parallel, delayed

    quarter = training.rendered // 4
    plan: list[tuple[int, str, Any, float, bool]] = [
        # number, source, layout, share of expressions, whether they teach the classes
        (training.hills, "hills", MEGC2019_MAPS, 0.75, True),
        (training.cut_hills, "hills", CUT_FACES, 0.75, True),
        (training.model // 2, "model", MEGC2019_MAPS, 0.5, False),
        (training.model - training.model // 2, "model", CUT_FACES, 0.5, True),
        (training.rendered - quarter, "rendered", CUT_FACES, 0.5, True),
        (quarter, "rendered", MEGC2019_MAPS, 0.5, False),
    ]
    # In pieces, so that several processes draw what one would have drawn.
    pieces = [
        (
            min(_PIECE, count - begin),
            seed_of(seed, 1, number, begin),
            source,
            layout,
            share,
            classes,
        )
        for number, (count, source, layout, share, classes) in enumerate(plan)
        for begin in range(0, count, _PIECE)
    ]
    parts = Parallel(n_jobs=jobs)(
        delayed(draw_unit_maps)(count, seed=drawn, source=source, layout=layout, expressions=share)
        for count, drawn, source, layout, share, _ in pieces
    )
    teaches = [
        np.full(len(part.labels), piece[-1]) & (part.labels != NO_CLASS)
        for piece, part in zip(pieces, parts, strict=True)
    ]
    return UnitMaps.joined(parts), np.concatenate(teaches)


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
    import keras

    from dfrnet_keras.layers import MirroredMotion, MotionStrength, RelativeMotion
    from dfrnet_keras.models.preset_network import PresetNetwork, member_of

    on_progress("drawing maps")
    maps, teaches = draw_training_maps(training, seed, jobs)
    motion = RelativeMotion()(maps.flow)
    views = [np.array(motion), np.array(MirroredMotion()(motion))]
    random = np.random.default_rng(seed_of(seed, 2))
    strength = np.array(MotionStrength()(maps.flow))
    strength[~maps.rendered | (random.random(len(strength)) < _UNKNOWN)] = 0
    keras.utils.set_random_seed(seed_of(seed, 3))
    network = PresetNetwork(members=training.members)
    for number in range(training.members):
        on_progress(f"training member {number + 1} of {training.members}")
        member = member_of(network, number)
        _train(member, training, maps, teaches, views, strength, seed_of(seed, 4, number))
    on_progress("calibrating")
    return calibrated(network, training, seed)


def _train(
    member: keras.Model,
    training: PresetTraining,
    maps: UnitMaps,
    teaches: NDArray[np.bool_],
    views: list[NDArray],
    strength: NDArray,
    seed: int,
) -> None:
    import keras

    count = len(maps.labels)
    steps = -(-count // training.batch_size) * training.epochs
    rate = keras.optimizers.schedules.CosineDecay(
        training.learning_rate / 25,
        decay_steps=max(1, steps - int(_WARM_UP * steps)),
        warmup_target=training.learning_rate,
        warmup_steps=int(_WARM_UP * steps),
    )
    crossentropy = keras.losses.BinaryCrossentropy(from_logits=True)
    member.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=0.01),
        loss={
            "probabilities": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "movement": crossentropy,
            "units": crossentropy,
        },
        loss_weights={"probabilities": 1.0, "movement": 1.0, "units": _UNITS_WEIGHT},
    )
    labels = np.maximum(maps.labels, 0)
    moving = (maps.kinds == "expression").astype(np.float32)[:, None]
    random = np.random.default_rng(seed)
    for _ in range(training.epochs):
        turned = random.random(count) < 0.5
        shuffled = random.permutation(count)
        for begin in range(0, count, training.batch_size):
            batch = shuffled[begin : begin + training.batch_size]
            mirrored = turned[batch][:, None, None]
            seen = np.where(mirrored[..., None], views[1][batch], views[0][batch])
            units = np.where(mirrored, maps.units[batch, :, ::-1], maps.units[batch])
            member.train_on_batch(
                {"motion": seen, "strength": strength[batch]},
                {"probabilities": labels[batch], "movement": moving[batch], "units": units},
                sample_weight={
                    "probabilities": teaches[batch].astype(np.float32),
                    "movement": np.ones(len(batch), np.float32),
                    "units": np.ones((len(batch), 1), np.float32),
                },
            )


def calibrated(network: keras.Model, training: PresetTraining, seed: int) -> TrainedPreset:
    """Temperatures and thresholds on drawn maps of people that no training map shows."""
    from scipy.optimize import minimize_scalar
    from scipy.special import expit, logit, softmax

    from dfrnet_keras.models.preset_network import PresetNetwork

    thresholds = {}
    for number, (flow_range, layout) in enumerate(LAYOUTS.items()):
        maps = draw_unit_maps(
            training.validation, seed=seed_of(seed, 5, number), source="rendered", layout=layout
        )
        twin = PresetNetwork(members=training.members, flow_range=flow_range)
        twin.set_weights(network.get_weights())
        answers = twin.predict(maps.flow, batch_size=256, verbose=0)
        moves = maps.kinds == "expression"
        movement = logit(np.clip(answers["movement"][:, 0].astype(np.float64), 1e-7, 1 - 1e-7))
        if flow_range == "pixels":
            rows = np.flatnonzero(maps.labels != NO_CLASS)
            classes = np.log(np.maximum(answers["probabilities"][rows], 1e-7))

            def class_loss(power: float) -> float:
                chances = softmax(classes / np.exp(power), axis=-1)  # noqa: B023 - called here
                truth = chances[np.arange(len(rows)), maps.labels[rows]]  # noqa: B023
                return -float(np.log(truth + 1e-9).mean())

            def movement_loss(power: float) -> float:
                chance = expit(movement / np.exp(power))  # noqa: B023
                return -float(np.log(np.where(moves, chance, 1 - chance) + 1e-9).mean())  # noqa: B023

            class_temperature, movement_temperature = (
                float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
                for loss in (class_loss, movement_loss)
            )
        chance = expit(movement / movement_temperature)
        thresholds[flow_range] = float(
            max(np.quantile(chance[maps.kinds == kind], ABSTAINING)
                for kind in NEGATIVES if (maps.kinds == kind).any())
        )  # fmt: skip
    return TrainedPreset(network, (class_temperature, movement_temperature), thresholds)


def seed_of(*numbers: int) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence([8, *numbers]).generate_state(1)[0] >> 1)
