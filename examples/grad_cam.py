"""Grad-CAM on the fused map: which places of the face spoke for the answer.

The fused map is what remains of picture, difference and flow once `FusionBlock` has joined them,
a quarter of the input wide and high. The gradient of a class with respect to it, averaged per
channel, weighs its channels (Selvaraju et al., 2017, arXiv:1610.02391).

    python examples/grad_cam.py MODEL.keras CLIP OUT.png      # a video or a folder of frames
"""

import sys

import cv2
import keras
import numpy as np
import tensorflow as tf

from dfrnet_keras.features import Features, extract_features
from dfrnet_keras.frames import read_clip
from dfrnet_keras.models.saving import load_network


def grad_cam(network: keras.Model, features: Features, label: int | None = None) -> np.ndarray:
    """Return where the network looked, float32 `(size, size)` from 0 to 1.

    Args:
        network: A DFRNet with two views or more.
        features: The maps of one clip, at the network's size.
        label: The class to ask about; by default the one that the network answers.
    """
    fused = network.get_layer("fusion").output
    up_to_fusion = keras.Model(network.inputs, fused)
    from_fusion = keras.Model(fused, network.outputs[0])
    maps = [
        tf.constant(getattr(features, tensor.name)[None], tf.float32) for tensor in network.inputs
    ]
    seen = up_to_fusion(maps)
    with tf.GradientTape() as tape:
        tape.watch(seen)
        probabilities = from_fusion(seen)
        chosen = int(np.argmax(probabilities[0])) if label is None else label
        score = tf.math.log(probabilities[:, chosen] + 1e-9)
    weights = tf.reduce_mean(tape.gradient(score, seen), axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * seen, axis=-1))[0].numpy()
    heat = cv2.resize(heat, features.apex.shape[1::-1], interpolation=cv2.INTER_CUBIC).clip(0)
    return heat / max(float(heat.max()), 1e-9)


def overlay(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay the heat over an RGB picture, uint8 `(size, size, 3)`."""
    colors = cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_JET)[..., ::-1]
    return (picture * 0.5 + colors * 0.5).astype(np.uint8)


def main(model: str, clip: str, out: str) -> None:
    network, about = load_network(model)
    settings = about.get("store", {}).get("settings", {})
    features = extract_features(
        read_clip(clip),
        size=network.inputs[0].shape[1],
        flow_method=settings.get("flow_method", "tvl1"),
    )
    picture = overlay(features.apex, grad_cam(network, features))
    cv2.imwrite(out, picture[..., ::-1])


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
