"""Scores of published spotters, on movements that are planted."""

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic.recordings import draw_recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.score_curves import (
    aligned_faces,
    main_direction_differences,
    region_maps,
)


@pytest.fixture
def texture():
    noise = np.random.default_rng(0).standard_normal((128, 128)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)


def moved(picture, row, column, pixels, width=9.0):
    """The picture with a hill of downward motion."""
    y, x = np.mgrid[:128, :128].astype(np.float32)
    hill = pixels * np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * width**2))
    back = cv2.remap(picture, x, (y - hill).astype(np.float32), cv2.INTER_CUBIC,
                     borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    return np.clip(np.rint(back), 0, 255).astype(np.uint8)


def pulse(texture, apex, half, count, row=92, column=64):
    strength = np.clip(1 - np.abs(np.arange(count) - apex) / half, 0, 1)
    return [moved(texture, row, column, 3 * part) for part in strength]


def test_differences_peak_where_the_face_moves_and_comes_back(texture):
    faces = pulse(texture, apex=20, half=6, count=45)
    curve = main_direction_differences(faces, 6)
    assert len(curve) == 45
    assert abs(int(curve.argmax()) - 20) <= 1
    assert curve[20] > 5 * abs(curve[36])
    assert not main_direction_differences(faces[:9], 6).any()  # too short to have a middle
    assert len(main_direction_differences(faces[:9], 6)) == 9


@pytest.mark.parametrize(("row", "brow"), [(28, True), (95, False)])
def test_maps_show_the_region_that_moves(texture, row, brow):
    faces = [moved(texture, row, 64, 0), moved(texture, row, 64, 3)]
    (found,) = region_maps(faces, 1)
    assert (found.shape, found.dtype) == ((42, 42, 3), np.uint8)
    up, down = found[:21, :, 1].mean(), found[21:, :, 1].mean()
    assert (up > 1.5 * down) == brow
    assert (down > 1.5 * up) == (not brow)
    assert (found.min(), found.max()) == (0, 255)


def test_a_map_for_each_frame_that_has_one_later(texture):
    faces = pulse(texture, apex=5, half=3, count=12)
    assert len(list(region_maps(faces, 4))) == 8
    assert not list(region_maps(faces[:4], 4))


def test_a_head_that_shifts_is_taken_off(texture):
    wide = cv2.copyMakeBorder(texture, 4, 4, 4, 4, cv2.BORDER_REFLECT)
    before, after = (np.rint(wide[4 - s : 132 - s, 4:132]).astype(np.uint8) for s in (0, 2))
    lifted = moved(after.astype(np.float32), 95, 64, 3)
    (found,) = region_maps([before, lifted], 1)
    assert found[21:, :, 1].mean() > 1.5 * found[:21, :, 1].mean()


def test_faces_are_cut_out_where_the_first_one_is():
    recording = draw_recording(3, 2.0, 30.0, micro=0, macro=0, happenings=())
    frames = list(recording.frames())
    empty = np.full_like(frames[0], 90)
    faces = list(aligned_faces([empty] * 3 + frames[:20]))
    assert len(faces) == 23
    assert {face.shape for face in faces} == {(128, 128)}
    gaps = [np.abs(face.astype(int) - faces[10]).mean() for face in faces[11:]]
    assert max(gaps) < 6  # grain alone
    with pytest.raises(InputError, match="no face was found in the first 12 frames"):
        list(aligned_faces([empty] * 12))
