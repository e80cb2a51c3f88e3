from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from dfrnet_keras.datasets.synthetic import clips as synthetic
from dfrnet_keras.datasets.synthetic import load_synthetic, plan_clips, synthesize_clips
from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.datasets.synthetic.motion import sample_spec
from dfrnet_keras.datasets.synthetic.render import SyntheticClip, render_clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import extract_features
from dfrnet_keras.frames import read_clip

SMALL = {"subjects": 2, "clips_per_subject": 3, "size": 48, "frames": 5}


def render(**options: object) -> dict[str, SyntheticClip]:
    return {
        f"{plan.subject}/{plan.name}": clip for plan, clip in synthesize_clips(**(SMALL | options))
    }


def file_bytes(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        load_synthetic(tmp_path / name, **SMALL)
    assert file_bytes(tmp_path / "one") == file_bytes(tmp_path / "two")
    load_synthetic(tmp_path / "three", **SMALL, seed=1)
    one, three = (sorted(file_bytes(tmp_path / name).values()) for name in ("one", "three"))
    assert not set(one) & set(three)


def test_a_clip_does_not_depend_on_how_many_there_are() -> None:
    few = render(subjects=1, clips_per_subject=2)
    many = render(subjects=3, clips_per_subject=4)
    for key, clip in few.items():
        np.testing.assert_array_equal(clip.frames, many[key].frames)
    reverse = plan_clips(**SMALL)[::-1]
    forward = render()
    for plan in reverse:
        clip = render_clip(plan.identity, plan.spec, plan.framing)
        np.testing.assert_array_equal(clip.frames, forward[f"{plan.subject}/{plan.name}"].frames)


def test_people_differ_and_stay_themselves() -> None:
    framing = Framing.cropped(64)
    first, again, other = (render_face(make_identity(seed), framing) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 5
    assert first.shape == (128, 128, 3)
    assert first.min() >= 0
    assert first.max() <= 255
    assert len(make_identity(1).traits) >= 25


def test_the_field_carries_the_onset_to_the_apex() -> None:
    """Without noise the apex, looked up where the field points, is the onset."""
    identity = make_identity(3)
    spec = sample_spec(
        identity, "positive", 1, frames=5, amplitude=(1.5, 1.5), noise=0, drift=1.5, flicker=0
    )
    clip = render_clip(identity, spec, Framing.cropped(128))
    assert clip.field.shape == clip.expression.shape == (128, 128, 2)
    assert np.abs(clip.field).max() > 0.5
    onset, apex = (clip.frames[index].astype(float).mean(-1) for index in (clip.onset, clip.apex))
    y, x = np.mgrid[:128, :128]

    def difference(flow: NDArray) -> float:
        at = [y + flow[..., 1], x + flow[..., 0]]
        pulled = map_coordinates(apex, at, order=3, mode="nearest")
        return float(np.abs(pulled - onset)[4:-4, 4:-4].mean())

    assert difference(clip.field) < 0.15 * difference(0 * clip.field)
    assert difference(clip.field) < 0.3 * difference(clip.expression)


def test_the_apex_is_the_strongest_frame() -> None:
    for clip in render(noise=0, drift=0, flicker=0, frames=9, still=1).values():
        assert (clip.onset, clip.offset) == (1, 7)
        assert clip.onset < clip.apex < clip.offset
        change = np.abs(clip.frames.astype(float) - clip.frames[clip.onset]).mean((1, 2, 3))
        assert change.argmax() == clip.apex
        np.testing.assert_array_equal(clip.frames[0], clip.frames[clip.offset])


def test_noise_drift_and_flicker_do_what_they_say() -> None:
    quiet = {"noise": 0, "drift": 0, "flicker": 0, "amplitude": (0, 0)}
    still = render(**quiet)["s01/c01"].frames.astype(float)
    assert np.ptp(still, axis=0).max() == 0
    noisy = render(**quiet | {"noise": 3})["s01/c01"].frames.astype(float)
    assert 2 < (noisy - still).std() < 4
    flickering = render(**quiet | {"flicker": 0.03})["s01/c01"].frames.astype(float)
    assert np.ptp(flickering.mean((1, 2, 3))) > 0.5
    drifting = render(**quiet | {"drift": 2})["s01/c01"]
    assert np.abs(drifting.field).mean() > 0.1
    assert np.abs(drifting.expression).max() == 0


def test_classes_come_in_the_proportions_of_the_field() -> None:
    plans = plan_clips(subjects=3, clips_per_subject=24)
    for subject in ("s01", "s02", "s03"):
        counts = Counter(plan.spec.label for plan in plans if plan.subject == subject)
        assert counts == {"negative": 14, "positive": 6, "surprise": 4}
    orders = {
        tuple(plan.spec.label for plan in plans if plan.subject == subject)
        for subject in ("s01", "s02", "s03")
    }
    assert len(orders) == 3
    balanced = Counter(plan.spec.label for plan in plan_clips(subjects=2, balanced=True))
    assert set(balanced.values()) == {8}


def test_clips_on_disk_are_those_in_memory(tmp_path: Path) -> None:
    clips = load_synthetic(tmp_path, **SMALL)
    rendered = render()
    assert [clip.key for clip in clips] == [f"synthetic/{key}" for key in rendered]
    for clip, truth in zip(clips, rendered.values(), strict=True):
        np.testing.assert_array_equal(read_clip(clip.frames), truth.frames)
        assert (clip.onset, clip.apex, clip.offset) == (truth.onset, truth.apex, truth.offset)
        assert clip.label == truth.label


def test_rendering_happens_once_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    original = synthetic._write

    def counting(frames: NDArray, folder: Path) -> None:
        if len(written) == 2 and "interrupted" not in written:
            written.append("interrupted")
            raise KeyboardInterrupt
        written.append(folder.name)
        original(frames, folder)

    monkeypatch.setattr(synthetic, "_write", counting)
    with pytest.raises(KeyboardInterrupt):
        load_synthetic(tmp_path, **SMALL)
    load_synthetic(tmp_path, **SMALL)
    assert len(written) == 6 + 1
    load_synthetic(tmp_path, **SMALL)
    load_synthetic(tmp_path, **SMALL | {"subjects": 1})
    assert len(written) == 6 + 1
    load_synthetic(tmp_path, **SMALL | {"clips_per_subject": 4})
    assert len(written) == 8 + 1
    assert len(list(tmp_path.iterdir())) == 1
    load_synthetic(tmp_path, **SMALL, noise=1)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failed_write_leaves_no_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(InputError, match=r"s01/c01 cannot be written \(No space left"):
        load_synthetic(tmp_path, **SMALL)
    assert file_bytes(tmp_path) == {}
    assert not list(tmp_path.rglob("c0*"))


def test_the_default_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path))
    (clip, *_) = load_synthetic(**SMALL)
    assert clip.frames[0].is_relative_to(tmp_path / "synthetic")
    assert os.access(clip.frames[0], os.R_OK)


