import warnings

import cv2
import keras
import numpy as np
import pytest

from dfrnet_keras.datasets import MEGC2019_CLASSES
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import extract_features
from dfrnet_keras.models import build_model
from dfrnet_keras.models.saving import save_network
from dfrnet_keras.prediction import KerasPredictor, find_clips

SETTINGS = {"flow_method": "dis-fast", "strain_cross_term": True, "remove_global_motion": False,
            "crop": "none", "apex": "annotated", "spotter": "flow"}  # fmt: skip


@pytest.fixture(scope="module")
def folder(predict_folder):
    return predict_folder


@pytest.fixture
def predictor(keras_predictor):
    return keras_predictor


def describe(size, flow_range="pixels", settings=SETTINGS):
    return {
        "classes": list(MEGC2019_CLASSES),
        "size": size,
        "flow_range": flow_range,
        "store": {"digest": "", "settings": settings},
    }


def read(folder):
    paths = sorted((folder / "frames").iterdir(), key=lambda path: int(path.stem[3:]))
    return np.stack([cv2.imread(str(path))[..., ::-1] for path in paths])


def test_a_network_gets_the_maps_it_was_trained_on(folder, predictor):
    frames = read(folder)
    answer = predictor.predict(frames, onset=1, apex=5)
    maps = extract_features(
        frames, onset=1, apex=5, size=32, flow_method="dis-fast", strain_cross_term=True
    )
    batch = {name: value[None].astype(np.float32) for name, value in maps._asdict().items()}
    batch["flow"] = batch["flow"].astype(np.float16).astype(np.float32)
    expected = predictor.network.predict_on_batch(batch)[0]
    np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-5)
    assert tuple(answer.probabilities) == MEGC2019_CLASSES
    # A texture stands for the face.
    assert (answer.label, answer.apex) == (None, 5)
    assert answer.flags == ("face_not_found", "no_face")
    assert set(answer.timings) == {"read", "face", "apex", "maps", "network"}
    given = predictor.predict_maps(*maps)
    np.testing.assert_allclose(list(given.probabilities.values()), expected, atol=1e-5)
    assert given.label == MEGC2019_CLASSES[int(np.argmax(expected))]
    assert given.apex is None


@pytest.mark.parametrize("indexes", [(0, None, None), (2, None, 9), (2, 6, None), (1, 4, 8)])
def test_files_and_frames_give_the_same(folder, predictor, indexes):
    paths = find_clips([folder / "frames", folder / "clip.avi"])
    assert [len(frames) for _, frames in paths] == [12, 1]
    answers = [predictor.predict_files(frames, *indexes) for _, frames in paths]
    answers.append(predictor.predict(read(folder), *indexes))
    assert {answer.apex for answer in answers} == {indexes[1] or 5}
    flags = (*(() if indexes[1] else ("apex_spotted",)), "face_not_found", "no_face")
    # The video has 10 frames a second, pictures have no rate.
    too_long = ("too_long",) if indexes in ((0, None, None), (2, None, 9)) else ()
    assert [answer.flags for answer in answers] == [flags, (*flags, *too_long), flags]
    for answer in answers[1:]:
        np.testing.assert_allclose(
            list(answer.probabilities.values()),
            list(answers[0].probabilities.values()),
            atol=1e-6,
        )


def test_a_network_of_published_maps_gets_bytes(tmp_path):
    path = tmp_path / "ststnet.keras"
    save_network(build_model("ststnet"), path, describe(28, "bytes", {"flow_range": "bytes"}))
    predictor = KerasPredictor(path)
    seen = []
    original = predictor.network.predict_on_batch
    predictor.network.predict_on_batch = lambda batch: seen.append(batch) or original(batch)
    maps = extract_features(np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3), np.uint8),
                            size=28, flow_method="dis-fast")  # fmt: skip
    answer = predictor.predict_maps(*maps)
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    batch = seen[0]["flow"]
    assert batch.shape == (1, 28, 28, 3)
    np.testing.assert_array_equal(batch.min(axis=(0, 1, 2)), [0, 0, 0])
    np.testing.assert_array_equal(batch.max(axis=(0, 1, 2)), [255, 255, 255])


def test_clips_are_found_by_name_and_by_pattern(folder):
    (name, frames), (video, _) = find_clips([f"{folder}/fra*/img?.png", f"{folder}/*.avi"])
    assert (name, video) == (str(folder / "frames"), str(folder / "clip.avi"))
    assert [path.name for path in frames] == [f"img{index}.png" for index in range(10)]
    shuffled = [folder / "frames" / f"img{index}.png" for index in (10, 2, 1)]
    ((_, frames),) = find_clips(shuffled)
    assert [path.stem for path in frames] == ["img1", "img2", "img10"]
    left_over = [folder / "frames" / name for name in ("._img1.png", "Thumbs.db")]
    for path in left_over:
        path.write_bytes(b"x")
    ((_, all_frames),) = find_clips([f"{folder}/frames/*"])
    for path in left_over:
        path.unlink()
    assert [path.stem for path in all_frames] == [f"img{index}" for index in range(12)]
    for wrong, message in (
        ("no/such", "no/such does not exist"),
        (f"{folder}/*.mp4", "nothing is named like"),
        (folder / "model.keras", "neither a video nor an image nor a folder"),
        (folder, "holds no image"),
    ):
        with pytest.raises(InputError, match=message):
            find_clips([wrong])


def test_a_file_that_is_no_network_of_ours_is_named(folder, tmp_path):
    (tmp_path / "text.keras").write_text("no network")
    with pytest.raises(InputError, match=r"text\.keras is not a \.keras file"):
        KerasPredictor(tmp_path / "text.keras")
    save_network(build_model("ststnet"), tmp_path / "bare.keras", {})
    with pytest.raises(InputError, match=r"bare\.keras does not say what it was trained on"):
        KerasPredictor(tmp_path / "bare.keras")


def test_a_network_is_fed_in_the_form_of_its_inputs(folder, tmp_path):
    inputs = [keras.Input((28, 28, 3), name="flow"), keras.Input((28, 28, 3), name="apex")]
    x = [keras.layers.GlobalAveragePooling2D()(tensor) for tensor in inputs]
    both = keras.layers.Dense(3, "softmax")(keras.layers.Concatenate()(x))
    one = keras.layers.Dense(3, "softmax")(x[0])
    maps = extract_features(read(folder), apex=5, size=28, flow_method="dis-fast")
    for number, network in enumerate((
        keras.Model(inputs[0], one), keras.Model(inputs[:1], one),
        keras.Model({"flow": inputs[0]}, one), keras.Model(inputs, both),
        keras.Model({"flow": inputs[0], "apex": inputs[1]}, both),
    )):  # fmt: skip
        path = save_network(network, tmp_path / f"{number}.keras", describe(28))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras warns of another structure
            answer = KerasPredictor(path).predict_maps(*maps)
        flow = maps.flow.astype(np.float16).astype(np.float32)
        means = np.concatenate([flow.mean((0, 1)), maps.apex.mean((0, 1))])
        weights, bias = network.layers[-1].get_weights()
        scores = np.exp(means[: len(weights)] @ weights + bias)
        np.testing.assert_allclose(
            list(answer.probabilities.values()), scores / scores.sum(), atol=1e-3
        )
