"""Use the layers of DFR-Net in a network of your own.

Here two views of any size, say a picture and a depth map, are fused as DFR-Net fuses its views
and refined by its attention. Run it as it is: it trains on made-up pictures.

    python examples/own_network.py
"""

import keras
import numpy as np
from keras import layers

from dfrnet_keras.layers import ChannelAttention, FusionBlock, SpatialAttention


def build_network(size: int = 32, classes: int = 2) -> keras.Model:
    picture = keras.Input((size, size, 3), name="picture")
    depth = keras.Input((size, size, 1), name="depth")

    def branch(x):
        x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
        return layers.MaxPooling2D(2)(x)

    # The keys are the block's own: "apex" and "difference" are joined by convolutions, and
    # "flow", left out here, would gate the channels of the result.
    x = FusionBlock(hidden_filters=32)({"apex": branch(picture), "difference": branch(depth)})
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = ChannelAttention(ratio=8)(x)
    x = SpatialAttention(kernel_size=7)(x)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model({"picture": picture, "depth": depth}, outputs)


def made_up_data(count: int, size: int = 32):
    """Pictures with a bright patch, which the depth map shows as near or as far."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    picture = rng.normal(0, 0.1, (count, size, size, 3))
    depth = rng.normal(0, 0.1, (count, size, size, 1))
    for k in range(count):
        y, x = rng.integers(0, size - 8, 2)
        picture[k, y : y + 8, x : x + 8] += 1
        depth[k, y : y + 8, x : x + 8] += 1 if labels[k] else -1
    return {"picture": picture.astype("float32"), "depth": depth.astype("float32")}, labels


def main(epochs: int = 8, count: int = 128) -> float:
    keras.utils.set_random_seed(0)
    network = build_network()
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    maps, labels = made_up_data(count)
    history = network.fit(maps, labels, epochs=epochs, verbose=2)

    # Layers of this package are registered: a saved network loads without being told of them.
    network.save("own_network.keras")
    again = keras.saving.load_model("own_network.keras")
    np.testing.assert_allclose(
        again.predict(maps, verbose=0), network.predict(maps, verbose=0), atol=1e-5
    )
    return history.history["accuracy"][-1]


if __name__ == "__main__":
    print(f"Accuracy {main():.2f}")
