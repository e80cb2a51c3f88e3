import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest

from dfrnet_keras import preparation
from dfrnet_keras.datasets import Clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.apex import spot_apex
from dfrnet_keras.features.extract import Features, extract_features
from dfrnet_keras.features.face import Face
from dfrnet_keras.frames import read_frames, read_image
from dfrnet_keras.store import FeatureStore, default_path, find_or_build, open_or_build

LABELS = ("negative", "positive", "surprise")
FAST = {"size": 32, "flow_method": "farneback"}


def write_clips(root, count=5, *, size=48, apex=1):
    """Clips of three frames in which a smooth texture moves a pixel to the right."""
    root.mkdir(parents=True, exist_ok=True)
    clips = []
    for number in range(count):
        noise = np.random.default_rng(number).uniform(0, 255, (size, size + 2, 3))
        texture = cv2.GaussianBlur(noise, (0, 0), 2)
        frames = []
        for step in range(3):
            frames.append(root / f"{number}_{step}.png")
            cv2.imwrite(str(frames[-1]), texture[:, 2 - step : size + 2 - step].astype(np.uint8))
        name, label = f"c{number}", LABELS[number % 3]
        clips.append(Clip("made", f"s{number % 2}", name, tuple(frames), 0, apex, 2, label))
    return clips


def write_maps(root, count=4, *, size=8):
    root.mkdir(parents=True, exist_ok=True)
    clips = []
    for number in range(count):
        path = root / f"{number}.png"
        picture = np.random.default_rng(number).integers(0, 256, (size, size, 3), np.uint8)
        cv2.imwrite(str(path), picture[..., ::-1])
        label = LABELS[number % 3]
        clips.append(Clip("maps", f"s{number % 2}", f"c{number}", (path,), 0, None, 0, label))
    return clips


@pytest.fixture
def extractions(monkeypatch):
    """The row numbers that were computed since."""
    computed = []
    original = preparation.maps_of_clip

    def extract(row, *rest):
        computed.append(row)
        return original(row, *rest)

    monkeypatch.setattr(preparation, "maps_of_clip", extract)
    return computed


def refuse_to_compute(monkeypatch, message="computed although it need not be"):
    def refuse(*_):
        raise AssertionError(message)

    monkeypatch.setattr(preparation, "maps_of_clip", refuse)


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_built_store_holds_the_maps_of_every_clip(tmp_path):
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


def test_take_copies_rows(tmp_path):
    store = FeatureStore.build_from_maps(write_maps(tmp_path / "maps"), tmp_path / "store")
    taken = store.take([2, 0])
    assert taken["flow"].dtype == np.uint8
    np.testing.assert_array_equal(taken["flow"][0], store.arrays["flow"][2])
    taken["flow"][:] = 0
    assert store.arrays["flow"][2].any()
    assert store.take([])["flow"].shape == (0, 8, 8, 3)
    assert store.take(store.labels == 0)["flow"].shape == (2, 8, 8, 3)


def test_maps_are_stored_as_they_are(tmp_path):
    clips = write_maps(tmp_path / "maps")
    store = FeatureStore.build_from_maps(clips, tmp_path / "store")
    assert (len(store), store.features, store.size, store.flow_range) == (4, "T", 8, "bytes")
    for number in range(4):
        picture = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        np.testing.assert_array_equal(store.arrays["flow"][number], picture)


def test_the_same_build_opens_the_store_that_is_there(tmp_path, monkeypatch):
    clips = write_clips(tmp_path / "frames", 2)
    first = FeatureStore.build(clips, tmp_path / "store", **FAST)
    refuse_to_compute(monkeypatch)
    assert FeatureStore.build(clips, tmp_path / "store", **FAST).digest == first.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 24}, "size 32 instead of 24"),
        ({"flow_method": "dis"}, "flow_method 'farneback' instead of 'dis'"),
        ({"strain_cross_term": True}, "strain_cross_term False instead of True"),
        ({"remove_global_motion": True}, "remove_global_motion False instead of True"),
    ],
)
def test_a_store_of_other_settings_is_refused_unless_overwritten(tmp_path, change, message):
    clips = write_clips(tmp_path / "frames", 2)
    first = FeatureStore.build(clips, tmp_path / "store", **FAST)
    with pytest.raises(InputError, match=message):
        FeatureStore.build(clips, tmp_path / "store", **{**FAST, **change})
    second = FeatureStore.build(clips, tmp_path / "store", **{**FAST, **change}, overwrite=True)
    assert second.digest != first.digest
    assert leftovers(tmp_path) == ["frames", "store"]


def test_a_store_of_other_clips_files_or_version_is_refused(tmp_path, monkeypatch):
    clips = write_clips(tmp_path / "frames", 3)
    FeatureStore.build(clips, tmp_path / "store", **FAST)
    relabelled = [dataclasses.replace(clips[0], label="surprise"), *clips[1:]]
    for others in (clips[:2], relabelled):
        with pytest.raises(InputError, match="other clips or files than there are now"):
            FeatureStore.build(others, tmp_path / "store", **FAST)
    os.utime(clips[0].frames[0], ns=(1, 1))
    with pytest.raises(InputError, match="other clips or files than there are now"):
        FeatureStore.build(clips, tmp_path / "store", **FAST)
    monkeypatch.setattr("dfrnet_keras.feature_store.__version__", "99")
    with pytest.raises(InputError, match=r"version '[0-9.]+' instead of '99'"):
        FeatureStore.build(clips, tmp_path / "store", **FAST)


def test_the_digest_follows_the_content_and_nothing_else(tmp_path, monkeypatch):
    clips = write_maps(tmp_path / "maps")
    first = FeatureStore.build_from_maps(clips, tmp_path / "one").digest
    os.utime(clips[0].frames[0], ns=(1, 1))
    monkeypatch.setattr("dfrnet_keras.feature_store.__version__", "99")
    assert FeatureStore.build_from_maps(clips, tmp_path / "two").digest == first
    relabelled = [dataclasses.replace(clips[0], label="surprise"), *clips[1:]]
    assert FeatureStore.build_from_maps(relabelled, tmp_path / "three").digest != first
    picture = cv2.imread(str(clips[0].frames[0]))
    picture[0, 0, 0] ^= 1
    cv2.imwrite(str(clips[0].frames[0]), picture)
    assert FeatureStore.build_from_maps(clips, tmp_path / "four").digest != first


def test_a_bad_clip_is_skipped_and_named(tmp_path):
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
def test_values_that_are_not_finite_are_never_stored(tmp_path, monkeypatch, value):
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


def test_clips_without_annotated_apex_are_flagged(tmp_path):
    clips = write_clips(tmp_path / "frames", 2, apex=None)
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert {row.flags for row in store.rows} == {("apex_not_annotated", "apex_spotted")}
    apex = store.rows[1].apex
    assert apex == spot_apex(read_frames(clips[1].frames, [0, 1, 2]), method="flow")
    expected = extract_features(read_frames(clips[1].frames, [0, apex]), onset=0, **FAST)
    np.testing.assert_array_equal(store.arrays["apex"][1], expected.apex)


def test_an_apex_is_annotated_or_spotted(tmp_path, monkeypatch):
    read = []
    original = read_image

    def count(path, **options):
        read.append(path)
        return original(path, **options)

    monkeypatch.setattr("dfrnet_keras.frames.read_image", count)
    clips = write_clips(tmp_path / "frames", 1, apex=2)
    store = FeatureStore.build(clips, tmp_path / "annotated", **FAST, crop="none")
    assert (store.rows[0].apex, store.rows[0].flags) == (2, ())
    assert read == [clips[0].frames[0], clips[0].frames[2]]
    store = FeatureStore.build(clips, tmp_path / "middle", **FAST, crop="none", apex="midpoint")
    assert (store.rows[0].apex, store.rows[0].flags) == (1, ("apex_spotted",))
    assert (store.settings["apex"], store.settings["spotter"]) == ("midpoint", "midpoint")


def test_clips_without_annotated_apex_resume_with_what_was_spotted(tmp_path, extractions):
    clips = write_clips(tmp_path / "frames", 3, apex=None)
    whole = FeatureStore.build(clips, tmp_path / "whole", **FAST)
    with pytest.raises(KeyboardInterrupt):
        FeatureStore.build(clips, tmp_path / "store", **FAST, progress=interrupt_after(2))
    extractions.clear()
    assert FeatureStore.build(clips, tmp_path / "store", **FAST).digest == whole.digest
    assert extractions == [2]


def test_faces_are_cut_out_unless_they_fill_the_frames(tmp_path, monkeypatch):
    """Of two datasets one has room around its faces."""
    clips = write_clips(tmp_path / "frames", 4)
    clips[1:3] = [dataclasses.replace(clip, dataset="roomy") for clip in clips[1:3]]
    roomy = {clip.frames[0] for clip in clips[1:3]}
    pictures = {read_image(path).tobytes() for path in roomy}

    def find(frame):
        side = 20.0 if frame.tobytes() in pictures else 45.0
        return Face((14.0, 20.0), (30.0, 20.0), side, ("eyes_not_found",))

    monkeypatch.setattr("dfrnet_keras.features.face.find_face", find)
    monkeypatch.setattr("dfrnet_keras.features.extract.find_face", find)
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


