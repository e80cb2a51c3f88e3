import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import crop_face, find_face
from dfrnet_keras.features.cascades import _load_cascade
from dfrnet_keras.features.face_detection import Face

FRAMING = Framing.raw()


@pytest.fixture(scope="module")
def people():
    """Camera pictures of 640 x 480 and where the eyes are in them."""
    made = []
    for number in range(4):
        identity = make_identity((31, number))
        picture = render_face(identity, FRAMING, supersampling=1)
        noise = np.random.default_rng(number).normal(0, 2, picture.shape)
        x = identity.traits["eye_x"] * FRAMING.scale
        y = FRAMING.cy + identity.traits["eye_y"] * FRAMING.scale
        eyes = np.array([[FRAMING.cx - x, y], [FRAMING.cx + x, y]])
        made.append((np.clip(picture + noise, 0, 255).astype(np.uint8), eyes))
    return made


def check(frame, eyes, *, within=0.06):
    """Both eyes found, to a part of their distance."""
    face = find_face(frame)
    assert face.flags == ()
    error = np.hypot(*(np.array([face.left_eye, face.right_eye]) - eyes).T)
    assert error.max() < within * np.hypot(*(eyes[1] - eyes[0]))
    return face


def test_every_face_is_found(people):
    for frame, eyes in people:
        face = check(frame, eyes)
        assert not face.fills(frame.shape)
        assert 0.4 * 480 < face.box_side < 0.7 * 480


