"""Baselines of spotting and the package's own spotter, on one set of drawn recordings.

    python benchmarks/spotting_baselines.py [--recordings 8] [--seconds 30] [--size 320 240]
                                            [--folds 2] [--methods spot softnet ...]

A person in each recording, none of whom was drawn anywhere else; all methods go through
`evaluation.spotting`, networks and lengths being learned from the other people's recordings.
Recordings are drawn as those of `benchmarks/spotting.py`, by the same seeds.
"""

import argparse
import time
from pathlib import Path

import cv2

from dfrnet_keras.datasets.recording import Interval, Recording
from dfrnet_keras.datasets.synthetic.recordings import draw_recording
from dfrnet_keras.evaluation.spotting import baselines, evaluate_finds
from dfrnet_keras.evaluation.spotting.leave_subjects_out import spot_leaving_subjects_out
from dfrnet_keras.features.score_curves import aligned_faces
from dfrnet_keras.learners.softnet import SoftNetLearner

TESTED_ON = 20261127  # first number of the seeds
RATE = 100.0
LEARNERS = (
    baselines.PackageSpotter,
    SoftNetLearner,
    baselines.MapMeans,
    baselines.MainDirections,
    baselines.Chance,
    baselines.Nothing,
)


class DrawnFrames:
    """Recordings in memory, and the faces that all baselines look at, cut out once."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.drawn, self.recordings, self._faces = {}, [], {}
        for number in range(arguments.recordings):
            drawn = draw_recording(
                (TESTED_ON, number), arguments.seconds, RATE, size=tuple(arguments.size)
            )
            name = f"r{number}"
            truth = tuple(
                Interval(one.onset, one.apex, one.offset, one.kind, one.label)
                for one in drawn.intervals
            )
            self.drawn[name] = drawn
            self.recordings.append(
                Recording("drawn", str(number), name, Path("."), drawn.count, RATE, truth)
            )

    def read(self, recording: Recording, indexes: range):
        for index, frame in enumerate(self.drawn[recording.name].frames()):
            if index in indexes:
                yield cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)

    def faces(self, recording: Recording, step: int):
        if (recording.name, step) not in self._faces:
            frames = self.read(recording, range(0, recording.count, step))
            self._faces[recording.name, step] = list(aligned_faces(frames))
        return iter(self._faces[recording.name, step])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--size", type=int, nargs=2, default=[320, 240])
    parser.add_argument("--folds", type=int, default=2, help="groups of people for softnet")
    parser.add_argument("--methods", nargs="+", choices=[one.name for one in LEARNERS],
                        default=[one.name for one in LEARNERS])  # fmt: skip
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    frames = DrawnFrames(arguments)
    for make in LEARNERS:
        if make.name not in arguments.methods:
            continue
        learner = make(read=frames.read)
        learner.faces = lambda one, learner=learner: frames.faces(one, learner.step(one))
        for thresholds in ("published", "training-subjects"):
            if thresholds != "published" and learner.threshold is None:
                continue
            begun = time.perf_counter()
            run = spot_leaving_subjects_out(
                learner, frames.recordings, thresholds=thresholds, folds=arguments.folds
            )
            took = time.perf_counter() - begun
            scores = evaluate_finds(frames.recordings, run.finds)
            for kind in ("micro", "macro"):
                own = getattr(scores, kind)
                low, high = own.intervals["f1"]
                apex = "-" if own.apex_error is None else f"{own.apex_error:.1f}"
                print(
                    f"{make.name:10} {thresholds:17} {kind}  F1 {own.f1:.3f} ({low:.3f}-{high:.3f})"
                    f"  precision {own.precision:.3f}  recall {own.recall:.3f}  hits {own.hits}"
                    f"/{own.truth}  false/min {own.false_finds_a_minute:.1f}  apex error {apex}"
                    f"  {took:.0f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
