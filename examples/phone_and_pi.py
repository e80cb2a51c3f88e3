"""From a network to one small file that takes two face crops, and its answers without Keras.

The network is the one that comes with the package; `dfr-keras fit --all-subjects` makes one of
your clips.

    python examples/phone_and_pi.py
"""

from pathlib import Path

from dfrnet_keras.datasets.synthetic import synthesize_clips
from dfrnet_keras.tflite.conversion.convert_and_verify import convert_and_verify
from dfrnet_keras.tflite.runtime import Predictor


def main(folder: str = "phone", clips: int = 24) -> list[str | None]:
    # 1. On your machine: flow, strain and the network as one file of built-in operations, int8
    # where that costs nothing, compared with the network before it is written.
    (file,) = convert_and_verify(
        None, ["int8"], preset="drawn-units", out=Path(folder), inputs="frames", clips=clips,
        labels=True, overwrite=True,
    )  # fmt: skip
    print(f"{file.path}: {file.bytes / 1e6:.1f} MB")

    # 2. On the device, with numpy, opencv-python-headless and ai-edge-litert alone. On Android and
    # in a browser the same file takes `onset` and `apex`, two crops of 224 x 224.
    predictor = Predictor(file.path, threads=1)
    answers = []
    people = synthesize_clips(subjects=1, clips_per_subject=3, size=224, seed=5, balanced=True)
    for _, clip in people:
        answer = predictor.predict(clip.frames, onset=clip.onset, offset=clip.offset)
        units = ", ".join(answer.strongest_units())
        network = 1000 * answer.timings["network"]
        print(f"drawn {clip.label}: {answer.label} ({units}), flow and network {network:.0f} ms")
        answers.append(answer.label)
    return answers


if __name__ == "__main__":
    main()
