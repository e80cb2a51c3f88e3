"""Draws the sample of the page: three seconds of a drawn person who smiles and blinks.

python .ci/draw_sample.py
"""

from __future__ import annotations

from pathlib import Path

import cv2

from dfrnet_keras.datasets.synthetic.recordings import draw_recording

TARGET = Path(__file__).parents[1] / "web" / "page" / "sample.webm"
RATE = 30.0


def main() -> None:
    recording = draw_recording(11, seconds=3.0, frame_rate=RATE, micro=20, happenings=("blink",))
    writer = cv2.VideoWriter(str(TARGET), cv2.VideoWriter.fourcc(*"VP80"), RATE, recording.size)
    for frame in recording.frames():
        writer.write(frame[..., ::-1])
    writer.release()
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes; the movements: {recording.intervals}")


if __name__ == "__main__":
    main()
