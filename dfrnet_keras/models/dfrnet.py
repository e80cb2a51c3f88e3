"""DFR-Net: three views of a face clip, fused and classified by a residual network."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import keras
from keras import layers

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.layers import FeatureNormalization, FusionBlock
from dfrnet_keras.layers.base import check_counts
from dfrnet_keras.layers.fusion_block import FUSIONS
from dfrnet_keras.layers.residual_block import ATTENTIONS
from dfrnet_keras.models.backbones import BACKBONES, resnet
from dfrnet_keras.models.parts import Conv2D, MaxPooling2D

# Letter of the paper -> name of the input and its channels, in the order of the inputs.
FEATURES = {"S": ("apex", 3), "D": ("difference", 1), "T": ("flow", 3)}
BRANCH_FILTERS = 64
REDUCTION = 4


def DFRNet(
    features: str | Iterable[str] = "TSD",
    fusion: str = "dynamic",
    attention: str | None = None,
    stages: int | None = None,
    backbone: str = "resnet",
    input_size: int = 224,
    classes: int = 3,
    classifier_activation: str | None = "softmax",
    name: str = "dfrnet",
) -> keras.Model:
    """Build DFR-Net or one of the variants of its ablation study.

    Each map passes through its own `FeatureNormalization` (the identity until the statistics of
    the training fold are set) and its own 3x3 convolution and 4x4 max-pooling; `FusionBlock` joins
    the branches and the backbone classifies the result.

    Args:
        features: Which maps the network sees, as letters in any order: `T` (temporal, the input
            `flow`), `S` (spatial, `apex`), `D` (differential, `difference`). One feature alone
            needs no fusion: its branch goes straight to the backbone.
        fusion: `"dynamic"` (equations 9 and 10), `"add"`, `"multiply"` or `"concat"`. With two
            features, each works on the two that are there; see `FusionBlock`.
        attention: In the residual blocks: `"none"`, `"spatial"`, `"channel"` or `"all"`. None
            stands for `"all"`. Of the ResNet backbone alone.
        stages: Residual stages of two blocks, 1 to 4. None stands for 3. Of the ResNet alone.
        backbone: `"resnet"`, `"alexnet"`, `"vgg"`, `"inception"` or `"vit"`.
        input_size: Height and width of the maps in pixels, divisible by 4. From 16 up (resnet,
            vit), 32 (vgg), 64 (inception) or 92 (alexnet).
        classes: Number of classes.
        classifier_activation: Activation of the last layer; None for logits.
        name: Name of the model.

    Returns:
        A functional model. Its inputs are a dict, in this order and as far as `features` has them:
        `apex` `(batch, input_size, input_size, 3)`, RGB 0 to 255; `difference` `(..., 1)`, 0 to
        255; `flow` `(..., 3)`, horizontal and vertical displacement and strain. Its output is
        `(batch, classes)`.

    Raises:
        InputError: An argument is not among its choices, or does not go with the others.

    Reference:
        DFR-Net, sections 3.2, 3.3 and 4.5.
    """
    letters = _letters(features)
    check_choice("fusion", fusion, FUSIONS)
    check_choice("backbone", backbone, ("resnet", *BACKBONES))
    if backbone != "resnet" and (attention is not None or stages is not None):
        raise InputError(
            f"attention and stages belong to the resnet backbone; leave them out with {backbone}."
        )
    attention = "all" if attention is None else attention
    stages = 3 if stages is None else stages
    check_choice("attention", attention, ATTENTIONS)
    if stages not in (1, 2, 3, 4):
        raise InputError(f"stages must be 1, 2, 3 or 4, not {stages}.")
    smallest = 16 if backbone == "resnet" else BACKBONES[backbone].smallest_size
    if input_size < smallest or input_size % REDUCTION:
        raise InputError(
            f"With the {backbone} backbone input_size must be divisible by {REDUCTION} and at "
            f"least {smallest}, not {input_size}."
        )
    check_counts(classes=classes)

    inputs, branches = {}, {}
    for feature, channels in (FEATURES[letter] for letter in letters):
        inputs[feature] = keras.Input((input_size, input_size, channels), name=feature)
        branches[feature] = _branch(inputs[feature], feature)
    if len(branches) == 1:
        (x,) = branches.values()
    else:
        x = FusionBlock(fusion=fusion, name="fusion")(branches)
    if backbone == "resnet":
        x = resnet(x, stages=stages, attention=attention)
    else:
        x = BACKBONES[backbone].build(x)
    outputs = layers.Dense(
        classes,
        activation=classifier_activation,
        kernel_initializer="he_normal",
        name="predictions",
    )(x)
    return keras.Model(inputs, outputs, name=name)


def _from_preset(name: str = "drawn-units", **arguments: Any) -> keras.Model:
    """A network that comes with the package, trained: `DFRNet.from_preset("drawn-units")`.

    Args:
        name: One of `list_presets()`, or a folder that `dfr-keras preset make` wrote.
        **arguments: `input_size`, `flow_range`, see `models.Preset`.

    Returns:
        A functional model from `flow` to a dict, see `preset_network.PresetNetwork`.

    Raises:
        InputError: There is no such preset, or its files are damaged.
    """
    # By its name, since that module builds on this one.
    return import_module("dfrnet_keras.models.preset").Preset(name, **arguments).network


DFRNet.from_preset = _from_preset  # type: ignore[attr-defined]


def normalization_layers(model: keras.Model) -> dict[str, FeatureNormalization]:
    """Return the normalisation layer of each input that has one, by the input's name.

    Args:
        model: A model of this package.

    Returns:
        Input name -> layer, in the order of the inputs; empty where a model takes raw maps.
    """
    found = (layer for layer in model.layers if isinstance(layer, FeatureNormalization))
    return {layer.name.removesuffix("_normalization"): layer for layer in found}


def _letters(features: str | Iterable[str]) -> str:
    """Return the chosen letters in the order of the inputs."""
    given = "".join(features)
    if not given or len(set(given)) < len(given) or not set(given) <= set(FEATURES):
        raise InputError(f"features must be one or more of the letters T, S, D, not {features!r}.")
    return "".join(letter for letter in FEATURES if letter in given)


def _branch(x: keras.KerasTensor, feature: str) -> keras.KerasTensor:
    x = FeatureNormalization(name=f"{feature}_normalization")(x)
    return MaxPooling2D(REDUCTION, name=f"{feature}_pool")(branch_convolution(f"{feature}_conv")(x))


def branch_convolution(name: str) -> keras.layers.Conv2D:
    """The convolution that begins a branch."""
    return Conv2D(
        BRANCH_FILTERS,
        3,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )
