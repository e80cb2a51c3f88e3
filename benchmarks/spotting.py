"""Spotting on drawn recordings of people never drawn before: what is found, how fast, how much.

    python benchmarks/spotting.py [--recordings 6] [--quiet-recordings 4] [--seconds 30]
                                  [--size 640 480] [--minutes 0.5 2] [--jobs 2] [--parts ...]

The goals are those for 60 recordings: `--recordings 60 --quiet-recordings 20 --seconds 60
--minutes 1 4 16`. Thresholds were chosen on recordings of other seeds (`CHOSEN_ON`), by
`--choose`; the figures of the table chose nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed

from dfrnet_keras.datasets.synthetic.recordings import draw_recording, write_video
from dfrnet_keras.features.spotting import Spotter, Thresholds
from dfrnet_keras.features.spotting.tracking import FaceTracker, Sample

CHOSEN_ON, TESTED_ON = 9100, 20261127  # first numbers of the seeds
RATE = 100.0
PARTS = ("finds", "quiet", "speed", "watch")
# What --choose tries, one after the other, each with the best of those before.
GRID = {
    "strength": (0.003, 0.0045, 0.006, 0.008),
    "noise": (3.0, 4.0, 5.0),
    "jaw": (0.2, 0.25, 0.3),
    "mouth": (0.25, 0.35, 0.45),
    "strongest_micro": (0.04, 0.055, 0.08),
    "head": (0.15, 0.3, 0.45),
    "macro_head": (0.5, 1.0, 1.5),
    "macro_strength": (0.015, 0.02, 0.03),
}


class _Replay:
    """A tracker that has seen the recording before: thresholds are tried without drawing again."""

    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples

    def __call__(self, frame: np.ndarray, index: int, second: float) -> Sample:
        return self._samples[index]


def track(seed: tuple[int, int], seconds: float, **options):
    """Samples of a drawn recording, and its truth."""
    cv2.setNumThreads(1)
    recording = draw_recording(seed, seconds, RATE, **options)
    tracker = FaceTracker()
    samples = [
        tracker(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), index, index / RATE)
        for index, frame in enumerate(recording.frames())
    ]
    return samples, recording.intervals


def spot(samples: list[Sample], thresholds: Thresholds) -> list:
    spotter = Spotter(thresholds)
    spotter._tracker = _Replay(samples)  # the same code as from frames, without the frames
    nothing = np.zeros((1, 1), np.uint8)
    found = []
    for sample in samples:
        found += spotter.push(nothing, sample.time)
    return found + spotter.finish()


def count(tracked: list, thresholds: Thresholds, kind: str) -> dict:
    """Hits, false finds, misses over all recordings, as MEGC counts: IoU of frames 0.5 or more."""
    hits, false, missed, apexes, seconds = 0, 0, 0, [], 0.0
    by_recording = []
    for samples, truth in tracked:
        before = false
        open_truth = [one for one in truth if one.kind == kind]
        seconds += samples[-1].time
        found = [one for one in spot(samples, thresholds) if one.kind == kind]
        for one in sorted(found, key=lambda find: -find.confidence):
            shared = [_iou(one, other) for other in open_truth]
            if shared and max(shared) >= 0.5:
                apexes.append(abs(one.apex - open_truth.pop(int(np.argmax(shared))).apex))
                hits += 1
            else:
                false += 1
        missed += len(open_truth)
        by_recording.append(false - before)
    return {
        "hits": hits,
        "false": false,
        "missed": missed,
        "f1": round(2 * hits / max(1, 2 * hits + false + missed), 3),
        "precision": round(hits / max(1, hits + false), 3),
        "recall": round(hits / max(1, hits + missed), 3),
        "apex_error_frames": round(float(np.mean(apexes)), 2) if apexes else None,
        "false_by_recording": by_recording,
        "false_a_minute": round(60 * false / max(seconds, 1e-9), 2),
    }


def _iou(one, other) -> float:
    shared = min(one.offset, other.offset) - max(one.onset, other.onset) + 1
    both = one.offset - one.onset + other.offset - other.onset + 2
    return max(0, shared) / (both - max(0, shared))


def draw_all(first: int, numbers: range, arguments, **options) -> list:
    return Parallel(n_jobs=arguments.jobs)(
        delayed(track)((first, number), arguments.seconds, size=tuple(arguments.size), **options)
        for number in numbers
    )


def choose(arguments) -> None:
    """Thresholds by F1 of both kinds on other people, less false finds on quiet recordings."""
    busy = draw_all(CHOSEN_ON, range(1000, 1000 + arguments.recordings), arguments)
    quiet = draw_all(CHOSEN_ON, range(2000, 2000 + arguments.quiet_recordings), arguments,
                     micro=0, macro=0)  # fmt: skip

    def goodness(thresholds: Thresholds) -> float:
        f1 = [count(busy, thresholds, kind)["f1"] for kind in ("micro", "macro")]
        false = [count(quiet, thresholds, kind)["false_a_minute"] for kind in ("micro", "macro")]
        return 2 * f1[0] + f1[1] - 0.2 * sum(false)

    best = Thresholds()
    value = goodness(best)
    for name, values in GRID.items():
        for tried in values:
            other = replace(best, **{name: tried})
            reached = goodness(other)
            if reached > value:
                best, value = other, reached
        print(name, getattr(best, name), round(value, 3), flush=True)
    print(json.dumps(asdict(best)))


def speed(minutes: list[float], size: list[int]) -> list[dict]:
    """Frames a second and peak memory of `spot_recording` on one core, by length."""
    rows = []
    code = (
        "import sys, time, resource, json, cv2; cv2.setNumThreads(1);"
        "from dfrnet_keras.prediction.recording import spot_recording;"
        "begun, used = time.perf_counter(), time.process_time();"
        "done = spot_recording(sys.argv[1]);"
        "print(json.dumps([done.frames, time.perf_counter() - begun, time.process_time() - used,"
        " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))"
    )
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
             "OPENCV_FOR_THREADS_NUM": "1"}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for length in minutes:
            video = Path(folder) / f"{length}.mp4"
            write_video(draw_recording((TESTED_ON, 7), 60 * length, 30.0, size=tuple(size)), video)
            done = subprocess.run([sys.executable, "-c", code, str(video)], env=alone, check=True,
                                  capture_output=True, text=True)  # fmt: skip
            frames, wall, cpu, peak = json.loads(done.stdout.splitlines()[-1])
            rows.append({"minutes": length, "frames": frames, "peak_mib": round(peak),
                         "frames_a_second": round(frames / wall),
                         "frames_a_cpu_second": round(frames / cpu)})  # fmt: skip
            video.unlink()
    return rows


def watch(seconds: float, size: list[int]) -> dict:
    """Latency and dropped frames at 30 frames a second; the preset names the finds."""
    from dfrnet_keras.frames.live import LiveFrames
    from dfrnet_keras.models.preset import preset_file
    from dfrnet_keras.prediction.live import LiveSpotter
    from dfrnet_keras.prediction.naming import Namer
    from dfrnet_keras.tflite.runtime import Predictor

    namer = Namer(Predictor(preset_file()))
    namer.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "watched.mp4"
        write_video(draw_recording((TESTED_ON, 8), seconds, 30.0, size=tuple(size), micro=20,
                                   happenings=("blink", "drift")), video)  # fmt: skip
        spotter, seen, finds = LiveSpotter(namer), 0, []
        frames = LiveFrames(video)
        begun = time.perf_counter()
        for frame in frames:
            seen += 1
            finds += spotter.push(frame)
        wall = time.perf_counter() - begun
    quick = sorted(1000 * find.latency for find in finds if find.movement.kind == "micro")
    return {"frames": seen, "dropped": frames.dropped, "frames_a_second": round(seen / wall, 1),
            "micro_finds": len(quick), "latency_ms": [round(each) for each in quick]}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=6)
    parser.add_argument("--quiet-recordings", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--size", type=int, nargs=2, default=[640, 480])
    parser.add_argument("--minutes", type=float, nargs="+", default=[0.5, 2.0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--people", type=int, default=TESTED_ON, help="first number of the seeds")
    parser.add_argument("--choose", action="store_true", help="choose thresholds, on other people")
    arguments = parser.parse_args()
    if arguments.choose:
        choose(arguments)
        return
    known = Thresholds()
    if "finds" in arguments.parts:
        tracked = draw_all(arguments.people, range(arguments.recordings), arguments)
        for kind in ("micro", "macro"):
            print(kind, json.dumps(count(tracked, known, kind)), flush=True)
    if "quiet" in arguments.parts:
        numbers = range(500, 500 + arguments.quiet_recordings)
        tracked = draw_all(arguments.people, numbers, arguments, micro=0, macro=0)
        both = [count(tracked, known, kind)["false_a_minute"] for kind in ("micro", "macro")]
        print("without expressions, false finds a minute:", dict(zip(("micro", "macro"), both,
              strict=True)), flush=True)  # fmt: skip
    if "speed" in arguments.parts:
        for row in speed(arguments.minutes, arguments.size):
            print("spot", json.dumps(row), flush=True)
    if "watch" in arguments.parts:
        print("watch", json.dumps(watch(30.0, arguments.size)))


if __name__ == "__main__":
    main()
