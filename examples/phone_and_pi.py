"""To a phone or a Raspberry Pi: train, convert, check, and answer as the device does.

    python examples/phone_and_pi.py

Everything up to the file is done on your computer. What comes after needs, on the device, numpy,
opencv-python-headless, ai-edge-litert and this package without its dependencies: examples/
embedded_camera.py answers from a camera, examples/android/DfrNet.kt does it in Kotlin.
"""

from dataclasses import replace
from pathlib import Path

from dfrnet_keras.datasets.synthetic import load_synthetic
from dfrnet_keras.learners import NetworkLearner, fit_for_deployment
from dfrnet_keras.models import paper_recipe
from dfrnet_keras.store import FeatureStore
from dfrnet_keras.tflite import Prediction, convert_and_verify


def train(folder: Path, subjects: int, epochs: int) -> Path:
    """A network of flow alone, trained on all subjects, on the flow that a file can compute."""
    clips = load_synthetic(folder / "clips", subjects=subjects, clips_per_subject=6)
    store = FeatureStore.build(clips, folder / "store", size=28, flow_method="ilk")
    training = replace(paper_recipe("ststnet"), epochs=epochs, validation="none")
    return fit_for_deployment(NetworkLearner("ststnet", store, recipe=training), folder / "run")


def answer(file: Path, clip: list) -> Prediction:
    """What runs on the device: neither Keras nor TensorFlow is used below."""
    from dfrnet_keras.features import crop_face
    from dfrnet_keras.tflite import Predictor

    predictor = Predictor(file, threads=1)
    onset, apex = crop_face([clip[0], clip[len(clip) // 2]])
    return predictor.predict_crops(onset, apex)


def main(folder: str = "phone_and_pi", subjects: int = 6, epochs: int = 60) -> Prediction:
    model = train(Path(folder), subjects, epochs)

    # A file that takes two face crops, flow and strain inside. It is run against the network, and
    # not written where it disagrees.
    for file in convert_and_verify(
        model,
        ["none", "float16"],
        store=Path(folder) / "store",
        out=Path(folder) / "files",
        inputs="frames",
        labels=True,
    ):
        agreement = file.frames_agreement
        print(f"{file.path.name}: {file.bytes / 1e6:.2f} MB, {agreement}")
        if not file.written:
            raise SystemExit("It differs from the network: train longer, or look at both.")

    from dfrnet_keras.datasets.synthetic import synthesize_clips

    _, clip = next(synthesize_clips(subjects=1, clips_per_subject=1, seed=9))
    said = answer(file.path, list(clip.frames))
    milliseconds = 1000 * sum(said.timings.values())
    print(f"{said.label}, {said.probabilities}, {milliseconds:.1f} ms on this machine")
    return said


if __name__ == "__main__":
    main()
