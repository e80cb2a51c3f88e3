"""Flags on drawn clips of several people and sizes: raised where they should be, and only there."""

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic import synthesize_clips
from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity

SEEDS = (3, 4, 5)
# Cut out, from cameras of two sizes, and small in the picture of a third.
FRAMINGS = {
    "cropped": Framing.cropped(240),
    "640 x 480": Framing.raw(),
    "1280 x 720": Framing.raw(1280, 720),
    "a fifth": Framing(640, 480, 300.0, 220.0, 70.0),
}


@pytest.fixture(scope="module", params=FRAMINGS)
def pictures(request):
    """A neutral face of each of three people, without noise, float32; and how wide it is."""
    framing = FRAMINGS[request.param]
    width = 1.6 * framing.scale  # that of the detector's box in pixels
    faces = (render_face(make_identity((71, seed)), framing, supersampling=1) for seed in SEEDS)
    return [(face, width) for face in faces]


def clip(picture, width=240.0, *, noise=2.0, gain=1.0, blur=0.0, move=None, seed=0):
    """Two frames of a picture as a camera sees them; the second is moved."""
    random = np.random.default_rng(seed)
    frames = []
    for frame in (picture, picture if move is None else move(picture)):
        if blur:
            frame = cv2.GaussianBlur(frame, (0, 0), blur * width)
        frame = frame * np.float32(gain) + random.normal(0, noise, frame.shape)
        frames.append(np.clip(np.rint(frame), 0, 255).astype(np.uint8))
    return frames


def flags(predictor, frames):
    found = set(predictor.predict(frames, 0, len(frames) - 1).flags)
    return found - {"eyes_not_found"}


def shifted(pixels):
    """Moves the whole picture to the right."""

    def move(picture):
        step = np.float32([[1, 0, pixels], [0, 1, 0]])
        size = picture.shape[1::-1]
        return cv2.warpAffine(
            picture, step, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )

    return move


def test_good_pictures_have_no_flag(predictor, pictures):
    for picture, width in pictures:
        for options in ({}, {"gain": 0.6}, {"blur": 0.005}, {"move": shifted(0.002 * width)}):
            assert flags(predictor, clip(picture, width, **options)) == set()


def test_a_dark_face(predictor, pictures):
    for picture, width in pictures:
        assert "too_dark" in flags(predictor, clip(picture, width, gain=0.12, noise=1.0))


def test_a_blurred_face(predictor, pictures):
    for picture, width in pictures:
        # It may be too blurred to be found.
        assert flags(predictor, clip(picture, width, blur=0.045)) & {"too_blurred", "no_face"}


def test_a_face_of_few_pixels(predictor):
    picture = render_face(make_identity((71, 3)), Framing(160, 120, 75.0, 55.0, 24.0))
    small = cv2.resize(picture, (160, 120), interpolation=cv2.INTER_AREA)
    assert flags(predictor, clip(small)) == {"too_blurred"}


def test_a_head_that_moves(predictor, pictures):
    for picture, width in pictures:
        frames = clip(picture, width, move=shifted(0.013 * width))
        assert flags(predictor, frames) == {"head_moves"}


def test_expressions_have_no_flag(predictor):
    clips = synthesize_clips(
        subjects=4, clips_per_subject=2, seed=9, framing=Framing.raw(), amplitude=(1.0, 3.0)
    )
    found = [set(predictor.predict(list(clip.frames)).flags) for _, clip in clips]
    wrong = [one - {"apex_spotted", "eyes_not_found"} for one in found]
    assert sum(map(bool, wrong)) <= 1, wrong  # a head that drifts further than most


@pytest.mark.parametrize("kind", ["noise", "wall", "page"])
def test_no_face(predictor, kind):
    random = np.random.default_rng(0)
    frame = random.uniform(0, 255, (240, 320)).astype(np.float32)
    if kind == "wall":
        frame = cv2.GaussianBlur(frame, (0, 0), 12) * 8 - 900
    if kind == "page":
        frame = (cv2.GaussianBlur(frame, (0, 0), 2) > 135) * 255.0
    frames = clip(np.dstack([frame] * 3).astype(np.float32), move=shifted(1.0))
    answer = predictor.predict(frames, 0, 1)
    assert {"no_face", "face_not_found"} <= set(answer.flags)
    assert answer.label is None


def test_a_face_cut_out_tightly_is_one(predictor):
    """As the cropped edition of CASME II shows it: the border of the picture cuts the chin."""
    found = []
    for seed in range(6):
        framing = Framing(200, 240, 99.5, 105.0, 150.0)
        picture = render_face(make_identity((71, seed)), framing, supersampling=1)
        found.append("no_face" not in flags(predictor, clip(picture, move=shifted(0.6))))
    assert sum(found) >= 5
