"""What a prediction costs a process that does nothing else: memory, imports, the first answer.

Run as a module (`python -m dfrnet_keras.tflite.benchmarking.process_cost FILE`) it measures itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dfrnet_keras.errors import InputError


@dataclass(frozen=True)
class ProcessCost:
    """A fresh process that loads a `.tflite` file and runs it.

    Attributes:
        import_ms: Importing the runtime with NumPy, OpenCV and LiteRT.
        load_ms: From the file to a network that is ready.
        first_ms: The first run.
        peak_mb: The most memory the process ever held, in 10^6 bytes.
    """

    import_ms: float
    load_ms: float
    first_ms: float
    peak_mb: float


def measure_process_cost(path: str | os.PathLike[str], *, threads: int = 1) -> ProcessCost:
    """Measure a file in a process of its own; an `InputError` where it cannot be run."""
    command = [sys.executable, "-m", __name__, os.fspath(path), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"{path} cannot be run in a process of its own: {last}")
    return ProcessCost(**json.loads(done.stdout.strip().splitlines()[-1]))


def _peak_bytes() -> int:
    """The most memory of this process alone.

    `getrusage` will not do on Linux: there a new process starts with its parent's figure.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _measure(path: str, threads: int = 1) -> ProcessCost:
    moments = [time.perf_counter()]
    import ai_edge_litert.interpreter  # noqa: F401 - what a prediction imports, as the next
    import numpy as np

    import dfrnet_keras.tflite.runtime  # noqa: F401
    from dfrnet_keras.tflite.runtime.interpreter import Network

    moments.append(time.perf_counter())
    network = Network(path, threads=threads)
    maps = {name: np.zeros(tensor.shape, np.float32) for name, tensor in network.inputs.items()}
    moments.append(time.perf_counter())
    network.run(maps)
    moments.append(time.perf_counter())
    imported, loaded, ran = ((after - before) * 1e3 for before, after in pairwise(moments))
    return ProcessCost(imported, loaded, ran, _peak_bytes() / 1e6)


if __name__ == "__main__":
    measured = _measure(sys.argv[1], *map(int, sys.argv[2:]))
    print(json.dumps(measured.__dict__))
