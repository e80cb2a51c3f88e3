import json

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic.recordings import draw_recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.spotting import Spotter
from dfrnet_keras.features.spotting.regions import (
    CENTRES,
    EYE,
    NAMES,
    REGIONS,
    SIDE,
    RegionFlow,
    without_head,
)
from dfrnet_keras.features.spotting.state import movements_as_text, movements_from_text


def spot(frames, rate, spotter=None, start=0):
    spotter = spotter or Spotter()
    found = []
    for number, frame in enumerate(frames, start):
        found += spotter.push(frame, number / rate)
    return found + spotter.finish()


def overlap(movement, truth):
    shared = min(movement.offset, truth.offset) - max(movement.onset, truth.onset) + 1
    both = movement.offset - movement.onset + truth.offset - truth.onset + 2
    return max(0, shared) / (both - max(0, shared))


def texture(shift_x=0.0, shift_y=0.0):
    noise = np.random.default_rng(0).uniform(0, 255, (SIDE, SIDE)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3) * 4 - 380
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    return cv2.remap(smooth, columns - np.float32(shift_x), rows - np.float32(shift_y),
                     cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)  # fmt: skip


@pytest.mark.parametrize("shift", [(0.25, -0.5), (0.0, 1.5), (-3.0, 2.0)])
def test_regions_are_found_where_they_went(shift):
    moved = RegionFlow(texture())(texture(*shift) + 12)  # under more light
    assert moved.shape == (len(REGIONS), 2)
    assert np.abs(np.median(moved, axis=0) - shift).max() < 0.1


def test_the_head_is_taken_out_and_a_brow_is_left():
    x, y = CENTRES.T
    head = np.stack([0.02 + 0.01 * x - 0.03 * y, -0.01 + 0.01 * y + 0.03 * x], axis=-1)
    own = np.zeros_like(head)
    own[NAMES.index("left inner brow"), 1] = -0.05
    rest = without_head(np.stack([head, head + own]))
    assert np.abs(rest[0]).max() < 1e-3
    assert np.abs(rest[1] - own).max() < 6e-3


def test_expressions_are_found_blinks_are_not(drawn_recording):
    recording, frames = drawn_recording
    found = spot(frames, 50.0)
    assert len(found) == len(recording.intervals)
    for movement, truth in zip(found, recording.intervals, strict=True):
        assert movement.kind == "micro"
        assert overlap(movement, truth) >= 0.5
        assert abs(movement.apex - truth.apex) <= 2
        assert movement.onset < movement.apex < movement.offset
        assert movement.seconds[1] == movement.apex / 50
        assert 0.5 <= movement.confidence <= 1
        assert not set(movement.parts) & {NAMES[k] for k in EYE}


def test_lids_that_reach_into_the_brows_are_a_blink():
    person = draw_recording((9100, 2007), 30.0, 100.0, size=(320, 240), micro=0, macro=0)
    frames = range(280, 480, 2)  # two blinks; the face is found a little too low
    assert sum(one.kind == "blink" and one.onset in frames[:-20] for one in person.happenings) >= 1
    assert not spot((person.frame(frame) for frame in frames), 50.0)


def test_at_half_the_rate_the_same_seconds_are_found(drawn_recording):
    recording, frames = drawn_recording
    found = spot(frames[::2], 25.0)
    hits = [
        truth
        for truth in recording.intervals
        if any(abs(one.seconds[1] - truth.apex / 50) <= 0.08 for one in found)
    ]
    assert len(hits) >= 3


def test_a_spotter_goes_on_from_its_state(drawn_recording):
    _, frames = drawn_recording
    whole = spot(frames, 50.0)
    first = Spotter()
    early = []
    for number, frame in enumerate(frames[:333]):
        early += first.push(frame, number / 50.0)
    state = {name: np.array(values) for name, values in first.state().items()}
    second = Spotter()
    second.restore(state)
    found = early + spot(frames[333:], 50.0, second, 333)
    assert movements_as_text(found) == movements_as_text(whole)
    text = movements_as_text(whole)
    assert movements_as_text(movements_from_text(text)) == text
    assert json.loads(text)[0]["kind"] == "micro"


def test_a_cut_is_flagged_and_is_no_movement(drawn_recording):
    _, frames = drawn_recording
    other = draw_recording(5, 0.6, 50.0, micro=0, macro=0, happenings=())
    spotter = Spotter()
    flags, segments, found = [], [], []
    for number, frame in enumerate([*frames[60:90], *other.frames()]):
        found += spotter.push(frame, number / 50.0)
        flags.append(spotter.last.flags)
        segments.append(spotter.last.segment)
    assert "cut" in flags[30]
    assert not any("cut" in each for each in flags[:30] + flags[31:])
    assert segments[29] != segments[30]
    assert found + spotter.finish() == []


def test_no_face_and_light_are_flagged(drawn_recording):
    _, frames = drawn_recording
    spotter = Spotter()
    for number in range(5):
        assert spotter.push(np.full((240, 320), 90, np.uint8), number / 50.0) == []
    assert spotter.last.flags == ("no_face",)
    assert spotter.activity() == 0.0
    spotter = Spotter()
    spotter.push(frames[0], 0.0)
    bright = np.clip(frames[1].astype(np.int16) + 60, 0, 255).astype(np.uint8)
    spotter.push(bright, 0.02)
    assert "light" in spotter.last.flags
    assert spotter.last.matrix is not None


def test_frames_must_come_in_order_of_time():
    spotter = Spotter()
    frame = np.zeros((48, 64), np.uint8)
    spotter.push(frame, 1.0)
    with pytest.raises(InputError, match="order of time"):
        spotter.push(frame, 1.0)
    with pytest.raises(InputError, match="uint8"):
        spotter.push(np.zeros((48, 64), np.float32), 2.0)
