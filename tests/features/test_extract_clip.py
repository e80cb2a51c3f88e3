import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import Face, crop_face, extract_clip, extract_features
from dfrnet_keras.features.extract import _LARGEST_KEPT

FAST = {"size": 48, "flow_method": "dis-fast"}
FACE = Face((60.0, 70.0), (100.0, 72.0), 95.0)


@pytest.fixture
def frames():
    """Six frames in which a spot of a texture moves down and back, farthest in frame 2."""
    noise = np.random.default_rng(0).uniform(0, 255, (150, 160, 3))
    texture = cv2.GaussianBlur(noise, (0, 0), 2).astype(np.float32)
    texture = (texture - texture.min()) / np.ptp(texture) * 255
    y, x = np.mgrid[:150, :160].astype(np.float32)
    hill = np.exp(-((x - 80) ** 2 + (y - 105) ** 2) / 300).astype(np.float32)
    return [
        cv2.remap(texture, x, y - far * hill, cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
        for far in (0.0, 1.5, 3.0, 1.5, 0.5, 0.2)
    ]


@pytest.fixture
def found(monkeypatch):
    """Says where the face is; collects the frames it was looked for in."""
    looked = []

    def find(frame):
        looked.append(frame)
        return FACE

    monkeypatch.setattr("dfrnet_keras.features.face.find_face", find)
    return looked


def test_whole_frames_give_what_their_maps_are(frames):
    made = extract_clip(frames, apex=2, crop="none", **FAST)
    for ours, expected in zip(made.features, extract_features(frames, apex=2, **FAST), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert (made.apex, made.flags) == (2, ())
    assert made.onset_frame.shape == (48, 48, 3)
    assert set(made.timings) == {"read", "face", "apex", "maps"}


def test_onset_and_apex_are_enough_where_the_apex_is_known(frames, found):
    long = extract_clip(frames, apex=2, crop="face", **FAST)
    short = extract_clip([frames[0], frames[2]], apex=1, crop="face", **FAST)
    for ours, expected in zip(short.features, long.features, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert len(found) == 2  # once a clip, on its onset frame
    np.testing.assert_array_equal(found[1], frames[0])


def test_the_face_is_cut_out_before_anything_is_computed(frames, found):
    made = extract_clip(iter(frames), crop="face", **FAST)
    cut = crop_face(frames, size=224, face=FACE)
    expected = extract_features(cut, apex=made.apex, **FAST)
    for ours, theirs in zip(made.features, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (made.apex, made.flags) == (2, ("apex_spotted",))


@pytest.mark.parametrize(("side", "whole"), [(95.0, False), (130.0, True)])
def test_auto_cuts_unless_the_face_fills_the_frame(frames, monkeypatch, side, whole):
    face = Face(FACE.left_eye, FACE.right_eye, side, ("eyes_not_found",))
    monkeypatch.setattr("dfrnet_keras.features.face.find_face", lambda _: face)
    made = extract_clip(frames, apex=2, crop="auto", **FAST)
    other = extract_clip(frames, apex=2, crop="none" if whole else "face", **FAST)
    np.testing.assert_array_equal(made.onset_frame, other.onset_frame)
    assert made.flags == (() if whole else ("eyes_not_found",))


def test_the_apex_is_the_same_at_any_size(frames, found):
    apexes = {extract_clip(frames, size=size, flow_method="dis").apex for size in (28, 64, 224)}
    assert apexes == {2}


def test_large_frames_are_not_kept(frames):
    large = [cv2.resize(frame, (1400, 900)) for frame in frames[:3]]
    made = extract_clip(large, apex=2, crop="none", **FAST)
    shrunk = [
        cv2.resize(frame, (_LARGEST_KEPT, _LARGEST_KEPT), interpolation=cv2.INTER_AREA)
        for frame in large
    ]
    np.testing.assert_array_equal(made.features.flow, extract_features(shrunk, apex=2, **FAST).flow)


def test_gray_frames_do(frames):
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    made = extract_clip(gray, crop="none", **FAST)
    assert made.apex == 2
    assert made.onset_frame.shape == made.features.apex.shape == (48, 48, 3)


def test_bad_input_is_named(frames):
    for wrong, options, message in (
        (frames, {"crop": "square"}, "crop is 'square'"),
        (frames[:1], {}, "the clip has 1 frame"),
        ([], {}, "the clip has 0 frame"),
        (frames, {"apex": 0}, "apex is 0: give an index from 1 to 5"),
        (frames, {"apex": 6}, "apex is 6"),
        (frames, {"spotter": "guess"}, "apex method is 'guess'"),
        ([frames[0], frames[1][:60]], {}, "frame 1 has shape"),
        ([frames[0].astype(np.uint16)], {}, "uint16"),
    ):
        with pytest.raises(InputError, match=message):
            extract_clip(wrong, **{"crop": "none", **FAST, **options})
