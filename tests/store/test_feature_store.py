"""A store from clips or maps: built, opened, refused, replaced."""

import dataclasses
import os

import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.extract import extract_features
from dfrnet_keras.frames import read_frames
from dfrnet_keras.store import FeatureStore

LABELS = ("negative", "positive", "surprise")
FAST = {"size": 32, "flow_method": "farneback"}


def test_a_built_store_holds_the_maps_of_every_clip(tmp_path, write_clips, leftovers):
    clips = write_clips(tmp_path / "frames")
    calls = []
    store = FeatureStore.build(
        clips, tmp_path / "a" / "store", **FAST, progress=lambda *call: calls.append(call)
    )
    assert (len(store), store.features, store.size, store.flow_range) == (5, "TSD", 32, "pixels")
    assert store.classes == LABELS
    assert store.labels.dtype == np.int64
    np.testing.assert_array_equal(store.labels, [0, 1, 2, 0, 1])
    assert {name: (array.shape, str(array.dtype)) for name, array in store.arrays.items()} == {
        "flow": ((5, 32, 32, 3), "float16"),
        "apex": ((5, 32, 32, 3), "uint8"),
        "difference": ((5, 32, 32, 1), "uint8"),
    }
    for row, clip in enumerate(clips):
        expected = extract_features(read_frames(clip.frames, [0, 1]), onset=0, apex=1, **FAST)
        np.testing.assert_array_equal(store.arrays["flow"][row], expected.flow.astype(np.float16))
        np.testing.assert_array_equal(store.arrays["apex"][row], expected.apex)
        np.testing.assert_array_equal(store.arrays["difference"][row], expected.difference)
        stored = store.rows[row]
        assert (stored.dataset, stored.subject, stored.name) == ("made", clip.subject, clip.name)
        assert (stored.apex, stored.flags) == (1, ())
    assert calls == [(done, 5) for done in range(6)]
    assert leftovers(tmp_path / "a") == ["store"]
    with pytest.raises(ValueError, match="read-only"):
        store.arrays["flow"][0] = 0


def test_take_copies_rows(tmp_path, write_maps):
    store = FeatureStore.build_from_maps(write_maps(tmp_path / "maps"), tmp_path / "store")
    taken = store.take([2, 0])
    assert taken["flow"].dtype == np.uint8
    np.testing.assert_array_equal(taken["flow"][0], store.arrays["flow"][2])
    taken["flow"][:] = 0
    assert store.arrays["flow"][2].any()
    assert store.take([])["flow"].shape == (0, 8, 8, 3)
    assert store.take(store.labels == 0)["flow"].shape == (2, 8, 8, 3)


def test_maps_are_stored_as_they_are(tmp_path, write_maps):
    clips = write_maps(tmp_path / "maps")
    store = FeatureStore.build_from_maps(clips, tmp_path / "store")
    assert (len(store), store.features, store.size, store.flow_range) == (4, "T", 8, "bytes")
    for number in range(4):
        picture = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        np.testing.assert_array_equal(store.arrays["flow"][number], picture)


def test_the_same_build_opens_the_store_that_is_there(tmp_path, write_clips, refuse_to_compute):
    clips = write_clips(tmp_path / "frames", 2)
    first = FeatureStore.build(clips, tmp_path / "store", **FAST)
    with refuse_to_compute():
        again = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert again.digest == first.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 24}, "size 32 instead of 24"),
        ({"flow_method": "dis"}, "flow_method 'farneback' instead of 'dis'"),
        ({"strain_cross_term": True}, "strain_cross_term False instead of True"),
        ({"remove_global_motion": True}, "remove_global_motion False instead of True"),
    ],
)
def test_a_store_of_other_settings_is_refused_unless_overwritten(
    tmp_path, change, message, write_clips, leftovers
):
    clips = write_clips(tmp_path / "frames", 2)
    first = FeatureStore.build(clips, tmp_path / "store", **FAST)
    with pytest.raises(InputError, match=message):
        FeatureStore.build(clips, tmp_path / "store", **{**FAST, **change})
    second = FeatureStore.build(clips, tmp_path / "store", **{**FAST, **change}, overwrite=True)
    assert second.digest != first.digest
    assert leftovers(tmp_path) == ["frames", "store"]


def test_a_store_of_other_clips_files_or_version_is_refused(tmp_path, monkeypatch, write_clips):
    clips = write_clips(tmp_path / "frames", 3)
    FeatureStore.build(clips, tmp_path / "store", **FAST)
    relabelled = [dataclasses.replace(clips[0], label="surprise"), *clips[1:]]
    for others in (clips[:2], relabelled):
        with pytest.raises(InputError, match="other clips or files than there are now"):
            FeatureStore.build(others, tmp_path / "store", **FAST)
    os.utime(clips[0].frames[0], ns=(1, 1))
    with pytest.raises(InputError, match="other clips or files than there are now"):
        FeatureStore.build(clips, tmp_path / "store", **FAST)
    monkeypatch.setattr("dfrnet_keras.store.build.__version__", "99")
    with pytest.raises(InputError, match=r"version '[0-9.]+' instead of '99'"):
        FeatureStore.build(clips, tmp_path / "store", **FAST)


