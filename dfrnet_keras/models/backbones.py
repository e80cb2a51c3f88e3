"""What follows the fused map: the paper's residual stages and the four rivals of its Table 5.

Each function takes a map `(batch, height, width, channels)` and returns one vector per clip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import layers

from dfrnet_keras.layers import ResidualBlock, TokenEmbedding
from dfrnet_keras.models.parts import Conv2D, MaxPooling2D, inception_module


class Backbone(NamedTuple):
    """A backbone other than the ResNet, and the smallest model input it can reduce."""

    build: Callable[[keras.KerasTensor], keras.KerasTensor]
    smallest_size: int


def resnet(x: keras.KerasTensor, *, stages: int, attention: str) -> keras.KerasTensor:
    """Apply 1 to 4 stages of two residual blocks; from the second on, each halves the map."""
    for block in residual_blocks(stages, attention):
        x = block(x)
    return _global_pool(x)


def residual_blocks(stages: int, attention: str, prefix: str = "") -> list[ResidualBlock]:
    """The blocks of that ResNet, in their order, not yet built; `prefix` begins their names."""
    blocks = []
    for stage in range(1, stages + 1):
        for block in (1, 2):
            blocks.append(
                ResidualBlock(
                    filters=32 << stage,
                    strides=2 if stage > 1 and block == 1 else 1,
                    attention=attention,
                    name=f"{prefix}stage{stage}_block{block}",
                )
            )
    return blocks


def alexnet(x: keras.KerasTensor) -> keras.KerasTensor:
    """Apply four convolutions, the first of step 2, with pooling between."""
    x = _conv(x, 128, 3, "conv1", strides=2)
    x = MaxPooling2D(2, name="pool1")(x)
    x = _conv(x, 256, 3, "conv2")
    x = MaxPooling2D(2, name="pool2")(x)
    x = _conv(x, 256, 3, "conv3")
    x = MaxPooling2D(3, strides=2, name="pool3")(x)
    x = _conv(x, 512, 3, "conv4")
    return _global_pool(x)


def vgg(x: keras.KerasTensor) -> keras.KerasTensor:
    """Apply VGG-11's convolutions that follow its first."""
    for block, widths in enumerate(((128,), (256, 256), (512, 512), (512,)), start=1):
        if block > 1:
            x = MaxPooling2D(2, name=f"pool{block - 1}")(x)
        for index, filters in enumerate(widths, start=1):
            x = _conv(x, filters, 3, f"block{block}_conv{index}")
    return _global_pool(x)


def inception(x: keras.KerasTensor) -> keras.KerasTensor:
    """Apply modules 4a, 4b, 5a and 5b of GoogLeNet, after two poolings."""
    x = MaxPooling2D(2, name="pool1")(x)
    x = MaxPooling2D(2, name="pool2")(x)
    x = _googlenet_module(x, (192, 96, 208, 16, 48, 64), "module4a")
    x = _googlenet_module(x, (160, 112, 224, 24, 64, 64), "module4b")
    x = MaxPooling2D(2, name="pool3")(x)
    x = _googlenet_module(x, (256, 160, 320, 32, 128, 128), "module5a")
    x = MaxPooling2D(2, name="pool4")(x)
    x = _googlenet_module(x, (384, 192, 384, 48, 128, 128), "module5b")
    return _global_pool(x)


def vit(x: keras.KerasTensor) -> keras.KerasTensor:
    """Apply ViT-B/16 to the map, narrowed to 3 channels and resized to 224; the class token."""
    width = 768
    x = Conv2D(3, 1, kernel_initializer="he_normal", name="to_picture")(x)
    x = layers.Resizing(224, 224, data_format="channels_last", name="resize")(x)
    x = Conv2D(width, 16, strides=16, name="patches")(x)
    x = layers.Reshape((-1, width), name="tokens")(x)
    x = TokenEmbedding(name="embedding")(x)
    for block in range(1, 13):
        x = _transformer_block(x, 12, 3072, f"block{block}")
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    x = layers.Cropping1D((0, x.shape[1] - 1), name="class_token")(x)
    return layers.Flatten(name="flatten")(x)


BACKBONES = {
    "alexnet": Backbone(alexnet, 92),
    "vgg": Backbone(vgg, 32),
    "inception": Backbone(inception, 64),
    "vit": Backbone(vit, 16),
}


def _transformer_block(
    x: keras.KerasTensor, heads: int, hidden: int, name: str
) -> keras.KerasTensor:
    width = x.shape[-1]
    y = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm1")(x)
    y = layers.MultiHeadAttention(heads, width // heads, name=f"{name}_attention")(y, y)
    x = layers.Add(name=f"{name}_add1")([x, y])
    y = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm2")(x)
    y = layers.Dense(hidden, activation="gelu", name=f"{name}_dense1")(y)
    y = layers.Dense(width, name=f"{name}_dense2")(y)
    return layers.Add(name=f"{name}_add2")([x, y])


def _googlenet_module(
    x: keras.KerasTensor, widths: tuple[int, ...], name: str
) -> keras.KerasTensor:
    paths = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_1x1")
    joined = f"{name}_join"
    return inception_module(x, widths, name, paths, joined, kernel_initializer="he_normal")


def _conv(
    x: keras.KerasTensor, filters: int, kernel_size: int, name: str, strides: int = 1
) -> keras.KerasTensor:
    return Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _global_pool(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.GlobalAveragePooling2D(data_format="channels_last", name="global_pool")(x)
