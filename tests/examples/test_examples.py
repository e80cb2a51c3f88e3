"""Each example runs from top to bottom, on less."""

import runpy
from pathlib import Path

import numpy as np
import pytest

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
    assert (tmp_path / "heat.png").stat().st_size > 100


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


def test_a_camera_on_a_device(example, tmp_path, capsys):
    from dfrnet_keras.datasets.synthetic import synthesize_clips
    from dfrnet_keras.models import DFRNet
    from dfrnet_keras.tflite import Predictor, convert

    about = {"store": {"settings": {"flow_method": "dis"}}}
    path = tmp_path / "net.tflite"
    path.write_bytes(convert(DFRNet(input_size=16, stages=1), description=about))
    _, clip = next(synthesize_clips(subjects=1, clips_per_subject=1, size=64))
    wide = np.pad(clip.frames, ((0, 0), (0, 0), (10, 10), (0, 0)))
    code = example("embedded_camera")
    code["watch"].__globals__["STILL"] = 0.0
    code["watch"](Predictor(path), Camera(wide), answers=2)
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(("negative (", "positive (", "surprise ("))
    code["watch"].__globals__["STILL"] = 1e9
    code["watch"](Predictor(path), Camera(wide), answers=1)
    assert capsys.readouterr().out.strip() == "still"
