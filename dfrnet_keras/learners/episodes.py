"""ME-PLAN's training: drawn macro-expressions first, then episodes of a fold's clips.

An episode is a batch of as many clips of each class: a half that shows the classes, and a half
that is answered by it (`models.losses.EpisodeLoss`). After every epoch the last layer of the
network is set to the prototypes of all training clips.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS, draw_motion
from dfrnet_keras.evaluation.folds import Fold
from dfrnet_keras.learners.trainer import Trainer
from dfrnet_keras.startup import start_keras
from dfrnet_keras.store import FeatureStore

# The pre-training, this package's own: the paper's macro-expressions need licences.
MACRO_AMPLITUDE = 4.0  # times a micro-expression's movement
MACRO_CLIPS = 3000
MACRO_EPISODES = 400
MACRO_RATE = 1e-3  # of Adam


class EpisodeTrainer(Trainer):
    """A trainer whose batches are episodes and whose network starts from drawn macro-expressions.

    The macro-expressions are drawn as maps of action units (`datasets.synthetic.flow`), their
    movements four times as large, and belong to the three classes of MEGC 2019, whatever the
    classes of the store.
    """

    side_by_side = False

    def _initialize(self, seed: int) -> None:
        super()._initialize(seed)
        taught = pretrained(self.store, seed)
        for layer in self.network.layers:
            if layer.name != "predictions" and layer.weights:
                layer.set_weights(taught.get_layer(layer.name).get_weights())

    def _after_epoch(self, fold: Fold) -> None:
        classes = len(self.store.classes)
        embedded = self.outputs(fold.train)[:, classes:]
        weights = nearest_prototype(embedded, self.store.labels[fold.train], classes)
        self.network.get_layer("predictions").set_weights(weights)

    def batches(self, fold: Fold, seed: int) -> Iterator[tuple[Any, Any]]:
        """Endless episodes of the training clips."""
        random = np.random.default_rng([seed, fold.number])
        rows = [self.store.rows[int(clip)] for clip in fold.train]
        people = np.array([f"{row.dataset}/{row.subject}" for row in rows])
        labels = self.store.labels[fold.train]
        maps = {name: self.store.arrays[name][fold.train] for name in self.inputs}
        while True:
            clips = draw_episode(labels, people, self.recipe.batch_size, random)
            batch = {name: values[clips].astype(np.float32) for name, values in maps.items()}
            if self.recipe.augment:
                batch = _mirrored(batch, random, self.store.flow_range)
            yield batch, labels[clips]


def draw_episode(
    labels: NDArray[np.int64], people: NDArray[np.str_], clips: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the clips of an episode.

    Of each class half are shown and half are to be answered; those of one person are on one side
    alone where the class has several people. Clips are drawn again where there are too few.

    Args:
        labels: Class number of each clip to draw from.
        people: Name of the person in it.
        clips: Clips of an episode, about: each class has equally many on either side, at least one.
        random: What is drawn from.

    Returns:
        Indexes of the clips: those that are shown, then those to be answered.
    """
    present = np.unique(labels)
    each = max(1, clips // (2 * len(present)))
    shown: list[NDArray[np.int64]] = []
    answered: list[NDArray[np.int64]] = []
    for label in present:
        own = np.flatnonzero(labels == label)
        persons = random.permutation(np.unique(people[own]))
        apart = np.isin(people[own], persons[: (len(persons) + 1) // 2])
        halves = (own[apart], own[~apart]) if len(persons) > 1 else (own, own)
        for side, half in zip((shown, answered), halves, strict=True):
            side.append(random.choice(half, each, replace=len(half) < each))
    return np.concatenate([*shown, *answered])


def nearest_prototype(
    embedded: NDArray[np.floating], labels: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias of a dense layer whose softmax is that of minus the squared distances.

    `-|z - p|^2 = 2 z.p - |p|^2 - |z|^2`, and the last term is the same for all classes.

    Args:
        embedded: Embeddings `(clips, width)` of clips whose class is known.
        labels: Their class numbers.
        classes: How many classes; one without clips is never the nearest.

    Returns:
        float32 `(width, classes)` and `(classes,)`.
    """
    kernel = np.zeros((embedded.shape[1], classes))
    bias = np.full(classes, -1e6)
    for label in np.unique(labels):
        prototype = embedded[labels == label].mean(0, dtype=np.float64)
        kernel[:, label], bias[label] = 2 * prototype, -np.square(prototype).sum()
    return kernel.astype(np.float32), bias.astype(np.float32)


def pretrained(store: FeatureStore, seed: int) -> Any:
    """A network taught by drawn macro-expressions in the layout of a store's maps.

    Args:
        store: Whose maps decide where the face lies.
        seed: Of weights and of what is drawn.
    """
    start_keras()
    import keras

    from dfrnet_keras.models import build_model
    from dfrnet_keras.models.losses import loss_of, outputs_to_train

    keras.utils.set_random_seed(seed)
    network = build_model("me-plan", classifier_activation=None, **outputs_to_train("me-plan"))
    network.compile(keras.optimizers.Adam(MACRO_RATE), loss_of("me-plan"))
    layout = MEGC2019_MAPS if store.flow_range == "bytes" else CUT_FACES
    flow, labels = draw_motion(MACRO_CLIPS, seed=seed, layout=layout, amplitude=MACRO_AMPLITUDE)
    random = np.random.default_rng([seed, 1])
    people = np.arange(len(labels)).astype(str)  # every drawn clip is of another person
    for _ in range(MACRO_EPISODES):
        clips = draw_episode(labels, people, 10 * len(MEGC2019_CLASSES), random)
        network.train_on_batch({"flow": flow[clips]}, labels[clips])
    return network


def _mirrored(
    batch: Mapping[str, NDArray[np.float32]], random: np.random.Generator, flow_range: str
) -> dict[str, NDArray[np.float32]]:
    """Half of the maps as a mirror shows them: u changes its sign, in bytes around the middle."""
    turned = random.random(len(batch["flow"])) < 0.5
    flow = batch["flow"].copy()
    flow[turned] = flow[turned, :, ::-1]
    flow[turned, ..., 0] = (255 if flow_range == "bytes" else 0) - flow[turned, ..., 0]
    return {**batch, "flow": flow}
