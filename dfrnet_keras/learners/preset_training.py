"""Trains the network of a preset from a seed, on drawn maps alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS, FaceLayout
from dfrnet_keras.datasets.synthetic.unit_maps import NEGATIVES, NO_CLASS, UnitMaps, draw_unit_maps
from dfrnet_keras.models.preset import CLASS_HEADS

if TYPE_CHECKING:
    import keras

_WARM_UP = 0.2  # share of the steps in which the learning rate rises
_UNITS_WEIGHT = 4.0  # of the loss of units, a mean over many that are mostly still
_PIECE = 1000  # maps drawn by a process at a time
_UNKNOWN = 0.3  # share of the rendered maps whose strength is hidden in training
# Where faces lie in maps with pixels as their unit, and in published maps of bytes.
LAYOUTS = {"pixels": CUT_FACES, "bytes": MEGC2019_MAPS}
# Shares of drawn maps that the thresholds are set by. Without a unit a map does not say whether
# anything moves, and published ones were cut out because something did: there the threshold is to
# answer expressions, with a unit it is to keep silent about all else.
ABSTAINING = 0.96  # of each kind of negatives, for maps in pixels
ANSWERED = 0.97  # of expressions of `_VISIBLE` and more, for maps in bytes
_VISIBLE = 1.0  # pixels of a picture of 128


@dataclass(frozen=True)
class PresetTraining:
    """How a preset is made.

    Attributes:
        members: Networks to average.
        hills: Maps of drawn hills in the layout of MEGC 2019, which teach the classes of such
            maps; drawn anew for each member, as `cut_hills` are.
        cut_hills: The same as `prepare` cuts faces.
        model: Maps of the face model, in both layouts.
        rendered: Maps that flow methods measured on drawn people; a quarter in MEGC's layout.
        validation: Rendered maps of other people, for temperatures and thresholds.
        epochs: Passes over all of them.
        batch_size: Maps a step.
        learning_rate: Highest, of AdamW.
    """

    members: int = 4
    hills: int = 12000
    cut_hills: int = 6000
    model: int = 6000
    rendered: int = 9000
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


# What is drawn: field of `PresetTraining`, share of it, source, layout, share of expressions, and
# the head for classes that it teaches. Published maps are recognised by hills alone: what the face
# model or a picture adds in their layout was no help (docs/presets.md).
_Plan = tuple[str, float, str, FaceLayout, float, str | None]
_OWN: tuple[_Plan, ...] = (
    ("hills", 1, "hills", MEGC2019_MAPS, 0.75, "bytes"),
    ("cut_hills", 1, "hills", CUT_FACES, 0.75, "pixels"),
)
_SHARED: tuple[_Plan, ...] = (
    ("model", 0.5, "model", MEGC2019_MAPS, 0.5, None),
    ("model", 0.5, "model", CUT_FACES, 0.5, "pixels"),
    ("rendered", 0.75, "rendered", CUT_FACES, 0.5, "pixels"),
    ("rendered", 0.25, "rendered", MEGC2019_MAPS, 0.5, None),
)


def draw_training_maps(
    training: PresetTraining, seed: int, plan: Sequence[_Plan], jobs: int = 1
) -> tuple[UnitMaps, dict[str, NDArray[np.bool_]]]:
    """Maps of a training, and which of them teach each head for classes."""
    from joblib import Parallel, delayed

    # In pieces, so that several processes draw what one would have drawn.
    pieces = []
    for number, (name, part, source, layout, share, head) in enumerate(plan):
        count = round(part * getattr(training, name))
        for begin in range(0, count, _PIECE):
            options = {"seed": seed_of(seed, number, begin), "source": source, "layout": layout,
                       "expressions": share}  # fmt: skip
            pieces.append((min(_PIECE, count - begin), options, head))
    parts = Parallel(n_jobs=jobs)(
        delayed(draw_unit_maps)(count, **options) for count, options, _ in pieces
    )
    teaches = {
        head: np.concatenate([
            (part.labels != NO_CLASS) & (piece[-1] == head)
            for piece, part in zip(pieces, parts, strict=True)
        ])
        for head in CLASS_HEADS
    }  # fmt: skip
    return UnitMaps.joined(parts), teaches


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

    from dfrnet_keras.models.preset_network import PresetNetwork, member_of

    on_progress("drawing maps")
    shared = draw_training_maps(training, seed_of(seed, 1), _SHARED, jobs)
    keras.utils.set_random_seed(seed_of(seed, 3))
    network = PresetNetwork(members=training.members)
    for number in range(training.members):
        on_progress(f"training member {number + 1} of {training.members}")
        own = draw_training_maps(training, seed_of(seed, 2, number), _OWN, jobs)
        teaches = {
            head: np.concatenate([part[1][head] for part in (own, shared)]) for head in CLASS_HEADS
        }
        maps = UnitMaps.joined([own[0], shared[0]])
        _train(member_of(network, number), training, maps, teaches, seed_of(seed, 4, number))
    on_progress("calibrating")
    return calibrated(network, training, seed)


def _train(
    member: keras.Model,
    training: PresetTraining,
    maps: UnitMaps,
    teaches: dict[str, NDArray[np.bool_]],
    seed: int,
) -> None:
    import keras

    from dfrnet_keras.layers import MirroredMotion, MotionStrength, RelativeMotion

    random = np.random.default_rng(seed)
    motion = RelativeMotion()(maps.flow)
    views = [np.array(motion), np.array(MirroredMotion()(motion))]
    strength = np.array(MotionStrength()(maps.flow))
    strength[~maps.rendered | (random.random(len(strength)) < _UNKNOWN)] = 0
    count = len(maps.labels)
    steps = -(-count // training.batch_size) * training.epochs
    rate = keras.optimizers.schedules.CosineDecay(
        training.learning_rate / 25,
        decay_steps=max(1, steps - int(_WARM_UP * steps)),
        warmup_target=training.learning_rate,
        warmup_steps=int(_WARM_UP * steps),
    )
    crossentropy = keras.losses.BinaryCrossentropy(from_logits=True)
    classes = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    member.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=0.01),
        loss={
            **dict.fromkeys(CLASS_HEADS.values(), classes),
            "movement": crossentropy,
            "units": crossentropy,
        },
        loss_weights={
            **dict.fromkeys(CLASS_HEADS.values(), 1.0),
            "movement": 1.0,
            "units": _UNITS_WEIGHT,
        },
    )
    labels = np.maximum(maps.labels, 0)
    moving = (maps.kinds == "expression").astype(np.float32)[:, None]
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
                {
                    **dict.fromkeys(CLASS_HEADS.values(), labels[batch]),
                    "movement": moving[batch],
                    "units": units,
                },
                sample_weight={
                    **{
                        name: teaches[head][batch].astype(np.float32)
                        for head, name in CLASS_HEADS.items()
                    },
                    "movement": np.ones(len(batch), np.float32),
                    "units": np.ones((len(batch), 1), np.float32),
                },
            )


def calibrated(network: keras.Model, training: PresetTraining, seed: int) -> TrainedPreset:
    """Temperatures and thresholds on drawn maps of people that no training map shows."""
    from scipy.optimize import minimize_scalar
    from scipy.special import expit, logit, softmax

    from dfrnet_keras.models.preset_network import PresetNetwork

    def answers(flow_range: str, maps: UnitMaps) -> tuple[NDArray, NDArray]:
        """Logits of classes, but for a constant, and of movement."""
        twin = PresetNetwork(members=training.members, flow_range=flow_range)
        twin.set_weights(network.get_weights())
        found = twin.predict(maps.flow, batch_size=256, verbose=0)
        chance = np.clip(found["movement"][:, 0].astype(np.float64), 1e-7, 1 - 1e-7)
        return np.log(np.maximum(found["probabilities"], 1e-7)), logit(chance)

    def drawn(number: int, source: str, flow_range: str) -> UnitMaps:
        return draw_unit_maps(
            training.validation,
            seed=seed_of(seed, 5, number),
            source=source,
            layout=LAYOUTS[flow_range],
        )

    maps = drawn(0, "rendered", "pixels")
    classes, movement = answers("pixels", maps)
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
    speaking = 1.0
    for number, source in enumerate(("rendered", "hills"), 1):
        maps = drawn(number, source, "bytes")
        chance = expit(answers("bytes", maps)[1] / movement_temperature)
        seen = (maps.kinds == "expression") & ~(maps.peaks < _VISIBLE)
        speaking = min(speaking, np.quantile(chance[seen], 1 - ANSWERED))
    return TrainedPreset(
        network,
        (class_temperature, movement_temperature),
        {"pixels": float(silent), "bytes": float(speaking)},
    )


def seed_of(*numbers: int) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence([8, *numbers]).generate_state(1)[0] >> 1)
