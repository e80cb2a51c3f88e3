"""The loss that each network is trained with: cross-entropy, or that of its own paper."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dfrnet_keras.models.table import TABLE


@keras.saving.register_keras_serializable(package="dfrnet_keras")
class MarginLoss(keras.losses.Loss):
    """Margin loss of capsules.

    The sum over the classes of `max(0, 0.99 - length)^2` for the right class and of
    `0.5 * max(0, length - 0.01)^2` for each other one.

    Call arguments:
        y_true: Class numbers `(batch,)`.
        y_pred: Logarithms of the lengths of the class capsules, `(batch, classes)`.

    Reference:
        Sabour et al., "Dynamic Routing Between Capsules", NIPS 2017
        (https://arxiv.org/abs/1710.09829), with the margins of the code of CapsuleNet's authors:
        the 0.9 and 0.1 of Sabour et al. are 0.99 and 0.01 there.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        lengths = ops.exp(y_pred)
        right = ops.one_hot(ops.cast(_flat(y_true), "int32"), ops.shape(y_pred)[-1])
        missing = ops.square(ops.maximum(0.99 - lengths, 0.0))
        surplus = ops.square(ops.maximum(lengths - 0.01, 0.0))
        return ops.sum(right * missing + 0.5 * (1 - right) * surplus, axis=-1)


@keras.saving.register_keras_serializable(package="dfrnet_keras")
class ProposalLoss(keras.losses.Loss):
    """FeatRef's loss: cross-entropy of the classes, and of each branch whether it is its class.

    Call arguments:
        y_true: Class numbers `(batch,)`.
        y_pred: `(batch, 2 * classes)`: logits of the classes, then one logit of each branch.

    Reference:
        Zhou et al., "Feature Refinement: An Expression-Specific Feature Learning and Fusion Method
        for Micro-Expression Recognition", Pattern Recognition 122, 2022
        (https://arxiv.org/abs/2101.04838). How the paper weighs the two parts was not at hand: here
        both have weight 1, and the branches are averaged.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        classes, branches = ops.split(y_pred, 2, axis=-1)
        labels = ops.cast(_flat(y_true), "int32")
        right = ops.one_hot(labels, ops.shape(classes)[-1])
        whole = keras.losses.sparse_categorical_crossentropy(labels, classes, from_logits=True)
        return whole + keras.losses.binary_crossentropy(right, branches, from_logits=True)


@keras.saving.register_keras_serializable(package="dfrnet_keras")
class EpisodeLoss(keras.losses.Loss):
    """Loss of an episode: the second half of a batch is answered by what the first half shows.

    The prototype of a class is the mean embedding of its clips in the first half; a clip of the
    second belongs to each class by the softmax of minus its squared distances to the prototypes.
    Cross-entropy of that, averaged; clips of a class that the first half lacks do not count.

    Call arguments:
        y_true: Class numbers `(batch,)`.
        y_pred: `(batch, classes + 64)`: logits, which are not read, then the embeddings.

    Reference:
        Snell et al., "Prototypical Networks for Few-shot Learning", NIPS 2017
        (https://arxiv.org/abs/1703.05175).
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        from dfrnet_keras.models.me_plan import EMBEDDING

        classes = y_pred.shape[-1] - EMBEDDING
        embedded = y_pred[:, classes:]
        right = ops.one_hot(ops.cast(_flat(y_true), "int32"), classes, dtype=embedded.dtype)
        count = ops.shape(y_pred)[0]
        shows = ops.cast(ops.arange(count) < count // 2, embedded.dtype)[:, None]
        clips = ops.sum(right * shows, axis=0)
        prototypes = ops.matmul(ops.transpose(right * shows), embedded)
        prototypes = prototypes / ops.maximum(clips, 1.0)[:, None]
        distances = ops.sum(ops.square(embedded[:, None] - prototypes[None]), axis=-1)
        known = ops.cast(clips > 0, embedded.dtype)
        chances = ops.log_softmax(-distances - 1e6 * (1 - known), axis=-1)
        answered = ops.sum(right * known, axis=-1) * (1 - shows[:, 0])
        loss = -ops.sum(right * known * chances, axis=-1) * answered
        # The mean over the batch, which Keras takes, is thereby one over those that count.
        share = ops.mean(answered)
        return loss / ops.maximum(share, 1e-6)


def loss_of(model: str) -> keras.losses.Loss:
    """The loss that a network is trained with, computed of its logits.

    Args:
        model: Name of the network, as `build_model` knows it.
    """
    losses = {
        "margin": MarginLoss,
        "proposals": ProposalLoss,
        "episodes": EpisodeLoss,
        "cross-entropy": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    }
    return losses[TABLE[model].loss]()


def outputs_to_train(model: str) -> dict[str, bool]:
    """Arguments of the constructor that add the outputs which the loss needs."""
    further = {"proposals": "proposals", "episodes": "embeddings"}.get(TABLE[model].loss)
    return {} if further is None else {further: True}


def _flat(labels: Any) -> Any:
    """Keras hands labels over as `(batch,)` or as `(batch, 1)`."""
    return ops.reshape(labels, (-1,))
