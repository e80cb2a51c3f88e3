"""From clips to the maps of a store."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.apex import spot_apex
from dfrnet_keras.features.extract import Features, extract_features
from dfrnet_keras.features.face import Face
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.frames import read as reading
from dfrnet_keras.frames import read_frames, read_image
from dfrnet_keras.store import FeatureStore
from dfrnet_keras.store.batched_flow import batch_of_flow

FAST = {"size": 32, "flow_method": "farneback"}


def test_a_bad_clip_is_skipped_and_named(tmp_path, write_clips):
    clips = write_clips(tmp_path / "frames", 4)
    clips[0].frames[1].write_bytes(clips[0].frames[1].read_bytes()[:200])
    clips[2] = dataclasses.replace(clips[2], apex=0)
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert [row.name for row in store.rows] == ["c1", "c3"]
    assert [key for key, _ in store.skipped] == ["made/s0/c0", "made/s0/c2"]
    assert "truncated" in store.skipped[0][1]
    assert "after its onset" in store.skipped[1][1]
    store.verify()
    expected = extract_features(read_frames(clips[3].frames, [0, 1]), onset=0, apex=1, **FAST)
    np.testing.assert_array_equal(store.arrays["apex"][1], expected.apex)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_values_that_are_not_finite_are_never_stored(
    tmp_path, monkeypatch, value, write_clips, leftovers
):
    clips = write_clips(tmp_path / "frames", 2)

    def poisoned(frames, **_):
        flow = np.zeros((32, 32, 3), np.float32)
        if (frames[0] == read_frames(clips[1].frames, [0])[0]).all():
            flow[3, 4, 1] = value  # 1e6 is beyond float16
        return Features(np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32, 1), np.uint8), flow)

    monkeypatch.setattr("dfrnet_keras.features.extract.extract_features", poisoned)
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert store.skipped == (
        ("made/s1/c1", "the flow of made/s1/c1 holds values that are not finite"),
    )
    with pytest.raises(InputError, match=r"None of the 1 clips can be used.*made/s1/c1"):
        FeatureStore.build(clips[1:], tmp_path / "other", **FAST)
    assert leftovers(tmp_path) == ["frames", "store"]


def test_clips_without_annotated_apex_are_flagged(tmp_path, write_clips):
    clips = write_clips(tmp_path / "frames", 2, apex=None)
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert {row.flags for row in store.rows} == {("apex_not_annotated", "apex_spotted")}
    apex = store.rows[1].apex
    assert apex == spot_apex(read_frames(clips[1].frames, [0, 1, 2]), method="flow")
    expected = extract_features(read_frames(clips[1].frames, [0, apex]), onset=0, **FAST)
    np.testing.assert_array_equal(store.arrays["apex"][1], expected.apex)


def test_an_apex_is_annotated_or_spotted(tmp_path, monkeypatch, write_clips):
    seen = []
    original = reading._decoded

    def count(path):
        seen.append(path)
        return original(path)

    monkeypatch.setattr(reading, "_decoded", count)
    clips = write_clips(tmp_path / "frames", 1, apex=2)
    store = FeatureStore.build(clips, tmp_path / "annotated", **FAST, crop="none")
    assert (store.rows[0].apex, store.rows[0].flags) == (2, ())
    assert seen == [clips[0].frames[0], clips[0].frames[2]]
    store = FeatureStore.build(clips, tmp_path / "middle", **FAST, crop="none", apex="midpoint")
    assert (store.rows[0].apex, store.rows[0].flags) == (1, ("apex_spotted",))
    assert (store.settings["apex"], store.settings["spotter"]) == ("midpoint", "midpoint")


def test_faces_are_cut_out_unless_they_fill_the_frames(tmp_path, monkeypatch, write_clips):
    """Of two datasets one has room around its faces."""
    clips = write_clips(tmp_path / "frames", 4)
    clips[1:3] = [dataclasses.replace(clip, dataset="roomy") for clip in clips[1:3]]
    roomy = {clip.frames[0] for clip in clips[1:3]}
    pictures = {read_image(path).tobytes() for path in roomy}

    def find(frame, *_):
        side = 20.0 if frame.tobytes() in pictures else 45.0
        return Face((14.0, 20.0), (30.0, 20.0), side, ("eyes_not_found",))

    monkeypatch.setattr("dfrnet_keras.features.face.find_face", find)
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert store.settings["crop"] == "auto"
    assert [row.flags for row in store.rows] == [
        ("already_cropped",),
        ("eyes_not_found",),
        ("eyes_not_found",),
        ("already_cropped",),
    ]
    for dataset, crop in (("made", "none"), ("roomy", "face")):
        theirs = [clip for clip in clips if clip.dataset == dataset]
        alone = FeatureStore.build(theirs, tmp_path / dataset, **FAST)
        assert alone.settings["crop"] == crop
    np.testing.assert_array_equal(alone.arrays["flow"], store.arrays["flow"][1:3])
    assert FeatureStore.build(clips, tmp_path / "whole", **FAST, crop="none").settings["crop"] == (
        "none"
    )


def test_flat_clips_give_zero_motion(tmp_path, write_clips):
    clips = write_clips(tmp_path / "frames", 1)
    for frame in clips[0].frames:
        cv2.imwrite(str(frame), np.full((48, 48, 3), 90, np.uint8))
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert not store.arrays["flow"].any()
    assert not store.arrays["difference"].any()


def test_processes_give_what_one_process_gives(tmp_path, write_clips):
    clips = write_clips(tmp_path / "frames", 4)
    one = FeatureStore.build(clips, tmp_path / "one", **FAST)
    assert FeatureStore.build(clips, tmp_path / "two", **FAST, jobs=2).digest == one.digest


def test_processes_of_another_folder_find_relative_paths(tmp_path, write_clips, monkeypatch):
    from joblib import Parallel, delayed

    Parallel(n_jobs=2)(delayed(abs)(n) for n in range(4))  # workers that started in this folder
    write_clips(tmp_path / "frames", 3)
    monkeypatch.chdir(tmp_path)
    clips = write_clips(Path("frames"), 3)
    store = FeatureStore.build(clips, "relative", **FAST, crop="none", jobs=2)
    assert len(store) == 3
    assert not store.skipped


def test_flow_in_batches_is_that_of_each_clip_by_itself(tmp_path, write_clips):
    clips = write_clips(tmp_path / "frames", 5)
    clips[1].frames[1].write_bytes(b"")
    options = {"size": 28, "flow_method": "ilk", "strain_cross_term": True}
    one = FeatureStore.build(clips, tmp_path / "one", **options, flow_batch=0)
    batched = FeatureStore.build(clips, tmp_path / "batched", **options, flow_batch=2, jobs=2)
    assert [row.name for row in batched.rows] == ["c0", "c2", "c3", "c4"]
    assert (batched.rows, batched.settings, batched.source) == (one.rows, one.settings, one.source)
    assert len(batched.skipped) == 1
    for name in ("apex", "difference"):
        np.testing.assert_array_equal(batched.arrays[name], one.arrays[name])
    assert np.abs(one.arrays["flow"][..., :2]).max() > 0.05
    np.testing.assert_allclose(batched.arrays["flow"], one.arrays["flow"], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("options", [{"flow_method": "dis"}, {"remove_global_motion": True}])
def test_only_what_is_a_layer_comes_in_batches(tmp_path, write_clips, options):
    clips = write_clips(tmp_path / "frames", 1)
    with pytest.raises(InputError, match="only the flow ilk can be computed in batches"):
        FeatureStore.build(
            clips, tmp_path / "store", **{"flow_method": "ilk", **options}, flow_batch=8
        )


def test_batches_are_the_default_where_keras_has_an_accelerator(monkeypatch):
    how = Preparation(flow_method="ilk")
    assert batch_of_flow(3, how) == 3
    monkeypatch.setattr("dfrnet_keras.store.batched_flow._on_accelerator", lambda: True)
    monkeypatch.setattr("dfrnet_keras.store.batched_flow._DEVICES", ("null",))
    assert batch_of_flow(None, how) == 64
    assert batch_of_flow(0, how) == 0
    assert batch_of_flow(None, Preparation(flow_method="dis")) == 0
    monkeypatch.setattr("dfrnet_keras.store.batched_flow._DEVICES", ("no-such-device",))
    assert batch_of_flow(None, how) == 0