def test_the_digest_follows_the_content_and_nothing_else(tmp_path, monkeypatch, write_maps):
    clips = write_maps(tmp_path / "maps")
    first = FeatureStore.build_from_maps(clips, tmp_path / "one").digest
    os.utime(clips[0].frames[0], ns=(1, 1))
    monkeypatch.setattr("dfrnet_keras.store.build.__version__", "99")
    assert FeatureStore.build_from_maps(clips, tmp_path / "two").digest == first
    relabelled = [dataclasses.replace(clips[0], label="surprise"), *clips[1:]]
    assert FeatureStore.build_from_maps(relabelled, tmp_path / "three").digest != first
    picture = cv2.imread(str(clips[0].frames[0]))
    picture[0, 0, 0] ^= 1
    cv2.imwrite(str(clips[0].frames[0]), picture)
    assert FeatureStore.build_from_maps(clips, tmp_path / "four").digest != first


def test_a_damaged_store_is_built_again_with_overwrite(tmp_path, built, write_maps):
    (built / "index.json").write_text("{")
    clips = write_maps(tmp_path / "maps")
    with pytest.raises(InputError, match="damaged"):
        FeatureStore.build_from_maps(clips, built)
    assert len(FeatureStore.build_from_maps(clips, built, overwrite=True)) == 4


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_but_a_store_is_ever_replaced(tmp_path, overwrite, write_clips, write_maps):
    clips = write_maps(tmp_path / "maps")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    for path in (tmp_path / "home", tmp_path / "home" / "thesis.tex"):
        with pytest.raises(InputError, match="holds something other than a store"):
            FeatureStore.build_from_maps(clips, path, overwrite=overwrite)
    (tmp_path / "store.partial").mkdir()
    (tmp_path / "store.partial" / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="in the way"):
        FeatureStore.build(write_clips(tmp_path / "frames", 1), tmp_path / "store", **FAST)
    assert len(list(tmp_path.rglob("thesis.tex"))) == 2


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:60]), "truncated"),
        (lambda file: file.write_text("no picture"), "is not an image"),
        (lambda file: file.unlink(), "does not exist"),
        (lambda file: cv2.imwrite(str(file), np.zeros((9, 9, 3), np.uint8)), "maps of one size"),
    ],
)
def test_a_map_that_cannot_be_used_is_refused_by_name(
    tmp_path, spoil, message, write_maps, leftovers
):
    clips = write_maps(tmp_path / "maps")
    spoil(clips[2].frames[0])
    with pytest.raises(InputError, match=message) as error:
        FeatureStore.build_from_maps(clips, tmp_path / "store")
    assert str(clips[2].frames[0]) in str(error.value)
    assert leftovers(tmp_path) == ["maps"]


def test_arguments_that_cannot_be_used_are_refused(tmp_path, write_clips):
    clips = write_clips(tmp_path / "frames", 2)
    path = tmp_path / "store"
    for wrong, message in (
        ({"flow_method": "magic"}, "flow_method is 'magic': choose one of"),
        ({"size": 1}, "size is 1"),
        ({"jobs": 0}, "jobs is 0"),
        ({"crop": "square"}, "crop is 'square': choose one of"),
        ({"apex": "guess"}, "apex is 'guess': choose one of"),
        ({"spotter": "guess"}, "spotter is 'guess': choose one of"),
        ({"classes": ("negative",)}, "label 'positive', which is not among the classes negative"),
    ):
        with pytest.raises(InputError, match=message):
            FeatureStore.build(clips, path, **wrong)
    with pytest.raises(InputError, match="no clips"):
        FeatureStore.build([], path)
    with pytest.raises(InputError, match="made/s0/c0 is listed twice"):
        FeatureStore.build([clips[0], clips[0]], path)
    square = tmp_path / "wide.png"
    cv2.imwrite(str(square), np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(InputError, match="6 x 4 pixels: give square maps"):
        FeatureStore.build_from_maps([dataclasses.replace(clips[0], frames=(square,))], path)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path, write_maps):
    clips = write_maps(tmp_path / "maps")
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written"):
        FeatureStore.build_from_maps(clips, tmp_path / "locked" / "store")


def test_a_place_that_cannot_hold_a_store_is_named(tmp_path, write_maps):
    clips = write_maps(tmp_path / "maps")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        FeatureStore.build_from_maps(clips, tmp_path / "file" / "store")


def test_a_full_disk_is_reported_before_work_is_done(
    tmp_path, monkeypatch, write_clips, refuse_to_compute, leftovers
):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    refuse_to_compute()
    with pytest.raises(InputError, match=r"cannot be written .*No space left"):
        FeatureStore.build(write_clips(tmp_path / "frames", 1), tmp_path / "store", **FAST)
    assert leftovers(tmp_path) == ["frames"]
