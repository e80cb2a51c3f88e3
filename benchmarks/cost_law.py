"""How the seconds of a training epoch grow with the size of the maps and the number of clips.

    python benchmarks/cost_law.py
    KERAS_BACKEND=jax python benchmarks/cost_law.py

Steps of the default DFRNet on three views of random maps, without waiting for data; seconds a clip
for each size, the exponent between neighbouring sizes, and what a leave-one-subject-out run of the
composite (68 folds of some 435 clips) then takes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from dfrnet_keras.models import DFRNet
from dfrnet_keras.models.dfrnet import FEATURES

CLIPS, FOLDS = 435, 68


def seconds_per_clip(size: int, batch: int, steps: int) -> float:
    """Median seconds of a training step, for each of its clips."""
    keras.utils.set_random_seed(0)
    network = DFRNet(input_size=size, classifier_activation=None)
    network.compile(
        keras.optimizers.Adam(1e-5), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    random = np.random.default_rng(0)
    maps = {
        name: random.random((batch, size, size, channels), np.float32)
        for name, channels in FEATURES.values()
    }
    labels = random.integers(0, 3, batch)
    network.train_on_batch(maps, labels)  # traces
    taken = []
    for _ in range(steps):
        started = time.perf_counter()
        network.train_on_batch(maps, labels)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) / batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default="28,56,112,224")
    parser.add_argument("--batches", default="8,32")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=40, help="of a fold, for the extrapolation")
    options = parser.parse_args()
    print(f"{keras.backend.backend()}, {os.cpu_count()} cores, load {os.getloadavg()}")
    print(f"size  clips a step  s/clip  s/epoch of {CLIPS}  exponent  h/{FOLDS} folds")
    for batch in map(int, options.batches.split(",")):
        before: tuple[int, float] | None = None
        for size in map(int, options.sizes.split(",")):
            seconds = seconds_per_clip(size, batch, options.steps)
            exponent = ""
            if before is not None:
                exponent = f"{np.log(seconds / before[1]) / np.log(size / before[0]):.2f}"
            hours = seconds * CLIPS * options.epochs * FOLDS / 3600
            print(
                f"{size:4}  {batch:12}  {seconds:6.4f}  {seconds * CLIPS:14.1f}  {exponent:>8}  "
                f"{hours:8.1f}",
                flush=True,
            )
            before = size, seconds


if __name__ == "__main__":
    main()
