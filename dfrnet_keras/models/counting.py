"""Parameters and multiply-accumulates of a model, and what the paper prints."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import keras
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import ClassCapsules, FeatureNormalization, TokenEmbedding

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Counts:
    """What a model costs, per clip.

    Attributes:
        parameters: As PyTorch tools count them: weights, and scale and offset of the
            normalisations, but not their moving statistics. The statistics of
            `FeatureNormalization` and the tokens and positions of `TokenEmbedding` are left out.
        keras_parameters: `model.count_params()`: everything.
        macs: Multiply-accumulates of the convolutions and dense layers.
        thop_macs: `macs` in the convention of the paper's FLOPs, see `count`.
    """

    parameters: int
    keras_parameters: int
    macs: int
    thop_macs: int


def count(model: keras.Model) -> Counts:
    """Count the parameters and multiply-accumulates of a functional model, at batch size 1.

    `thop_macs` follows thop 0.1.1, which counted the paper's FLOPs: convolutions and dense layers
    without their bias, batch and layer normalisation as 4 times their elements, a global average
    pooling as (height x width + 1) per channel, all else as nothing (so the products inside
    self-attention are in neither figure). Layers inside other layers are counted too.

    Args:
        model: A built functional or sequential model whose inputs have fixed sizes. Attention is
            taken for self-attention.

    Returns:
        The counts, all whole numbers.

    Raises:
        InputError: The model is no graph, an input has an open height or width, or a layer hides
            the calls of the layers inside it.
    """
    if isinstance(model, keras.Sequential) and model.built:
        model = model._functional
    if not isinstance(model, keras.Function):
        raise InputError(f"count takes a functional model, not {type(model).__name__}.")
    if any(None in tensor.shape[1:] for tensor in model.inputs):
        raise InputError(f"count needs a fixed input size, but one of {model.name} is open.")
    macs = extra = 0
    seen = set()
    for layer, input_shape, output_shape in _calls(model):
        seen.add(id(layer))
        macs += _macs(layer, input_shape, output_shape)
        extra += _thop_extra(layer, input_shape, output_shape)
    for layer in _all_layers(model):
        if isinstance(layer, _MULTIPLYING) and id(layer) not in seen:
            raise InputError(f"count finds no call of {layer.path}, so it would count too little.")
    left_out = {id(weight) for layer in _all_layers(model) for weight in _uncounted(layer)}
    parameters = sum(math.prod(w.shape) for w in model.weights if id(w) not in left_out)
    return Counts(parameters, model.count_params(), macs, macs + extra)


@dataclasses.dataclass(frozen=True)
class PaperCounts:
    """A row of the paper's tables of cost.

    Attributes:
        parameters: As printed, to the nearest thousand.
        thop_macs: The printed FLOPs, to the nearest million.
        classes: The width of the classifier that the printed figures fit; the paper names none.
        tables: Numbers of the tables that print the row.
    """

    parameters: int
    thop_macs: int
    classes: int
    tables: tuple[int, ...]


# (backbone, stages, attention) that the printed figures fit. Table 9 says nothing of attention.
_PAPER = {
    ("alexnet", None, None): PaperCounts(2_384_000, 1_093_000_000, 3, (5,)),
    ("vgg", None, None): PaperCounts(7_104_000, 2_672_000_000, 3, (5,)),
    ("inception", None, None): PaperCounts(3_218_000, 1_123_000_000, 3, (5,)),
    ("vit", None, None): PaperCounts(85_892_000, 17_801_000_000, 3, (5,)),
    ("resnet", 1, "none"): PaperCounts(456_000, 1_404_000_000, 1000, (9,)),
    ("resnet", 2, "none"): PaperCounts(1_046_000, 1_817_000_000, 1000, (9,)),
    ("resnet", 3, "none"): PaperCounts(3_273_000, 2_229_000_000, 1000, (5, 7)),
    ("resnet", 3, "all"): PaperCounts(3_296_000, 2_231_000_000, 1000, (7, 9)),
    ("resnet", 4, "none"): PaperCounts(11_412_000, 2_640_000_000, 3, (9,)),
}


def paper_counts(
    features: str | Iterable[str] = "TSD",
    fusion: str = "dynamic",
    attention: str | None = None,
    stages: int | None = None,
    backbone: str = "resnet",
    input_size: int = 224,
) -> PaperCounts | None:
    """Return the paper's figures for a `DFRNet` of these arguments.

    The number of classes is no key: it stands in the row, as the one that its figures fit.

    Args:
        features, fusion, attention, stages, backbone, input_size: As for `DFRNet`.

    Returns:
        The row, or None where the paper prints no figures for such a network.

    Reference:
        DFR-Net, Tables 5, 7 and 9.
    """
    if set(features) != set("TSD") or fusion != "dynamic" or input_size != 224:
        return None
    if backbone == "resnet":
        attention, stages = attention or "all", stages or 3
    return _PAPER.get((backbone, stages, attention))


_MULTIPLYING = (layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv2D, layers.Dense)


def _macs(layer: Any, input_shape: Shape, output_shape: Shape) -> int:
    if isinstance(layer, _MULTIPLYING):
        # Each place of the output (a dense layer has one per row) uses each number of the kernel
        # once; a grouped or depthwise kernel holds no number that a place leaves out.
        return math.prod(output_shape[1:-1]) * math.prod(layer.kernel.shape)
    if isinstance(layer, layers.MultiHeadAttention):
        # Query, key, value and output each project every token of the one sequence.
        kernels = sum(math.prod(w.shape) for w in layer.weights if len(w.shape) == 3)
        return math.prod(input_shape[1:-1]) * kernels
    if isinstance(layer, ClassCapsules):
        return math.prod(layer.kernel.shape)  # the predictions; routing multiplies no weights
    return 0


def _thop_extra(layer: Any, input_shape: Shape, output_shape: Shape) -> int:
    if isinstance(layer, (layers.BatchNormalization, layers.LayerNormalization)):
        return 4 * math.prod(output_shape)
    if isinstance(layer, layers.GlobalAveragePooling2D):
        return (math.prod(input_shape[1:-1]) + 1) * input_shape[-1]
    return 0


def _uncounted(layer: Any) -> list[Any]:
    if isinstance(layer, (FeatureNormalization, TokenEmbedding)):
        return layer.weights
    if isinstance(layer, layers.BatchNormalization):
        return [layer.moving_mean, layer.moving_variance]
    return []


def _all_layers(layer: keras.Layer) -> Iterator[keras.Layer]:
    yield layer
    for inner in layer._layers:
        yield from _all_layers(inner)


def _calls(graph: Any) -> Iterator[tuple[Any, Shape, Shape]]:
    """Yield each call of a layer without layers of its own, with its first input and output shape.

    A layer made of others is opened by running its `call` on symbolic tensors, which gives the
    graph of its sublayers, and nothing is computed.
    """
    for node in itertools.chain.from_iterable(graph._nodes_by_depth.values()):
        layer, tensors = node.operation, node.arguments.keras_tensors
        if isinstance(layer, keras.Sequential):
            layer = layer._functional
        if isinstance(layer, keras.Function):
            yield from _calls(layer)
        elif _is_composite(layer):
            yield from _calls(_opened(layer, node.arguments))
        elif tensors:
            yield layer, _at_batch_one(tensors[0]), _at_batch_one(node.outputs[0])


def _is_composite(layer: Any) -> bool:
    if isinstance(layer, layers.MultiHeadAttention):
        return False  # its own projections leave the number of tokens open
    return isinstance(layer, keras.Layer) and bool(layer._layers)


def _opened(layer: keras.Layer, arguments: Any) -> keras.Function:
    inputs: list[Any] = []

    def fresh(tensor: Any) -> Any:
        if not isinstance(tensor, keras.KerasTensor):
            return tensor
        inputs.append(keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype))
        return inputs[-1]

    args, kwargs = arguments.convert(fresh)
    return keras.Function(inputs, layer.call(*args, **kwargs))


def _at_batch_one(tensor: Any) -> Shape:
    return (1, *tensor.shape[1:])
