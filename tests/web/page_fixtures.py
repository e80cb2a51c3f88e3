"""What the tests of the page need: the site, drawn clips, and what Python says of them.

    python tests/web/page_fixtures.py build/web --clips 4

Clips are answered from their first frame to every other one, since the page finds an apex of its
own: it is held to Python's answer for the same two frames.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic import synthesize_clips
from dfrnet_keras.datasets.synthetic.clips import STRONG
from dfrnet_keras.datasets.synthetic.identity import Framing
from dfrnet_keras.datasets.synthetic.recordings import draw_recording
from dfrnet_keras.features.face import FaceCutter
from dfrnet_keras.startup import start_keras
from dfrnet_keras.tflite.runtime import Predictor
from dfrnet_keras.web import write_site

SIZE = (320, 240)
RATE = 30.0
SAMPLE = (16, 22)  # frames of the sample's movement, as the page finds them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--clips", type=int, default=4)
    options = parser.parse_args()
    start_keras()
    site = write_site(options.out / "site", overwrite=True)
    model = options.out / "model.tflite"
    model.write_bytes(gzip.decompress((site / "models" / "model.tflite.gz").read_bytes()))
    predictor = Predictor(model)
    clips = []
    drawn = synthesize_clips(subjects=options.clips, clips_per_subject=1, seed=18, balanced=True,
                             framing=Framing.raw(*SIZE), **STRONG)  # fmt: skip
    for number, (plan, clip) in enumerate(drawn):
        # Half of them videos, half of them pictures: the page reads both.
        name = f"clip-{number:02d}"
        frames = list(clip.frames)
        if number % 2 == 0:
            path = options.out / f"{name}.webm"
            write_video(path, frames)
            frames = read_video(path)
            files = [path.name]
        else:
            files = [f"{name}/{k:03d}.png" for k in range(len(frames))]
            (options.out / name).mkdir(exist_ok=True)
            for file, frame in zip(files, frames, strict=True):
                cv2.imwrite(str(options.out / file), frame[..., ::-1])
        answers = answer(predictor, frames, [(0, apex) for apex in range(1, len(frames))])
        pixels = [hashlib.sha256(frame.tobytes()).hexdigest() for frame in frames]
        clips.append({"name": name, "files": files, "frames": len(frames), "apex": plan.spec.apex,
                      "label": plan.spec.label, "pixels": pixels,
                      "answers": [None, *answers]})  # fmt: skip
    write_camera(options.out / "camera.mjpeg")
    sample = answer(predictor, read_video(site / "sample.webm"), [SAMPLE])[0]
    expected = {"clips": clips, "sample": {"frames": SAMPLE, "answer": sample}}
    (options.out / "expected.json").write_text(json.dumps(expected, indent=1))


def answer(
    predictor: Predictor, frames: list[NDArray[np.uint8]], pairs: list[tuple[int, int]]
) -> list[dict[str, Any]]:
    """What Python says of pairs of frames of a clip."""
    cutter = FaceCutter(finder="landmarks")
    cutter.fit(frames)
    faces = [cutter(frame) for frame in frames]
    given = [predictor.predict_crops(faces[onset], faces[apex]) for onset, apex in pairs]
    return [{"label": one.label, "probabilities": one.probabilities, "movement": one.movement}
            for one in given]  # fmt: skip


def write_camera(path: Path) -> None:
    """What Chromium's fake camera shows, over and over: JPEG files, one after the other."""
    recording = draw_recording(11, seconds=3.0, frame_rate=RATE, size=(640, 480), micro=20,
                               happenings=("blink",))  # fmt: skip
    shots = (cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
             for frame in recording.frames())  # fmt: skip
    path.write_bytes(b"".join(shot.tobytes() for shot in shots))


def write_video(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), RATE, SIZE)
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()


def read_video(path: Path) -> list[NDArray[np.uint8]]:
    reader, frames = cv2.VideoCapture(str(path)), []
    while (read := reader.read())[0]:
        frames.append(np.ascontiguousarray(read[1][..., ::-1], np.uint8))
    return frames


if __name__ == "__main__":
    main()
