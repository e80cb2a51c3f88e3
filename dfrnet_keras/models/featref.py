"""FeatRef: features that all expressions share, refined for each of them and fused."""

from __future__ import annotations

import keras
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import ExpressionProposals
from dfrnet_keras.models.dual_inception import SMALLEST_SIZE, shared_features
from dfrnet_keras.models.parts import check_sizes, flow_input


def FeatRef(
    input_size: int = 28,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    proposals: bool = False,
    name: str = "featref",
) -> keras.Model:
    """Build FeatRef.

    The features of Dual-Inception, shared by all expressions; one branch for each expression,
    which weighs them by an attention of its own and separates that expression from the others (the
    proposal loss, `models.losses.ProposalLoss`); the features of all branches joined and
    classified. 9,607,886 parameters at the default size and classes.

    Departures: the text of the paper was not at hand, but for its abstract. Its parts and their
    order are followed; the widths (1024 throughout), the sigmoid of the attention, joining rather
    than adding the branches, and equal weights of the two losses are this package's.

    Args:
        input_size: Height and width of the input in pixels, at least 4.
        classes: Number of classes.
        classifier_activation: Activation of the last layer; None for logits.
        proposals: Answer with the logits of the branches too, after those of the classes: what the
            loss takes. Goes with `classifier_activation=None` alone. The weights are the same.
        name: Name of the model.

    Returns:
        A functional model. Its input, named `flow`, is `(batch, input_size, input_size, 3)`: u, v
        and strain, which is not used; its output is `(batch, classes)`, or
        `(batch, 2 * classes)` with `proposals`.

    Raises:
        InputError: input_size or classes is too small, or proposals are requested beside an
            activation.

    Reference:
        Zhou et al., "Feature Refinement: An Expression-Specific Feature Learning and Fusion Method
        for Micro-Expression Recognition", Pattern Recognition 122, 2022.
        [arXiv:2101.04838](https://arxiv.org/abs/2101.04838)
    """
    check_sizes("FeatRef", input_size, SMALLEST_SIZE, classes)
    if proposals and classifier_activation is not None:
        raise InputError("proposals are logits: give classifier_activation=None with them.")
    inputs = flow_input(input_size)
    shared = shared_features(inputs)
    refined, branches = ExpressionProposals(classes, name="expressions")(shared)
    outputs = layers.Dense(classes, activation=classifier_activation, name="predictions")(refined)
    if proposals:
        outputs = layers.Concatenate(name="classes_and_proposals")([outputs, branches])
    return keras.Model({"flow": inputs}, outputs, name=name)
