"""Grad-CAM on the fused map: which places of the face an answer rests on.

The fused map is what remains of picture, difference and flow once `FusionBlock` has joined them,
a quarter of the input wide and high. The gradient of a class with respect to it, averaged per
channel, weights its channels (Selvaraju et al., 2017, arXiv:1610.02391). Needs the TensorFlow
backend.

    python examples/grad_cam.py MODEL.keras CLIP OUT.png      # a video or a folder of frames
"""

import sys

import cv2
import keras
import numpy as np
import tensorflow as tf

from dfrnet_keras.prediction import KerasPredictor


def grad_cam(
    network: keras.Model, maps: dict[str, np.ndarray], label: int | None = None
) -> np.ndarray:
    """Compute how much each place speaks for a class.

    Args:
        network: A DFRNet with two views or more.
        maps: The maps of one clip, by the names of the network's inputs.
        label: Number of the class; by default the one that the network answers.

    Returns:
        Heat, float32 `(size, size)` from 0 to 1.
    """
    fused = network.get_layer("fusion").output
    up_to_fusion = keras.Model(network.inputs, fused)
    from_fusion = keras.Model(fused, network.outputs[0])
    inputs = [tf.constant(maps[tensor.name][None], tf.float32) for tensor in network.inputs]

    features = up_to_fusion(inputs)
    with tf.GradientTape() as tape:
        tape.watch(features)
        probabilities = from_fusion(features)
        chosen = int(np.argmax(probabilities[0])) if label is None else label
        score = tf.math.log(probabilities[:, chosen] + 1e-9)
    weights = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * features, axis=-1))[0].numpy()

    size = network.inputs[0].shape[1:3]
    heat = cv2.resize(heat, size, interpolation=cv2.INTER_CUBIC).clip(0)
    return heat / max(float(heat.max()), 1e-9)


def overlay(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay the heat over an RGB picture, uint8 `(size, size, 3)`."""
    colors = cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_JET)[..., ::-1]
    return (picture * 0.5 + colors * 0.5).astype(np.uint8)


def main(model: str, clip: str, out: str) -> None:
    # The predictor makes the maps as those of the training were made: face, apex, flow.
    predictor = KerasPredictor(model)
    if "fusion" not in {layer.name for layer in predictor.network.layers}:
        sys.exit(f"{model} joins no views: give a DFRNet with two views or more.")
    answer = predictor.predict(clip)
    heat = grad_cam(predictor.network, predictor.network_maps(answer.maps))
    picture = overlay(answer.maps.features.apex, heat)
    if not cv2.imwrite(out, picture[..., ::-1]):
        sys.exit(f"{out} cannot be written.")
    print(f"{answer.label}: {out}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
