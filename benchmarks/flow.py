"""Error and milliseconds of the flow methods on planted fields.

    python benchmarks/flow.py                 # minutes on one core
    python benchmarks/flow.py --pairs 2       # shorter

A planted field moves a texture that is known, so that the flow is known at every pixel: three
smooth hills (24 pixels wide at 224), or two edges: lips that part over a dark mouth, and a lid
that comes down over an eye. Both pictures get sensor noise of 2 gray levels. The error is the mean
endpoint error over that of no flow at all. Times are processor time of one thread, of
`optical_flow` with its preparation, and of the layer as a `.tflite` file; every method and a matrix
product of 512 x 512 take turns, and the shortest run counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from threadpoolctl import threadpool_limits

from dfrnet_keras.features import optical_flow

METHODS = ("tvl1", "dis", "ilk")
CASES = {128: (0.5, 1, 2), 224: (0.5, 1, 2, 8)}
WIDTH = 24  # of a hill at 224
NOISE = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Error and milliseconds of the flow methods.")
    parser.add_argument("--pairs", type=int, default=12, help="pairs of pictures a column (12)")
    parser.add_argument("--runs", type=int, default=60, help="runs of each timing (60)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    threadpool_limits(1)
    errors = {
        f"{kind} {size} {pixels} px": {
            method: mean_error(kind, size, pixels, method, options.pairs) for method in METHODS
        }
        for kind in ("smooth", "edge")
        for size, amplitudes in CASES.items()
        for pixels in amplitudes
    }
    times = {size: milliseconds(size, options.runs) for size in CASES}
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "date": time.strftime("%Y-%m-%d"),
        **{name: version(name) for name in ("numpy", "keras", "tensorflow", "ai-edge-litert")},
        "opencv": cv2.__version__,
        "pairs": options.pairs,
    }
    if options.json:
        print(json.dumps({**about, "errors": errors, "milliseconds": times}, indent=1))
        return
    print(about)
    print(f"\n{'planted field':<18}" + "".join(f"{method:>8}" for method in METHODS))
    for case, row in errors.items():
        print(f"{case:<18}" + "".join(f"{row[method]:8.3f}" for method in METHODS))
    print(f"\n{'milliseconds':<18}" + "".join(f"{size:>8}" for size in CASES))
    for timed in next(iter(times.values())):
        print(f"{timed:<18}" + "".join(f"{row[timed]:8.2f}" for row in times.values()))


def mean_error(kind: str, size: int, pixels: float, method: str, pairs: int) -> float:
    """Mean endpoint error over that of no flow, over so many pairs."""
    found = []
    for seed in range(pairs):
        onset, apex, truth = planted(kind, size, pixels, seed)
        flow = optical_flow(onset, apex, method=method)
        found.append(length(flow - truth).mean() / length(truth).mean())
    return float(np.mean(found))


def length(flow: NDArray) -> NDArray:
    return np.hypot(flow[..., 0], flow[..., 1])


@cache
def planted(
    kind: str, size: int, pixels: float, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray]:
    """Onset, apex and the flow between them, `pixels` where it is largest."""
    random = np.random.default_rng([seed, size, kind == "edge"])
    onset, apex, truth = (smooth if kind == "smooth" else with_edges)(size, pixels, random)
    return with_noise(onset, random), with_noise(apex, random), truth


def smooth(
    size: int, pixels: float, random: np.random.Generator
) -> tuple[NDArray, NDArray, NDArray]:
    face, width = texture(size, random), WIDTH * size / 224
    flow = np.zeros((size, size, 2))
    for angle in random.uniform(0, 2 * np.pi, 3):
        x, y = random.uniform(0.25, 0.75, 2) * size
        flow += hill(size, x, y, width, width)[..., None] * [np.cos(angle), np.sin(angle)]
    flow *= pixels / length(flow).max()
    return face, moved(face, flow), flow


def with_edges(
    size: int, pixels: float, random: np.random.Generator
) -> tuple[NDArray, NDArray, NDArray]:
    """A lid in the upper half, lips in the lower one: layers that move over one another."""
    face, width = texture(size, random), WIDTH * size / 224
    eye, mouth = texture(size, random), texture(size, random, contrast=10) - 80
    y, x = np.mgrid[:size, :size].astype(float)
    lid_x, lid_y = random.uniform(0.35, 0.65) * size, random.uniform(0.25, 0.3) * size
    lip_x, lip_y = random.uniform(0.4, 0.6) * size, random.uniform(0.7, 0.75) * size
    bends = random.uniform(-0.004, 0.004, 2) * 224 / size
    over_lid = y < lid_y + bends[0] * (x - lid_x) ** 2
    over_lips = y < lip_y + bends[1] * (x - lip_x) ** 2
    aside = random.uniform(-0.4, 0.4, 3)
    lid = hill(size, lid_x, lid_y, 1.6 * width, width)[..., None] * [aside[0], 1.0]
    lips = hill(size, lip_x, lip_y, 1.8 * width, width)[..., None]
    upper_lip, lower_lip = lips * [aside[1], -0.6], lips * [aside[2], 1.0]
    top = y < size / 2
    truth = np.where(
        top[..., None],
        np.where(over_lid[..., None], lid, 0),
        np.where(over_lips[..., None], upper_lip, lower_lip),
    )
    scale = pixels / length(truth).max()
    lid, upper_lip, lower_lip = lid * scale, upper_lip * scale, lower_lip * scale
    opening = top & ~over_lid & (np.abs(x - lid_x) < 3 * width) & (y < lid_y + 1.2 * width)
    onset = np.where(opening, eye, face)

    def cover(mask: NDArray, flow: NDArray) -> NDArray:
        return np.clip(moved(mask.astype(float), flow), 0, 1)

    closed = cover(over_lid, lid)
    upper = closed * moved(onset, lid) + (1 - closed) * onset
    above, below = cover(over_lips, upper_lip), cover(~over_lips, lower_lip)
    skin = (above * moved(onset, upper_lip) + below * moved(onset, lower_lip)) / np.maximum(
        above + below, 1e-6
    )
    filled = np.maximum(above, below)
    lower = mouth * (1 - filled) + filled * skin
    return onset, np.where(top, upper, lower), truth * scale


def texture(size: int, random: np.random.Generator, contrast: float = 30) -> NDArray:
    noise = gaussian_filter(random.normal(size=(size, size)), 1.2, mode="wrap")
    return 128 + contrast * noise / noise.std()


def hill(size: int, x: float, y: float, width: float, height: float) -> NDArray:
    rows, columns = np.mgrid[:size, :size].astype(float)
    return np.exp(-(((columns - x) / width) ** 2 + ((rows - y) / height) ** 2) / 2)


def moved(picture: NDArray, flow: NDArray) -> NDArray:
    """What is at `x` goes to `x + flow[x]`."""
    y, x = np.mgrid[: len(picture), : len(picture)].astype(float)
    back = flow
    for _ in range(40):  # where a pixel came from: back[p] = flow[p - back[p]]
        from_x, from_y = x - back[..., 0], y - back[..., 1]
        parts = (look_up(part, from_x, from_y, 1) for part in np.moveaxis(flow, -1, 0))
        back = np.stack(list(parts), axis=-1)
    return look_up(picture, x - back[..., 0], y - back[..., 1], 3)


def look_up(picture: NDArray, x: NDArray, y: NDArray, order: int) -> NDArray:
    return map_coordinates(picture, [y, x], order=order, mode="mirror")


def with_noise(picture: NDArray, random: np.random.Generator) -> NDArray[np.uint8]:
    noise = random.normal(size=picture.shape) * NOISE
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def milliseconds(size: int, runs: int) -> dict[str, float]:
    """Shortest run of each method at a size, in turns."""
    onset, apex, _ = planted("smooth", size, 1, 0)
    matrix = np.random.default_rng(0).random((512, 512), np.float32)
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    work: dict[str, Callable[[], object]] = {
        "tvl1": lambda: optical_flow(onset, apex, method="tvl1"),
        "dis": lambda: optical_flow(onset, apex, method="dis"),
        "ilk": lambda: optical_flow(onset, apex, method="ilk"),
        "dis, flow alone": lambda: dis.calc(onset, apex, np.empty((0, 0), np.float32)),
        "ilk, .tflite": tflite(onset, apex),
        "matrix product": lambda: matrix @ matrix,
    }
    shortest = dict.fromkeys(work, float("inf"))
    for run in range(runs):
        for timed, call in work.items():
            if timed == "tvl1" and run >= 3:
                continue  # it takes as long as a hundred of the others
            started = time.process_time()
            call()
            shortest[timed] = min(shortest[timed], 1e3 * (time.process_time() - started))
    return shortest


def tflite(onset: NDArray, apex: NDArray) -> Callable[[], object]:
    """A run of the flow layer as a `.tflite` file, with its preparation, on one thread."""
    import keras
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from dfrnet_keras.layers import OpticalFlow

    inputs = [keras.Input((*onset.shape, 1), batch_size=1, name=name) for name in ("onset", "apex")]
    model = keras.Model(inputs, {"flow": OpticalFlow()(inputs)})
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner()
    given = {
        name: picture[None, ..., None].astype(np.float32)
        for name, picture in (("onset", onset), ("apex", apex))
    }
    difference = runner(**given)["flow"][0] - optical_flow(onset, apex, method="ilk")
    assert np.abs(difference).max() < 1e-3
    return interpreter.invoke


if __name__ == "__main__":
    main()
