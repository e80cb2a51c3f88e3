"""Each example runs from top to bottom, on less."""

import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest

from dfrnet_keras.prediction import KerasPredictor
from dfrnet_keras.store import FeatureStore

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda name: runpy.run_path(str(EXAMPLES / f"{name}.py"))


def test_layers_in_a_network_of_ones_own(example, tmp_path):
    assert example("own_network")["main"](epochs=2, count=64) > 0.3
    assert (tmp_path / "own_network.keras").is_file()


def test_fine_tuning_and_grad_cam(example, tmp_path):
    options = {"size": 16, "epochs": 1, "subjects": 4}
    main = example("fine_tune")["main"]
    history = main(folder="out", **options)
    assert np.isfinite(history.history["val_loss"]).all()
    saved = tmp_path / "out" / "network.keras"
    frames = sorted((tmp_path / "out" / "clips").rglob("*.png"))[0].parent
    grad_cam = example("grad_cam")
    grad_cam["main"](str(saved), str(frames), "heat.png")
    assert cv2.imread(str(tmp_path / "heat.png")).shape == (16, 16, 3)
    # The heat is at most 1, and of another class it is another.
    predictor = KerasPredictor(saved)
    maps = predictor.network_maps(predictor.predict(frames).maps)
    heats = [grad_cam["grad_cam"](predictor.network, maps, label) for label in range(3)]
    assert all(heat.min() >= 0 and heat.max() <= 1 for heat in heats)
    assert not np.array_equal(heats[0], heats[1])

    before = saved.read_bytes()
    with pytest.raises(SystemExit, match="is there already"):
        main(folder="out", **options)
    assert saved.read_bytes() == before


@pytest.mark.slow
def test_what_was_trained_is_fine_tuned_again(example, tmp_path):
    main = example("fine_tune")["main"]
    main(folder="out", size=16, epochs=1, subjects=4)
    saved = tmp_path / "out" / "network.keras"
    # On maps made as before.
    main(str(saved), folder="again", epochs=1, subjects=4)
    first, second = (
        FeatureStore.open(tmp_path / folder / "store").settings for folder in ("out", "again")
    )
    assert first["flow_method"] == second["flow_method"] == "dis"
    assert first["size"] == second["size"] == 16
    # So can the network in the package.
    history = main("drawn-units", folder="preset", epochs=1, subjects=4)
    assert np.isfinite(history.history["val_loss"]).all()


class Camera:
    """A camera that shows the same clip over and over."""

    def __init__(self, frames):
        self.frames, self.shown = frames, 0

    def get(self, _):
        return len(self.frames)

    def read(self):
        self.shown += 1
        if self.shown > 200:
            return False, None
        return True, np.ascontiguousarray(self.frames[self.shown % len(self.frames)][..., ::-1])


@pytest.mark.parametrize("takes", ["maps", "frames"])
def test_a_camera_on_a_device(takes, example, tmp_path, capsys):
    from dfrnet_keras.datasets.synthetic import synthesize_clips
    from dfrnet_keras.models import DFRNet
    from dfrnet_keras.tflite import Predictor, convert
    from dfrnet_keras.tflite.conversion.frames_input import take_frames

    about = {"store": {"settings": {"flow_method": "ilk"}}}
    content = convert(DFRNet(input_size=16, stages=1), description=about)
    path = tmp_path / "net.tflite"
    path.write_bytes(take_frames(content, crop_size=128) if takes == "frames" else content)
    _, clip = next(synthesize_clips(subjects=1, clips_per_subject=1, size=64))
    wide = np.pad(clip.frames, ((0, 0), (0, 0), (10, 10), (0, 0)))
    code = example("embedded_camera")
    code["watch"].__globals__["STILL"] = 0.0
    predictor = Predictor(path)
    assert predictor.takes_frames == (takes == "frames")
    code["watch"](predictor, Camera(wide), answers=2)
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(("negative (", "positive (", "surprise ("))
    code["watch"].__globals__["STILL"] = 1e9
    code["watch"](predictor, Camera(wide), answers=1)
    assert capsys.readouterr().out.strip() == "still"
