"""Recognise micro-expressions on a small Linux device, from a camera or a file.

Needed on the device: numpy, opencv-python-headless (below 5), ai-edge-litert, and this package
without its dependencies; no TensorFlow and no Keras. See docs/deployment.md.

    python examples/embedded_camera.py NET.tflite CLIP.avi    # one clip, one answer
    python examples/embedded_camera.py NET.tflite 0           # camera 0, an answer a second

NET.tflite is a file of either kind. One of frames (`dfr-keras convert --input frames`) computes
flow and strain itself; with it, code of your own that cuts faces out already needs this call
alone: `predictor.predict_crops(onset_face, apex_face)`.

A camera has no annotated onset: the oldest frame of the last half second stands for it, and the
frame that differs from it most for the apex. What is no movement at all is not classified.
"""

import sys
from collections import deque

import cv2
import numpy as np

from dfrnet_keras.tflite import Prediction, Predictor

SECONDS = 0.5
# Mean absolute gray difference to the onset below which a face counts as still. Depends on the
# camera's noise: print `movement` once for a face at rest and set it to twice that.
STILL = 2.0


def square(frame: np.ndarray) -> np.ndarray:
    """Cut the middle square out of a camera frame: hold the face there."""
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return frame[top : top + side, left : left + side]


def apex_of(frames: list[np.ndarray]) -> tuple[int, float]:
    """Index of the frame that differs most from the first, and by how much."""
    small = [cv2.cvtColor(cv2.resize(f, (64, 64)), cv2.COLOR_RGB2GRAY) for f in frames]
    differences = [float(cv2.absdiff(small[0], other).mean()) for other in small[1:]]
    return int(np.argmax(differences)) + 1, max(differences)


def show(prediction: Prediction) -> None:
    shares = ", ".join(f"{name} {share:.2f}" for name, share in prediction.probabilities.items())
    spent = 1000 * sum(prediction.timings.values())
    print(f"{prediction.label} ({shares}), {spent:.0f} ms", flush=True)


def watch(predictor: Predictor, camera: cv2.VideoCapture, answers: int | None = None) -> None:
    """Answer about once a second until the camera ends, or so many times."""
    rate = camera.get(cv2.CAP_PROP_FPS) or 30
    frames: deque[np.ndarray] = deque(maxlen=max(3, round(rate * SECONDS)))
    waited = 0
    while answers != 0:
        there, frame = camera.read()
        if not there:
            return
        frames.append(square(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)))
        waited += 1
        if len(frames) < frames.maxlen or waited < rate:
            continue
        waited = 0
        apex, movement = apex_of(list(frames))
        if movement < STILL:
            print("still", flush=True)
        else:
            show(predictor.predict(list(frames), onset=0, apex=apex))
        answers = None if answers is None else answers - 1


def main(network: str, source: str) -> None:
    predictor = Predictor(network, threads=1)
    if not source.isdigit():
        show(predictor.predict(source))
        return
    camera = cv2.VideoCapture(int(source))
    if not camera.isOpened():
        sys.exit(f"Camera {source} cannot be opened.")
    try:
        watch(predictor, camera)
    finally:
        camera.release()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
