import json

import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import frame_difference, optical_strain
from dfrnet_keras.tflite import Predictor, write_golden


@pytest.fixture
def golden(tflite_file, clip, tmp_path):
    frames, onset, apex = clip
    folder = write_golden(tflite_file, tmp_path / "golden", frames=frames, onset=onset, apex=apex)
    about = json.loads((folder / "golden.json").read_text())
    steps = {
        file.removesuffix(".bin"): np.fromfile(folder / file, entry["dtype"]).reshape(
            entry["shape"]
        )
        for file, entry in about["files"].items()
    }
    return folder, about, steps


def test_each_step_follows_from_the_one_before(golden, clip, tflite_file):
    _, about, steps = golden
    assert about["classes"] == ["negative", "positive", "surprise"]
    assert about["preparation"]["flow_method"] == "dis"
    assert (steps["onset"] == clip[0][clip[1]]).all()
    resized = cv2.resize(steps["onset"], (128, 128), interpolation=cv2.INTER_CUBIC)
    assert (steps["onset_resized"] == resized).all()
    frames = [np.rint(steps[f"{name}_prepared"]).astype(np.uint8) for name in ("onset", "apex")]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*frames, None)
    assert (steps["flow_computed"] == dis).all()
    blurred = cv2.GaussianBlur(steps["flow_computed"], (0, 0), 1.5)
    assert (steps["flow_smoothed"] == blurred).all()
    assert (steps["flow_final"] == steps["flow_smoothed"]).all()  # this network keeps it
    assert (steps["strain"] == optical_strain(steps["flow_final"])).all()
    maps = np.dstack([steps["flow_final"], steps["strain"]])
    maps = cv2.resize(maps, (32, 32), interpolation=cv2.INTER_AREA)
    maps[..., :2] *= 32 / 128
    assert (steps["flow"] == maps.astype(np.float16)).all()
    assert steps["difference"].shape == (32, 32, 1)
    assert frame_difference(steps["apex"], steps["apex"]).max() == 0
    network = Predictor(tflite_file).network
    again = network.run({name: steps[name] for name in network.inputs})
    assert (steps["probabilities"] == again).all()


def test_another_folder_is_replaced_only_when_asked(golden, tflite_file):
    folder, about, _ = golden
    with pytest.raises(InputError, match="is there already"):
        write_golden(tflite_file, folder)
    (folder / "old").touch()
    write_golden(tflite_file, folder, overwrite=True)
    assert not (folder / "old").exists()
    assert json.loads((folder / "golden.json").read_text())["classes"] == about["classes"]
