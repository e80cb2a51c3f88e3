"""SOFTNet, the shallow three-stream network that spots expressions in long recordings."""

from __future__ import annotations

import keras
from keras import layers

from dfrnet_keras.errors import InputError

STREAMS = ("u", "v", "strain")


def SOFTNet(input_size: int = 42, name: str = "softnet") -> keras.Model:
    """Build SOFTNet: one stream each for |u|, |v| and strain of an interval, and one number.

    Each stream is a 5x5 convolution of 3, 5 or 8 filters with ReLU and max-pooling 3/3; the streams
    are joined, max-pooled 2/2 and go through 400 units to the likelihood that an expression lies in
    the interval. 314,817 parameters at the default size.

    Args:
        input_size: Height and width of the maps in pixels, at least 6.
        name: Name of the model.

    Returns:
        A functional model. Its inputs `u`, `v` and `strain` are `(batch, input_size, input_size,
        1)`, from 0 to 1; its output is `(batch, 1)`, without bounds.

    Raises:
        InputError: input_size is too small.

    Reference:
        Liong et al., "Shallow Optical Flow Three-Stream CNN for Macro- and Micro-expression
        Spotting from Long Videos", ICIP 2021. [arXiv:2106.06489](https://arxiv.org/abs/2106.06489)
    """
    if input_size < 6:
        raise InputError(f"input_size is {input_size}: SOFTNet takes maps of 6 pixels or more")
    inputs, streams = {}, []
    for stream, filters in zip(STREAMS, (3, 5, 8), strict=True):
        inputs[stream] = keras.Input((input_size, input_size, 1), name=stream)
        x = layers.Conv2D(
            filters, 5, padding="same", activation="relu", name=f"conv_{stream}",
            data_format="channels_last",
        )(inputs[stream])  # fmt: skip
        pool = layers.MaxPooling2D(3, name=f"pool_{stream}", data_format="channels_last")
        streams.append(pool(x))
    x = layers.Concatenate(name="streams")(streams)
    x = layers.MaxPooling2D(2, name="pool", data_format="channels_last")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(400, activation="relu", name="hidden")(x)
    return keras.Model(inputs, layers.Dense(1, name="likelihood")(x), name=name)
