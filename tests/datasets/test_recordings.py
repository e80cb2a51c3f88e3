"""Drawn recordings: what happens is known, what is drawn is what happens."""

import itertools

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic.recordings import HAPPENINGS, draw_recording, write_video
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import optical_flow
from dfrnet_keras.frames import iterate_frames

SMALL = {"size": (128, 96), "frame_rate": 50.0}


def gray(frame):
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def test_plan_holds_what_was_asked_for():
    recording = draw_recording(4, 60.0, micro=5, macro=3, strength=(1.0, 2.0))
    assert recording.count == 6000
    kinds = [part.kind for part in recording.intervals]
    assert (kinds.count("micro"), kinds.count("macro")) == (5, 3)
    for part in recording.intervals:
        assert 0 < part.onset < part.apex < part.offset < recording.count
        assert part.units
        seconds = (part.offset - part.onset) / recording.frame_rate
        assert seconds <= 0.5 if part.kind == "micro" else 0.7 <= seconds <= 4
        if part.kind == "micro":
            assert 1 <= part.strength <= 2
    assert {part.kind for part in recording.happenings} == set(HAPPENINGS) - {"drift"}


def test_expressions_touch_no_speech_and_no_absence():
    recording = draw_recording(7, 90.0, micro=8, macro=4)
    others = [part for part in recording.happenings if part.kind in ("speech", "leave")]
    alone = sorted((*recording.intervals, *others), key=lambda part: part.onset)
    for one, following in itertools.pairwise(alone):
        assert one.offset < following.onset


def test_a_frame_is_the_same_alone_as_among_the_others():
    recording = draw_recording(2, 16.0, micro=15, macro=0, **SMALL)
    again = draw_recording(2, 16.0, micro=15, macro=0, **SMALL)
    for index, frame in enumerate(recording.frames()):
        if index % 37 == 0:
            np.testing.assert_array_equal(frame, again.frame(index))
    assert index + 1 == recording.count
    other = draw_recording(3, 16.0, micro=15, macro=0, **SMALL)
    assert (other.frame(9) != recording.frame(9)).mean() > 0.5


def test_movement_is_as_strong_as_it_says_and_gone_outside():
    recording = draw_recording(6, 30.0, micro=6, macro=0, happenings=(), noise=0, strength=(2, 3))
    for part in recording.intervals:
        onset, apex = gray(recording.frame(part.onset)), gray(recording.frame(part.apex))
        flow = optical_flow(onset, apex, method="dis")
        measured = np.linalg.norm(flow, axis=-1).max()
        assert 0.5 * part.strength < measured < 1.2 * part.strength
        np.testing.assert_array_equal(onset, gray(recording.frame(part.offset)))


def test_without_happenings_and_grain_nothing_moves_but_expressions():
    recording = draw_recording(6, 10.0, micro=6, macro=0, happenings=(), noise=0, **SMALL)
    moving = {index for part in recording.intervals for index in range(part.onset + 1, part.offset)}
    still = recording.frame(0)
    for index, frame in enumerate(recording.frames()):
        if index not in moving:
            np.testing.assert_array_equal(frame, still)


@pytest.mark.parametrize("kind", HAPPENINGS)
def test_each_happening_is_seen(kind):
    recording = draw_recording(5, 20.0, micro=0, macro=0, happenings=(kind,), noise=0, **SMALL)
    still = recording.frame(0).astype(float)
    assert not recording.intervals
    if kind == "drift":
        assert not recording.happenings
        seen = recording.frame(recording.count - 1)
    else:
        part = recording.happenings[0]
        apexes = range(part.onset, part.offset) if kind == "speech" else [part.apex]
        seen = max(
            (recording.frame(index) for index in apexes), key=lambda f: np.abs(f - still).sum()
        )
    assert np.abs(seen - still).max() > 10
    if kind == "leave":  # nothing but the wall, and the person is back afterwards
        assert np.abs(seen - still).mean() > 5
        np.testing.assert_array_equal(recording.frame(part.offset), recording.frame(0))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seconds": 0.1}, "20 frames or more"),
        ({"seconds": 3.0, "micro": 200}, "do not fit"),
        ({"happenings": ("sneeze",)}, "sneeze"),
        ({"size": (20, 20)}, "too small"),
        ({"micro": -1}, "0 or more a minute"),
    ],
)
def test_what_cannot_be_drawn_is_said(options, sentence):
    with pytest.raises(InputError, match=sentence):
        draw_recording(0, **options)


def test_video_gives_the_frames_back(tmp_path):
    recording = draw_recording(1, 1.0, micro=0, macro=0, happenings=(), **SMALL)
    write_video(recording, tmp_path / "r.avi")
    read = list(iterate_frames([tmp_path / "r.avi"], range(recording.count)))
    assert len(read) == recording.count
    np.testing.assert_array_equal(read[20], recording.frame(20))
    with pytest.raises(InputError, match=r"\.avi or \.mp4"):
        write_video(recording, tmp_path / "r.mkv")
