import json

import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import frame_difference, optical_flow, optical_strain
from dfrnet_keras.tflite import Predictor, read_metadata, with_metadata, write_porting_reference


def read(folder):
    about = json.loads((folder / "golden.json").read_text())
    steps = {
        file.removesuffix(".bin"): np.fromfile(folder / file, entry["dtype"]).reshape(
            entry["shape"]
        )
        for file, entry in about["files"].items()
    }
    return folder, about, steps


@pytest.fixture
def golden(tflite_file, clip, tmp_path):
    frames, onset, apex = clip
    return read(
        write_porting_reference(
            tflite_file, tmp_path / "golden", frames=frames, onset=onset, apex=apex
        )
    )


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


def test_steps_where_the_movement_of_the_head_is_removed(tflite_file, clip, tmp_path):
    content = tflite_file.read_bytes()
    about = read_metadata(content)
    about["preparation"]["remove_global_motion"] = True
    path = tmp_path / "still.tflite"
    path.write_bytes(with_metadata(content, about))
    frames, onset, apex = clip
    frames = np.stack([*frames[:apex], np.roll(frames[apex], 2, axis=1)])
    folder = write_porting_reference(
        path, tmp_path / "golden", frames=frames, onset=onset, apex=apex
    )
    _, about, steps = read(folder)
    assert steps["head_motion"][..., 0].mean() == pytest.approx(2 * 128 / 96, rel=0.2)
    assert steps["apex_pulled_back"].shape == (128, 128)
    expected = optical_flow(
        steps["onset_resized"], steps["apex_resized"], method="dis", remove_global_motion=True
    )
    np.testing.assert_allclose(steps["flow_final"], expected, atol=1e-4)
    maps = np.dstack([steps["flow_final"], steps["strain"]])
    maps = cv2.resize(maps, (32, 32), interpolation=cv2.INTER_AREA)
    maps[..., :2] *= 32 / 128
    np.testing.assert_allclose(steps["flow"], maps, atol=2e-3)
    # Each file has words that say what it is.
    assert all(entry["step"] for entry in about["files"].values())


def test_another_folder_is_replaced_only_when_asked(golden, tflite_file):
    folder, about, _ = golden
    with pytest.raises(InputError, match="is there already"):
        write_porting_reference(tflite_file, folder)
    (folder / "old").touch()
    write_porting_reference(tflite_file, folder, overwrite=True)
    assert not (folder / "old").exists()
    assert json.loads((folder / "golden.json").read_text())["classes"] == about["classes"]


def test_a_folder_of_something_else_is_never_replaced(tflite_file, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(InputError, match="holds something else"):
        write_porting_reference(tflite_file, tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep me"
