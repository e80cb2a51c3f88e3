import dataclasses

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.datasets.synthetic.motion import ACTION_UNITS, sample_spec
from dfrnet_keras.datasets.synthetic.render import render_clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import SPOTTERS, spot_apex
from dfrnet_keras.features.apex import divide_and_conquer
from dfrnet_keras.features.binary_pattern import local_binary_pattern, pattern_histogram

APEXES = (9, 30)


@pytest.fixture(scope="module")
def clips():
    """Two clips of forty frames, with the apex early and late."""
    made = []
    for number, apex in enumerate(APEXES):
        identity = make_identity((77, number), tuple(ACTION_UNITS))
        spec = sample_spec(
            identity, ("surprise", "negative")[number], number, frames=40, amplitude=(1, 2.5),
            noise=1.0, drift=0.3, flicker=0.005,
        )  # fmt: skip
        spec = dataclasses.replace(spec, apex=apex)
        made.append(render_clip(identity, spec, Framing.cropped(160)).frames)
    return made


@pytest.mark.parametrize("method", ["flow", "dcrois-grid"])
def test_a_planted_apex_is_found(clips, method):
    for frames, apex in zip(clips, APEXES, strict=True):
        assert abs(spot_apex(frames, method=method) - apex) <= (3 if method == "flow" else 5)


@pytest.mark.parametrize("method", SPOTTERS)
def test_an_apex_lies_after_the_onset_and_not_after_the_offset(clips, method):
    frames = clips[0][:12]
    for onset, offset in ((0, 11), (3, 7), (10, 11), (5, None)):
        last = 11 if offset is None else offset
        assert onset < spot_apex(frames, onset=onset, offset=offset, method=method) <= last


@pytest.mark.parametrize("method", SPOTTERS)
def test_two_frames_and_still_clips(method):
    still = np.full((9, 80, 80, 3), 90, np.uint8)
    assert spot_apex(still[:2], method=method) == 1
    assert spot_apex(still, method=method) == 4
    assert spot_apex(still, onset=2, offset=7, method=method) == 5


@pytest.mark.parametrize("method", SPOTTERS)
def test_frames_outside_onset_and_offset_do_not_matter(clips, method):
    frames = clips[0][:16].copy()
    spotted = spot_apex(frames, onset=2, offset=12, method=method)
    frames[:2], frames[13:] = 0, 255
    assert spot_apex(frames, onset=2, offset=12, method=method) == spotted


def test_gray_frames_small_ones_and_lists_do(clips):
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clips[0]]
    assert spot_apex(gray, method="flow") == spot_apex(np.stack(gray)[..., None], method="flow")
    assert abs(spot_apex(gray, method="flow") - APEXES[0]) <= 3
    tiny = [cv2.resize(frame, (30, 20)) for frame in gray[:6]]
    for method in SPOTTERS:
        assert 0 < spot_apex(tiny, method=method) < 6


def test_dcrois_is_the_default(clips):
    frames = clips[1][:20]
    assert spot_apex(frames) == spot_apex(frames, method="dcrois")


def test_halves_are_compared_by_the_sum_of_their_peaks():
    #        0  1  2  3  4  5  6  7  8  9 10 11
    curve = [0, 9, 0, 0, 0, 0, 0, 4, 0, 6, 0, 0]
    assert divide_and_conquer(np.array(curve)) == 9  # 4 + 6 against 9, though 9 is the highest
    assert divide_and_conquer(np.array([*curve[:9], 4, 0, 0])) == 1
    assert divide_and_conquer(np.array([0, 1, 2, 3])) == 3
    assert divide_and_conquer(np.array([5, 3, 2, 1])) == 1
    assert divide_and_conquer(np.array([0, 1])) == 1


def test_patterns_of_known_pictures():
    flat = np.full((5, 5), 7, np.uint8)
    bright_point = flat.copy()
    bright_point[2, 2] = 9
    assert (local_binary_pattern(flat) == local_binary_pattern(flat)[0, 0]).all()
    patterns = local_binary_pattern(bright_point)
    assert patterns.shape == (3, 3)
    assert patterns[1, 1] == 0  # nothing around is as bright
    checkers = np.indices((6, 6)).sum(axis=0).astype(np.uint8) % 2
    assert (local_binary_pattern(checkers)[checkers[1:-1, 1:-1] == 1] == 58).all()
    assert len(set(local_binary_pattern(np.arange(25, dtype=np.uint8).reshape(5, 5)).ravel())) == 1


def test_patterns_do_not_change_with_the_light():
    picture = np.random.default_rng(0).integers(0, 120, (20, 30), np.uint8)
    np.testing.assert_array_equal(
        local_binary_pattern(picture), local_binary_pattern(2 * picture + 10)
    )
    counts = pattern_histogram(picture, grid=3)
    assert counts.shape == (9 * 59,)
    assert counts.sum() == 18 * 28


def test_bad_input_is_named():
    frames = np.zeros((5, 40, 40), np.uint8)
    for wrong, options, message in (
        (frames, {"method": "guess"}, "apex method is 'guess'"),
        (frames, {"onset": 4}, "onset is 4 and offset 4"),
        (frames, {"onset": 3, "offset": 2}, "onset before the offset"),
        (frames, {"offset": 5}, "clip of 5 frame"),
        (frames[:1], {}, "clip of 1 frame"),
        (frames.astype(float), {}, "float64"),
        ([*frames[:2], frames[0][:30]], {}, "frame 2 has another size"),
    ):
        with pytest.raises(InputError, match=message):
            spot_apex(wrong, **options)
