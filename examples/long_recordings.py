"""Find the expressions in a recording of any length, and name them.

The recording is drawn, with what happened in it written down; put a video of yours in its place,
or give it to `dfr-keras spot VIDEO`.

    python examples/long_recordings.py
"""

from pathlib import Path

from dfrnet_keras.datasets.synthetic.recordings import draw_recording, write_video
from dfrnet_keras.models.preset import preset_file
from dfrnet_keras.prediction.naming import Namer
from dfrnet_keras.prediction.recording import name_movements, spot_recording
from dfrnet_keras.tflite.runtime import Predictor


def main(folder: str = "recording", seconds: float = 20.0, size: tuple[int, int] = (320, 240)):
    # 1. A recording: blinks, speech, turns of the head, and expressions of known place and class.
    Path(folder).mkdir(exist_ok=True)
    drawn = draw_recording(3, seconds, 60.0, size=size)
    video = Path(folder) / "drawn.avi"
    write_video(drawn, video)
    for truth in drawn.intervals:
        print(f"drawn: frames {truth.onset} to {truth.offset}, {truth.kind}, {truth.label}")

    # 2. What moved and came back, frame by frame and with bounded memory.
    recording = spot_recording(video)

    # 3. Each find named by a network, which may be "not sure".
    namer = Namer(Predictor(preset_file()))
    finds = [(movement, name.label) for movement, name, _ in name_movements(recording, namer)]
    for found, label in finds:
        print(f"found: frames {found.onset} to {found.offset}, {found.kind}, {label or 'not sure'}")
    return drawn.intervals, finds


if __name__ == "__main__":
    main()
