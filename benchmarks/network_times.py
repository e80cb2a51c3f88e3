"""Milliseconds of one clip, batch 1, one thread, of networks as `.tflite` files.

    python benchmarks/network_times.py [--models htnet htnet-small me-plan fgrl-auf sssnet]

Weights are random: they do not change the time. All files are timed in turns in one run.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from dfrnet_keras.models import build_model
from dfrnet_keras.tflite import benchmark, convert

NEW = ("htnet", "htnet-small", "me-plan", "fgrl-auf", "sssnet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(NEW))
    parser.add_argument("--size", type=int, default=28, help="height and width of the maps")
    parser.add_argument("--runs", type=int, default=100)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name in options.models:
            network = build_model(name, input_size=options.size)
            clips = [
                {tensor.name: random.uniform(0, 255, (1, *tensor.shape[1:])).astype(np.float32)
                 for tensor in network.inputs}
                for _ in range(8)
            ]  # fmt: skip
            for kind in ("none", "int8"):
                file = Path(folder) / f"{name}-{kind.replace('none', 'float32')}.tflite"
                file.write_bytes(convert(network, quantize=kind, representative_data=clips))
                files.append(file)
        for row in benchmark(files, runs=options.runs, footprint=False):
            size = f"{row.bytes / 1e6:8.2f} MB" if row.bytes else ""
            print(
                f"{Path(row.name).stem:24} median {row.median:7.2f} ms, busy {row.cpu:7.2f}  {size}"
            )


if __name__ == "__main__":
    main()