@pytest.mark.parametrize("degrees", [10, -25])
def test_a_turned_face_is_found(people, degrees):
    frame, eyes = people[0]
    turn = cv2.getRotationMatrix2D((320, 240), degrees, 1)
    turned = cv2.warpAffine(frame, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    check(turned, eyes @ turn[:, :2].T + turn[:, 2])


@pytest.mark.parametrize("scale", [0.25, 2.5])
def test_a_small_and_a_large_face_are_found(people, scale):
    frame, eyes = people[1]
    size = round(640 * scale), round(480 * scale)
    scaled = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    face = check(scaled, (eyes + 0.5) * scale - 0.5)
    assert face.box_side == pytest.approx(0.54 * 480 * scale, rel=0.15)


def test_a_dark_face_and_a_gray_one_are_found(people):
    frame, eyes = people[2]
    check((frame * 0.2).astype(np.uint8), eyes)
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    assert check(gray, eyes) == check(gray[..., None], eyes)


def test_a_face_that_fills_its_frame_is_told(people):
    frame, eyes = people[3]
    cut = frame[80:410, 180:460]
    assert check(cut, eyes - (180, 80)).fills(cut.shape)


def test_a_face_cut_out_tightly_is_found_whole():
    """Its chin and temples lie outside; without a border its eyes were found elsewhere."""
    framing = Framing(200, 240, 99.5, 105.0, 145.0)
    found = 0
    for number in range(8):
        identity = make_identity((47, number))
        picture = render_face(identity, framing, supersampling=1)
        frame = np.clip(picture, 0, 255).astype(np.uint8)
        face = find_face(frame)
        if face.flags:
            continue
        found += 1
        assert face.fills(frame.shape)
        assert abs(face.middle[0] - framing.cx) < 6
        assert abs(face.middle[1] - framing.cy - identity.traits["eye_y"] * framing.scale) < 6
    assert found >= 7


def test_a_picture_without_a_face_is_flagged():
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    face = find_face(noise)
    assert face.flags == ("face_not_found",)
    assert (face.left_eye[0] + face.right_eye[0]) / 2 == 79.5
    assert not face.fills(noise.shape)
    assert face.fills((120, 130))
    with pytest.warns(UserWarning, match="no face was found"):
        cut = crop_face([noise, noise], size=32)
    assert cut.shape == (2, 32, 32, 3)
    assert find_face(np.zeros((3, 40), np.uint8)).flags == ("face_not_found",)
    assert find_face(np.zeros((2, 4000), np.uint8)).flags == ("face_not_found",)


def test_eyes_that_are_not_found_are_placed_by_the_box(people, monkeypatch):
    frame, eyes = people[0]
    monkeypatch.setattr("dfrnet_keras.features.face_detection.find_eyes", lambda _: None)
    face = find_face(frame)
    assert face.flags == ("eyes_not_found",)
    error = np.hypot(*(np.array([face.left_eye, face.right_eye]) - eyes).T)
    assert error.max() < 0.15 * np.hypot(*(eyes[1] - eyes[0]))


@pytest.mark.parametrize("size", [64, 224])
def test_eyes_come_to_lie_in_one_place(people, size):
    """The eyes of a turned face are level and at their place in the crop."""
    frame, eyes = people[1]
    marked = frame.copy()
    for eye in eyes:
        cv2.circle(marked, tuple(np.rint(eye).astype(int).tolist()), 7, (255, 0, 0), -1)
    turn = cv2.getRotationMatrix2D((320, 240), 12, 1)
    marked = cv2.warpAffine(marked, turn, (640, 480))
    placed = eyes @ turn[:, :2].T + turn[:, 2]
    face = Face(tuple(placed[0]), tuple(placed[1]), 250.0)
    cut = crop_face([marked], size=size, face=face)[0].astype(int)
    red = cut[..., 0] - cut[..., 1] > 128
    y, x = np.nonzero(red)
    for half, at in ((x < size / 2, 0.325), (x >= size / 2, 0.675)):
        assert (x[half].mean() + 0.5) / size == pytest.approx(at, abs=0.012)
        assert (y[half].mean() + 0.5) / size == pytest.approx(0.36, abs=0.012)


def test_one_transform_serves_the_whole_clip(people):
    frame, _ = people[2]
    moved = np.roll(frame, 9, axis=1)
    cut = crop_face([frame, moved], size=96)
    np.testing.assert_array_equal(cut[0], crop_face([frame], size=96)[0])
    shift, _ = cv2.phaseCorrelate(*(face[..., 1].astype(np.float32)[20:76, 20:76] for face in cut))
    assert shift[0] == pytest.approx(9 * 96 * 0.35 / (2 * 0.33 * FRAMING.scale), rel=0.25)
    gray = crop_face(np.stack([frame, moved])[..., :1], size=96)
    assert gray.shape == (2, 96, 96)


def test_a_pattern_finer_than_the_crop_leaves_no_false_one():
    frame = np.zeros((400, 400), np.uint8)
    frame[:, ::2] = 200
    face = Face((100.0, 150.0), (300.0, 150.0), 380.0)
    cut = crop_face([frame], size=64, face=face)[0][20:44, 20:44]  # within the frame
    assert np.ptp(cut.astype(int)) < 30


def test_bad_input_is_named():
    good = np.zeros((48, 48, 3), np.uint8)
    for frames, options, message in (
        ([], {}, "no frames"),
        ([good], {"size": 1}, "size is 1"),
        ([good, good[:20]], {}, "frame 1 has shape"),
        ([good.astype(np.float32)], {}, "float32"),
        ([np.zeros((48, 48, 2), np.uint8)], {}, "give uint8"),
    ):
        with pytest.raises(InputError, match=message):
            crop_face(frames, **options)


def test_an_opencv_without_cascades_is_named(monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier")
    monkeypatch.setattr("dfrnet_keras.features.cascades._load_cascade", _load_cascade.__wrapped__)
    with pytest.raises(InputError, match=r"opencv-python-headless>=4\.10,<5"):
        find_face(np.zeros((48, 48), np.uint8))


def test_a_face_upside_down_is_not_taken_for_one_that_leans():
    from dfrnet_keras.datasets.synthetic import synthesize_clips

    # Turned by 20 degrees the detector finds something in it, and nothing at another scale.
    *_, (_, clip) = synthesize_clips(subjects=3, clips_per_subject=1, framing=FRAMING)
    assert find_face(cv2.rotate(clip.frames[0], cv2.ROTATE_180)).flags == ("face_not_found",)


@pytest.mark.parametrize("degrees", [-25, 25])
def test_a_face_that_leans_is_found(people, degrees):
    picture, eyes = people[0]
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    leaning = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    check(leaning, eyes @ turn[:, :2].T + turn[:, 2])
