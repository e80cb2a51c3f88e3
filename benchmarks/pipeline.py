"""Samples a second through the pipeline: all features at 224 x 224, or another size.

    python benchmarks/pipeline.py
    python benchmarks/pipeline.py --size 28 --samples 4000 --json

The maps are written to disk and read memory-mapped, as from a store; their values do not matter.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.pipeline import make_batches, make_dataset

ARRAYS = {"flow": (np.float16, 3), "apex": (np.uint8, 3), "difference": (np.uint8, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Samples a second through the pipeline.")
    parser.add_argument("--size", type=int, default=224, help="width and height (224)")
    parser.add_argument("--samples", type=int, default=256, help="clips in a pass (256)")
    parser.add_argument("--batch-size", type=int, default=32, help="clips in a batch (32)")
    parser.add_argument("--passes", type=int, default=5, help="timed passes (5)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    results = []
    with tempfile.TemporaryDirectory() as folder:
        maps = write_maps(Path(folder), options.samples, options.size)
        labels = np.zeros(options.samples, np.int64)
        for name, make in (("tf.data", make_dataset), ("NumPy", make_batches)):
            for augment in (False, True):
                batches: Any = make(
                    maps, labels, batch_size=options.batch_size, augment=augment, seed=0
                )
                seconds = [time_pass(batches) for _ in range(options.passes + 1)][1:]
                results.append(
                    {
                        "path": name,
                        "augment": augment,
                        "samples_per_second": options.samples / median(seconds),
                        "slowest": options.samples / max(seconds),
                        "fastest": options.samples / min(seconds),
                    }
                )
    about = {
        "machine": platform.platform(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "size": options.size,
        "samples": options.samples,
        "batch_size": options.batch_size,
        "passes": options.passes,
    }
    if options.json:
        print(json.dumps({**about, "results": results}, indent=2))
        return
    print("\n".join(f"{name:12} {value}" for name, value in about.items()))
    print("\npath     augmented  samples/s, median (slowest - fastest pass)")
    for row in results:
        print(
            f"{row['path']:8} {'yes' if row['augment'] else 'no':9}  "
            f"{row['samples_per_second']:.0f} ({row['slowest']:.0f} - {row['fastest']:.0f})"
        )


def write_maps(folder: Path, samples: int, size: int) -> dict[str, NDArray]:
    """Random maps of all features, in the types of a store."""
    rng = np.random.default_rng(0)
    maps: dict[str, NDArray] = {}
    for name, (dtype, channels) in ARRAYS.items():
        shape = samples, size, size, channels
        array = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.dtype(dtype), shape)
        for row in array:
            row[:] = rng.integers(0, 256, row.shape, np.uint8)
        maps[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return maps


def time_pass(batches: Iterable[Any]) -> float:
    start = time.perf_counter()
    for _ in batches:
        pass
    return time.perf_counter() - start


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
