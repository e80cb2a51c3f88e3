"""Mean error of every apex spotter on drawn clips of three difficulties.

    python benchmarks/apex.py                     # 60 clips each: about ten minutes on two cores
    python benchmarks/apex.py --clips 6 --json

Clips have 100 frames of 224 x 224 and an apex drawn evenly between a fifth and four fifths of the
clip. easy: 1 to 2.5 px, noise 1; medium: 0.8 to 2.2 px, noise 2, drift 0.6 px, flicker 1 %; hard:
0.5 to 1.5 px, noise 4, drift 0.8 px, flicker 2 %. Each clip is another invented person. The
goal is a mean error of `flow` of at most 3, 5 and 9 frames, below the middle frame's.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform

import cv2
import numpy as np
from joblib import Parallel, delayed

from dfrnet_keras.datasets import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.datasets.synthetic.motion import ACTION_UNITS, sample_spec
from dfrnet_keras.datasets.synthetic.render import render_clip
from dfrnet_keras.features import SPOTTERS, spot_apex

DIFFICULTIES = {
    "easy": {"amplitude": (1.0, 2.5), "noise": 1, "drift": 0, "flicker": 0},
    "medium": {"amplitude": (0.8, 2.2), "noise": 2, "drift": 0.6, "flicker": 0.01},
    "hard": {"amplitude": (0.5, 1.5), "noise": 4, "drift": 0.8, "flicker": 0.02},
}
GOALS = {"easy": 3.0, "medium": 5.0, "hard": 9.0}
FRAMES = 100
SIZE = 224


def main() -> None:
    parser = argparse.ArgumentParser(description="Mean error of every apex spotter.")
    parser.add_argument("--clips", type=int, default=60, help="clips a difficulty (60)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()

    errors: dict[str, dict[str, float]] = {name: {} for name in SPOTTERS}
    for row, difficulty in enumerate(DIFFICULTIES):
        found = Parallel(n_jobs=options.jobs)(
            delayed(spotting_errors)(row, number, difficulty) for number in range(options.clips)
        )
        for name in SPOTTERS:
            errors[name][difficulty] = float(np.mean([one[name] for one in found]))
    reached = all(
        errors["flow"][name] <= min(goal, errors["midpoint"][name]) for name, goal in GOALS.items()
    )
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if options.json:
        print(json.dumps({"clips": options.clips, "errors": errors, "goals": GOALS,
                          "reached": reached, "machine": machine}, indent=1))  # fmt: skip
        return
    print(f"Mean error in frames, {options.clips} clips of {FRAMES} frames a column ({machine})")
    print(f"{'':<12}" + "".join(f"{name:>9}" for name in DIFFICULTIES))
    for name, row in errors.items():
        print(f"{name:<12}" + "".join(f"{row[column]:9.1f}" for column in DIFFICULTIES))
    print(f"{'goal, flow':<12}" + "".join(f"{goal:9.1f}" for goal in GOALS.values())
          + ("   reached" if reached else "   missed"))  # fmt: skip


def spotting_errors(row: int, number: int, difficulty: str) -> dict[str, int]:
    """Frames between the drawn apex and the one each spotter finds, in one clip."""
    identity = make_identity((77, number), tuple(ACTION_UNITS))
    spec = sample_spec(
        identity,
        MEGC2019_CLASSES[number % 3],
        (row, number),
        frames=FRAMES,
        **DIFFICULTIES[difficulty],
    )
    apex = int(np.random.default_rng([row, number, 9]).integers(FRAMES // 5, FRAMES * 4 // 5))
    clip = render_clip(identity, dataclasses.replace(spec, apex=apex), Framing.cropped(SIZE))
    gray = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clip.frames])
    return {name: abs(spot_apex(gray, method=name) - apex) for name in SPOTTERS}


if __name__ == "__main__":
    main()
