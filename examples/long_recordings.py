"""Long recordings: find the expressions in a video of any length, name them, write a table.

    python examples/long_recordings.py [VIDEO]

Without a video one is drawn, whose expressions are known. The same from the command line, with a
page to look at: `dfr-keras spot VIDEO --out found --page found/page.html`.
"""

import sys
from pathlib import Path

from dfrnet_keras.datasets.synthetic.recordings import draw_recording, write_video
from dfrnet_keras.models.preset import DEFAULT_PRESET, preset_file
from dfrnet_keras.prediction.finds import find_row, write_table
from dfrnet_keras.prediction.naming import Namer
from dfrnet_keras.prediction.recording import name_movements, spot_recording
from dfrnet_keras.tflite import Predictor


def main(video: str | None = None, folder: str = "long_recordings", seconds: float = 20.0) -> list:
    Path(folder).mkdir(exist_ok=True)
    if video is None:
        video = str(Path(folder) / "drawn.avi")
        drawn = draw_recording(4, seconds, 50.0, micro=12, macro=3, happenings=("blink",))
        write_video(drawn, video)
        for one in drawn.intervals:
            print(f"drawn: frames {one.onset} to {one.offset}")

    # The recording is read once, frame by frame; a checkpoint lets a stopped program go on.
    checkpoint = Path(folder) / "checkpoint"
    recording = spot_recording(video, checkpoint=checkpoint)
    if recording.problem:
        print(f"read only in part: {recording.problem}")

    # Each find is named by the network of the package; `class` is None where it is not sure.
    namer = Namer(Predictor(preset_file(DEFAULT_PRESET)))
    rows = [
        find_row(recording, "P1", movement, name)
        for movement, name, _ in name_movements(recording, namer)
    ]
    for row in rows:
        print(f"{row['second']:8.2f} s  {row['kind']:5}  {row['class'] or 'not sure'}")
    write_table(Path(folder) / "finds.csv", rows)
    return rows


if __name__ == "__main__":
    main(*sys.argv[1:2])
