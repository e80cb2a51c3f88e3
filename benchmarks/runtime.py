"""What the runtime costs: import, memory, 10,000 calls, and the way from frames to a class.

    python benchmarks/runtime.py NET.tflite [NET2.tflite ...]

Meant for an environment with nothing but NumPy, OpenCV, ai-edge-litert and this package in it (the
two pip lines of docs/deployment.md); it says what else is there. Every figure of memory is of a
process of its own, which measures nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from dfrnet_keras.tflite import Predictor
from dfrnet_keras.tflite.benchmarking.end_to_end_timing import camera_clip, time_end_to_end
from dfrnet_keras.tflite.benchmarking.timing import machine

IMPORT = """
import time; started = time.perf_counter()
import dfrnet_keras.tflite.runtime, ai_edge_litert.interpreter
print(time.perf_counter() - started)
"""

# Peak memory of a process that answers from a clip, and how it grows over many calls.
CALLS = """
import json, sys
import numpy as np
from dfrnet_keras.tflite import Predictor
def memory(key):
    with open("/proc/self/status") as file:
        return next(int(l.split()[1]) for l in file if l.startswith(key)) * 1024 / 1e6
predictor, clip, calls = Predictor(sys.argv[1]), sys.argv[2], int(sys.argv[3])
predictor.warm_up()
about = {"peak_network": memory("VmHWM")}
answer = predictor.predict(clip)
about["peak_clip"] = memory("VmHWM")
maps = predictor.network_maps(answer.maps)
for _ in range(min(calls, 200)):
    predictor.predict_maps(**maps)
about["before"] = memory("VmRSS")
for _ in range(calls):
    predictor.predict_maps(**maps)
about["after"] = memory("VmRSS")
about["peak_all"] = memory("VmHWM")
about["flags"] = answer.flags
print(json.dumps(about))
"""


def run(code: str, *arguments: object) -> str:
    """The last line that a fresh process prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def installed() -> str:
    """Versions of what matters, and whether TensorFlow or Keras is there."""
    found = [f"Python {platform.python_version()}"]
    for name in ("numpy", "opencv-python-headless", "ai-edge-litert"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not by this name")
    heavy = [name for name in ("tensorflow", "keras") if find_spec(name)]
    return f"{', '.join(found)}; {' and '.join(heavy) or 'neither TensorFlow nor Keras'} installed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--imports", type=int, default=9)
    options = parser.parse_args()
    about = machine()
    print(json.dumps(about))
    print(f"{time.strftime('%Y-%m-%d')}, {installed()}")
    seconds = sorted(float(run(IMPORT)) for _ in range(1 + options.imports))
    print(
        f"import: median {np.median(seconds):.3f} s, {seconds[0]:.3f} to {seconds[-1]:.3f}, "
        f"{len(seconds)} processes"
    )
    import cv2

    frames = camera_clip()
    with tempfile.TemporaryDirectory() as folder:
        for index, frame in enumerate(frames):
            cv2.imwrite(os.path.join(folder, f"{index:03d}.png"), frame[..., ::-1])
        for file in options.files:
            found = json.loads(run(CALLS, file, folder, options.calls))
            print(
                f"{file.name}: peak {found['peak_network']:.0f} MB with the network run, "
                f"{found['peak_clip']:.0f} MB after a clip of 640 x 480 with its face found and "
                f"apex spotted; over {options.calls} calls {found['before']:.2f} -> "
                f"{found['after']:.2f} MB, peak {found['peak_all']:.0f} MB"
            )
    for file in options.files:
        print(f"{file.name}, one thread, {frames.shape[2]} x {frames.shape[1]}, milliseconds:")
        for row in time_end_to_end(Predictor(file), frames, runs=options.runs):
            print(
                f"  {row.name:16} median {row.median:7.2f}, p10 {row.p10:7.2f}, "
                f"p90 {row.p90:7.2f}, CPU {row.cpu:7.2f}"
            )
    print("free cores after:", machine()["free_cores"])


if __name__ == "__main__":
    main()