def test_flat_clips_give_zero_motion(tmp_path):
    clips = write_clips(tmp_path / "frames", 1)
    for frame in clips[0].frames:
        cv2.imwrite(str(frame), np.full((48, 48, 3), 90, np.uint8))
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert not store.arrays["flow"].any()
    assert not store.arrays["difference"].any()


def test_processes_give_what_one_process_gives(tmp_path):
    clips = write_clips(tmp_path / "frames", 4)
    one = FeatureStore.build(clips, tmp_path / "one", **FAST)
    assert FeatureStore.build(clips, tmp_path / "two", **FAST, jobs=2).digest == one.digest


def interrupt_after(count):
    def progress(done, total):
        if done == count:
            raise KeyboardInterrupt

    return progress


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path, extractions):
    clips = write_clips(tmp_path / "frames")
    whole = FeatureStore.build(clips, tmp_path / "whole", **FAST)
    with pytest.raises(KeyboardInterrupt):
        FeatureStore.build(clips, tmp_path / "store", **FAST, progress=interrupt_after(3))
    assert leftovers(tmp_path) == ["frames", "store.partial", "whole"]
    with pytest.raises(InputError, match="is not a feature store"):
        FeatureStore.open(tmp_path / "store")
    partial = tmp_path / "store.partial"
    with (partial / "done.jsonl").open("a") as log:
        log.write("[3, 12")  # the line being written when the process ended
    arrays = np.load(partial / "flow.npy", mmap_mode="r+")
    arrays[1, 0, 0, 0] += 1  # a page that never reached the disk
    arrays.flush()
    extractions.clear()
    calls = []
    store = FeatureStore.build(
        clips, tmp_path / "store", **FAST, progress=lambda *call: calls.append(call)
    )
    assert extractions == [1, 3, 4]
    assert calls[0] == (2, 5)
    assert store.digest == whole.digest
    assert leftovers(tmp_path) == ["frames", "store", "whole"]


def test_an_interrupted_build_of_other_settings_starts_anew(tmp_path, extractions):
    clips = write_clips(tmp_path / "frames")
    with pytest.raises(KeyboardInterrupt):
        FeatureStore.build(clips, tmp_path / "store", **FAST, progress=interrupt_after(3))
    extractions.clear()
    store = FeatureStore.build(clips, tmp_path / "store", size=24, flow_method="farneback")
    assert extractions == [0, 1, 2, 3, 4]
    assert store.size == 24