def test_camera_framing_leaves_room_around_the_face() -> None:
    ((_, clip),) = synthesize_clips(
        subjects=1, clips_per_subject=1, frames=3, framing=Framing.raw(320, 240)
    )
    assert clip.frames.shape == (3, 240, 320, 3)
    border = np.abs(clip.expression[:, :40]).max()
    assert border < 0.01 < np.abs(clip.expression).max()


@pytest.mark.parametrize(
    "options", [{"subjects": 0}, {"frames": 2}, {"frames": 6, "still": 2}, {"size": 4}]
)
def test_bad_options_are_named(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        plan_clips(**options)


def test_motion_tells_the_class_and_the_face_does_not() -> None:
    """Hard enough to rank methods: a linear SVM on the flow is good, on the apex frame lost."""
    from sklearn.metrics import f1_score
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    flows, faces, labels, subjects = [], [], [], []
    for plan, clip in synthesize_clips(subjects=10):
        pair = clip.frames[[clip.onset, clip.apex]]
        maps = extract_features(pair, size=28, flow_method="dis")
        flows.append(maps.flow.ravel())
        faces.append(maps.apex.mean(axis=-1).ravel())
        labels.append(clip.label)
        subjects.append(plan.subject)

    def uf1(inputs: list[NDArray]) -> float:
        machine = make_pipeline(StandardScaler(), SVC(kernel="linear", C=0.01))
        found = cross_val_predict(
            machine, np.stack(inputs), labels, groups=subjects, cv=LeaveOneGroupOut()
        )
        return float(f1_score(labels, found, average="macro"))

    assert 0.78 < uf1(flows) < 0.92
    assert uf1(faces) < 0.45
