"""Seconds to prepare a dataset of camera pictures: face, apex, flow, strain, store.

    python benchmarks/prepare.py                      # 442 clips: minutes
    python benchmarks/prepare.py --clips 20 --json

Clips have 60 to 100 frames of 640 x 480, as JPEG files. As in MEGC 2019, 164 of 442 have no
annotated apex: of these every frame is read and searched. A few invented people are rendered once
and their clips are prepared again and again under new names. The goal for 442 clips on 2 cores is
350 s with TV-L1 and 110 s with DIS. On a machine that does other work compare the processor time
that `--jobs 1` gives (`python benchmarks/prepare.py --flow ilk dis --jobs 1`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2

from dfrnet_keras.datasets import MEGC2019_CLASSES, Clip
from dfrnet_keras.datasets.synthetic import synthesize_clips
from dfrnet_keras.datasets.synthetic.identity import Framing
from dfrnet_keras.features import FLOW_METHODS
from dfrnet_keras.store import FeatureStore

FULL = 442
UNANNOTATED = 164  # those of SMIC
GOALS = {"tvl1": 350.0, "dis": 110.0}
LENGTHS = (60, 73, 87, 100)  # frames of the rendered clips


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds to prepare a dataset.")
    parser.add_argument("--clips", type=int, default=FULL, help=f"number of clips ({FULL})")
    parser.add_argument("--flow", nargs="+", choices=FLOW_METHODS, default=list(GOALS),
                        help="flow methods (tvl1 dis)")  # fmt: skip
    parser.add_argument("--size", type=int, default=224, help="width and height of maps (224)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()

    results = []
    with tempfile.TemporaryDirectory() as folder:
        clips = make_clips(Path(folder), options.clips)
        for method in options.flow:
            started, busy = time.perf_counter(), time.process_time()
            store = FeatureStore.build(
                clips,
                Path(folder) / f"store-{method}",
                size=options.size,
                flow_method=method,
                crop="face",
                jobs=options.jobs,
            )
            seconds, busy = time.perf_counter() - started, time.process_time() - busy
            results.append(
                {
                    "flow": method,
                    "seconds": seconds,
                    "seconds_for_442": seconds * FULL / len(clips),
                    "processor_seconds": busy if options.jobs == 1 else None,
                    "goal_for_442": GOALS.get(method),
                    "skipped": len(store.skipped),
                    "faces_not_found": sum("face_not_found" in row.flags for row in store.rows),
                }
            )
    about: dict[str, Any] = {
        "machine": platform.platform(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "clips": options.clips,
        "size": options.size,
        "jobs": options.jobs,
        "memory_mb": memory(),
    }
    if options.json:
        print(json.dumps({**about, "results": results}, indent=2))
        return
    print("\n".join(f"{name:28} {value}" for name, value in about.items()))
    print("\nflow       seconds  for 442  goal  processor seconds")
    for row in results:
        busy = "" if row["processor_seconds"] is None else f"{row['processor_seconds']:.1f}"
        goal = "" if row["goal_for_442"] is None else f"{row['goal_for_442']:.0f}"
        print(
            f"{row['flow']:9} {row['seconds']:8.1f} {row['seconds_for_442']:8.0f}  {goal:4}  {busy}"
        )


def make_clips(folder: Path, count: int) -> list[Clip]:
    """Clips whose frames are those of a few rendered ones; the system's cache holds them all."""
    rendered: list[tuple[tuple[Path, ...], Any]] = []
    for number, length in enumerate(LENGTHS):
        ((_, clip),) = synthesize_clips(
            subjects=1, clips_per_subject=1, seed=number, frames=length, framing=Framing.raw()
        )
        paths = tuple(folder / f"{number}_{index}.jpg" for index in range(length))
        for path, frame in zip(paths, clip.frames, strict=True):
            cv2.imwrite(str(path), frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        rendered.append((paths, clip))
    clips = []
    for number in range(count):
        paths, clip = rendered[number % len(rendered)]
        # Spread evenly, so that any number of clips has its share without annotation.
        annotated = (number + 1) * UNANNOTATED // FULL == number * UNANNOTATED // FULL
        clips.append(
            Clip(
                dataset="benchmark",
                subject=f"s{number % 68}",
                name=f"c{number}",
                frames=paths,
                onset=clip.onset,
                apex=clip.apex if annotated else None,
                offset=clip.offset,
                label=MEGC2019_CLASSES[number % 3],
            )
        )
    return clips


def memory() -> float:
    """Most memory this process ever held, in megabytes: rendering takes more than preparing."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (1024 * 1024 if platform.system() == "Darwin" else 1024)


if __name__ == "__main__":
    main()