def test_a_killed_build_goes_on_where_it_stopped(tmp_path, extractions):
    clips = write_clips(tmp_path / "frames")
    code = f"""
        import os, signal
        from pathlib import PosixPath
        from dfrnet_keras.datasets import Clip
        from dfrnet_keras.store import FeatureStore
        def progress(done, total):
            if done == 2:
                os.kill(os.getpid(), signal.SIGKILL)
        FeatureStore.build({clips!r}, {str(tmp_path / "store")!r}, **{FAST!r}, progress=progress)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert extractions == [2, 3, 4]
    assert store.digest == FeatureStore.build(clips, tmp_path / "whole", **FAST).digest


@pytest.fixture
def built(tmp_path):
    return FeatureStore.build_from_maps(write_maps(tmp_path / "maps"), tmp_path / "store").path


def test_a_damaged_store_is_not_opened(built):
    index, flow = built / "index.json", built / "flow.npy"
    text, data = index.read_text(), flow.read_bytes()
    assert len(FeatureStore.open(built)) == 4

    def refuses(message):
        with pytest.raises(InputError, match=message) as error:
            FeatureStore.open(built)
        assert str(built) in str(error.value)

    index.write_text(text[: len(text) // 2])
    refuses("index.json is damaged")
    index.write_text("[]")
    refuses("index.json is damaged")
    changed = json.loads(text)
    changed["rows"][0]["label"] = 1
    index.write_text(json.dumps(changed))
    refuses("index.json is damaged")
    index.unlink()
    refuses("it has no index.json")
    index.write_text(text)
    flow.write_bytes(data[:-1])
    refuses("flow.npy is missing or damaged")
    flow.write_bytes(b"")
    refuses("flow.npy is missing or damaged")
    np.save(flow, np.zeros((3, 8, 8, 3), np.uint8))
    refuses("not the array that index.json describes")
    np.save(flow, np.array([{"a": 1}]), allow_pickle=True)
    refuses("flow.npy is missing or damaged")
    flow.unlink()
    refuses("flow.npy is missing or damaged")


def test_verify_finds_a_changed_value(built):
    store = FeatureStore.open(built)
    store.verify()
    data = bytearray((built / "flow.npy").read_bytes())
    data[-1] ^= 1
    (built / "flow.npy").write_bytes(data)
    with pytest.raises(InputError, match=r"flow\.npy has changed since it was written"):
        FeatureStore.open(built).verify()


def test_a_damaged_store_is_built_again_with_overwrite(tmp_path, built):
    (built / "index.json").write_text("{")
    clips = write_maps(tmp_path / "maps")
    with pytest.raises(InputError, match="damaged"):
        FeatureStore.build_from_maps(clips, built)
    assert len(FeatureStore.build_from_maps(clips, built, overwrite=True)) == 4


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_but_a_store_is_ever_replaced(tmp_path, overwrite):
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
def test_a_map_that_cannot_be_used_is_refused_by_name(tmp_path, spoil, message):
    clips = write_maps(tmp_path / "maps")
    spoil(clips[2].frames[0])
    with pytest.raises(InputError, match=message) as error:
        FeatureStore.build_from_maps(clips, tmp_path / "store")
    assert str(clips[2].frames[0]) in str(error.value)
    assert leftovers(tmp_path) == ["maps"]


def test_arguments_that_cannot_be_used_are_refused(tmp_path):
    clips = write_clips(tmp_path / "frames", 2)
    path = tmp_path / "store"
    for wrong, message in (
        ({"flow_method": "magic"}, "flow_method is 'magic': use one of"),
        ({"size": 1}, "size is 1"),
        ({"jobs": 0}, "jobs is 0"),
        ({"crop": "square"}, "crop is 'square': use one of"),
        ({"apex": "guess"}, "apex is 'guess': use one of"),
        ({"spotter": "guess"}, "spotter is 'guess': use one of"),
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
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    clips = write_maps(tmp_path / "maps")
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written"):
        FeatureStore.build_from_maps(clips, tmp_path / "locked" / "store")


def test_a_place_that_cannot_hold_a_store_is_named(tmp_path):
    clips = write_maps(tmp_path / "maps")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        FeatureStore.build_from_maps(clips, tmp_path / "file" / "store")


def test_a_full_disk_is_reported_before_work_is_done(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    refuse_to_compute(monkeypatch)
    with pytest.raises(InputError, match=r"cannot be written .*No space left"):
        FeatureStore.build(write_clips(tmp_path / "frames", 1), tmp_path / "store", **FAST)
    assert leftovers(tmp_path) == ["frames"]


def test_the_default_path_depends_on_all_that_the_maps_depend_on(tmp_path, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = default_path("synthetic", size=28, flow_method="dis")
    assert path.parent == tmp_path / "stores"
    assert path.name.startswith("synthetic-28-dis-")
    others = [
        default_path("synthetic", tmp_path, size=28, flow_method="dis"),
        default_path("synthetic", size=28, flow_method="dis", strain_cross_term=True),
        default_path("synthetic", size=32, flow_method="dis"),
        default_path("casme2", size=28, flow_method="dis"),
    ]
    assert len({path, *others}) == 5
    assert default_path("d", "here") == default_path("d", tmp_path / "here")
    monkeypatch.delenv("DFR_KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    assert default_path("d").parent == tmp_path / "user" / ".cache" / "dfr-keras" / "stores"


def test_what_was_prepared_is_found_whatever_its_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))
    clips = write_clips(tmp_path / "frames", 2)
    monkeypatch.setattr("dfrnet_keras.datasets.load_dataset", lambda *_, **__: clips)
    built = find_or_build("synthetic", size=28, flow_method="farneback")
    assert built.path.parent == tmp_path / "home" / "stores"
    assert open_or_build("synthetic", size=28, flow_method="farneback").path == built.path
    refuse = pytest.MonkeyPatch()
    refuse_to_compute(refuse)
    assert find_or_build("synthetic").path == built.path
    assert find_or_build("synthetic", size=28).path == built.path
    refuse.undo()
    other = open_or_build("synthetic", size=32, flow_method="farneback")
    with pytest.raises(InputError, match="Several stores of synthetic fit"):
        find_or_build("synthetic")
    assert find_or_build("synthetic", size=32).path == other.path
    default = open_or_build("synthetic")
    assert default.settings["flow_method"] == "tvl1"
    assert find_or_build("synthetic").path == default.path
    os.utime(clips[0].frames[0], ns=(1, 1))
    fresh = tmp_path / "home" / "stores"
    assert len(list(fresh.glob("*/index.json"))) == 3
    with pytest.raises(InputError, match="other clips or files"):
        find_or_build("synthetic", size=28, flow_method="farneback")
