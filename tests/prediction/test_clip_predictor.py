"""Frames as people have them, and what is said of clips that are none."""

import cv2
import numpy as np
import pytest
from PIL import Image

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import Face, extract_clip


def flags(answer):
    return set(answer.flags) - {"apex_spotted", "eyes_not_found"}


def test_a_clip_of_a_moving_face_has_no_notes(predictor, people):
    answer = predictor.predict(people[0])
    assert flags(answer) == set()
    assert (answer.label, answer.probabilities) == (
        "positive",
        {"negative": 0.25, "positive": 0.75},
    )


@pytest.mark.parametrize("apex", [None, 5])
def test_nothing_moved(predictor, people, write_pictures, apex):
    assert flags(predictor.predict([people[0][0]] * 10, 0, apex)) == {"nothing_moved"}
    folder = write_pictures([people[0][0]] * 10, suffix=".jpg")
    assert flags(predictor.predict(folder, 0, apex)) == {"nothing_moved"}


def test_a_cut_to_another_person(predictor, people):
    assert flags(predictor.predict([*people[0][:6], *people[1][:6]])) == {"large_motion"}


def test_a_face_that_leaves(predictor, people):
    wall = cv2.GaussianBlur(people[0][0], (0, 0), 60)
    answer = predictor.predict([*people[0][:6], *[wall] * 6])
    assert flags(answer) == {"large_motion", "face_left"}
    away = [np.roll(frame, 40 * k, axis=1) for k, frame in enumerate(people[0])]
    assert flags(predictor.predict(away, 0, 10)) == {"large_motion", "face_left"}


def test_a_change_of_the_light_is_no_movement(predictor, people):
    light = [np.clip(frame * (1 + 0.02 * k), 0, 255).astype(np.uint8)
             for k, frame in enumerate(people[0])]  # fmt: skip
    assert flags(predictor.predict(light)) == set()


def test_several_people(predictor, people):
    both = [np.hstack(pair) for pair in zip(*people, strict=True)]
    assert flags(predictor.predict(both)) == {"several_faces"}
    # Not a flag of the maps: stores of the same clips stay the same.
    made = extract_clip(both, apex=5, size=28, flow_method="dis")
    assert made.others == 1
    assert "several_faces" not in made.flags


def test_a_part_of_more_than_half_a_second(predictor, people, write_video, write_pictures):
    frames = people[0] * 3  # 33
    fast, slow = write_video(frames, "fast.avi", 100), write_video(frames, "slow.avi", 25)
    assert "too_long" not in predictor.predict(fast).flags
    assert "too_long" in predictor.predict(slow).flags
    assert "too_long" in predictor.predict(slow, 0, 20).flags
    assert "too_long" not in predictor.predict(slow, 10, 20, 30).flags
    assert "too_long" not in predictor.predict(write_pictures(frames)).flags
    small = [cv2.resize(frame, (160, 120)) for frame in people[0]]
    assert "too_long" not in predictor.predict((small * 10)[:101]).flags
    assert "too_long" in predictor.predict((small * 10)[:102]).flags


def test_frames_of_other_kinds(predictor, people):
    frames = people[0]
    predictor.predict(np.stack(frames), 0, 5)
    pictures = [Image.fromarray(frame) for frame in frames]
    predictor.predict(pictures, 0, 5)
    predictor.predict((frame for frame in frames), 0, 5)
    predictor.predict([picture.convert("RGBA") for picture in pictures], 0, 5)
    expected, *others = [maps["flow"] for maps in predictor.seen]
    for flow in others:
        np.testing.assert_array_equal(flow, expected)
    gray = [picture.convert("L") for picture in pictures]
    answer = predictor.predict(gray, 0, 5)
    assert answer.maps.features.flow == pytest.approx(
        predictor.predict([np.asarray(picture) for picture in gray], 0, 5).maps.features.flow
    )
    # Of a picture with a palette the colours count, not the numbers of its colours.
    palette = predictor.predict([picture.convert("P") for picture in pictures], 0, 5)
    assert np.abs(palette.maps.features.apex.astype(int) - frames[5].mean()).mean() < 100


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([np.zeros((9, 9, 3), np.uint8), None], "frame 1 is None, as OpenCV gives"),
        ([None, None], "frame 0 is None"),
        ([np.zeros((9, 9, 3), np.uint8), "a.png"], "frame 1 is of type str"),
        ([np.zeros((9, 9, 3), np.uint8)], r"the clip has 1 frame\(s\) and needs 2"),
        ([], r"the clip has 0 frame\(s\) and needs 2"),
        (iter(()), r"the clip has 0 frame\(s\)"),
        (None, "frames is of type NoneType: give arrays or paths"),
        ([Image.new("I;16", (9, 9))] * 2, "frame 0 has dtype uint16: give uint8"),
        (np.zeros((2, 9, 9, 3)), "frame 0 has dtype float64: give uint8"),
    ],
)
def test_what_is_no_clip_is_named(predictor, frames, message):
    with pytest.raises(InputError, match=message):
        predictor.predict(frames)


@pytest.mark.parametrize("as_files", [True, False])
def test_indexes_past_the_end(predictor, people, write_pictures, as_files):
    clip = write_pictures(people[0]) if as_files else people[0]
    for options in ({"onset": 30}, {"offset": 99}, {"apex": 11}):
        with pytest.raises(InputError, match="11 frames, counted from 0"):
            predictor.predict(clip, **options)


def test_a_single_picture_is_named(predictor, people, write_pictures, tmp_path):
    folder = write_pictures(people[0][:1])
    with pytest.raises(InputError, match=r"f000\.png is the one frame of the clip"):
        predictor.predict(folder)
    cv2.imwritemulti(str(tmp_path / "clip.tif"), people[0][:5])
    with pytest.raises(InputError, match=r"clip\.tif is one file of 5 pictures, which is not read"):
        predictor.predict_files([tmp_path / "clip.tif"])


def test_a_face_beside_which_others_were_found(monkeypatch, predictor, people):
    face = Face((280.0, 200.0), (360.0, 200.0), 200.0, others=4)
    monkeypatch.setattr("dfrnet_keras.features.face.find_face", lambda *_: face)
    assert flags(predictor.predict(people[0], 0, 5)) == {"several_faces"}


def test_a_long_clip_is_not_kept(monkeypatch, predictor, people, write_video, write_pictures):
    """The apex frame is read again where its face was not kept, and the answer is the same."""
    whole = predictor.predict(people[0])
    assert whole.apex > 3
    monkeypatch.setattr("dfrnet_keras.features.extract._FACES_KEPT", 3)
    for given in (people[0], write_video(people[0]), write_pictures(people[0])):
        answer = predictor.predict(given)
        assert answer.apex == whole.apex
        np.testing.assert_array_equal(answer.maps.faces[1], whole.maps.faces[1])
        np.testing.assert_array_equal(answer.maps.features.flow, whole.maps.features.flow)
    later = predictor.predict(write_video([people[0][0]] * 4 + people[0], "later.avi"), 4)
    assert later.apex == whole.apex + 4
    np.testing.assert_array_equal(later.maps.faces[1], whole.maps.faces[1])
