import csv
import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras, main
from dfrnet_keras.datasets import MEGC2019_CLASSES
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import extract_features
from dfrnet_keras.models import build_model
from dfrnet_keras.models.saving import save_network
from dfrnet_keras.prediction import KerasPredictor, find_clips

SETTINGS = {"flow_method": "dis-fast", "strain_cross_term": True, "remove_global_motion": False,
            "crop": "none", "apex": "annotated", "spotter": "flow"}  # fmt: skip


def describe(size, flow_range="pixels", settings=SETTINGS):
    return {
        "classes": list(MEGC2019_CLASSES),
        "size": size,
        "flow_range": flow_range,
        "store": {"digest": "", "settings": settings},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network, and three clips: frames, a video, and a folder with one frame alone."""
    folder = tmp_path_factory.mktemp("predict")
    save_network(
        build_model("dfrnet", input_size=32, stages=1), folder / "model.keras", describe(32)
    )
    noise = np.random.default_rng(0).uniform(0, 255, (90, 90, 3))
    texture = cv2.GaussianBlur(noise, (0, 0), 2).astype(np.float32)
    texture = (texture - texture.min()) / np.ptp(texture) * 255
    y, x = np.mgrid[:90, :90].astype(np.float32)
    hill = np.exp(-((x - 45) ** 2 + (y - 66) ** 2) / 150).astype(np.float32)
    frames = [
        cv2.remap(texture, x, y - far * hill, cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
        for far in (0, 0, 0, 0.7, 1.5, 2.5, 1.5, 0.7, 0, 0, 0, 0)
    ]
    (folder / "frames").mkdir()
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / "frames" / f"img{index}.png"), frame)
    video = cv2.VideoWriter(
        str(folder / "clip.avi"), cv2.VideoWriter.fourcc(*"FFV1"), 10.0, (90, 90)
    )
    for frame in frames:
        video.write(frame)
    video.release()
    (folder / "one").mkdir()
    cv2.imwrite(str(folder / "one" / "a.png"), frames[0])
    return folder


@pytest.fixture(scope="module")
def predictor(folder):
    return KerasPredictor(folder / "model.keras")


@pytest.fixture
def loaded(monkeypatch, predictor):
    """The network is read once for all tests."""
    given = []

    def load(path, **options):
        given.append(options)
        return predictor

    monkeypatch.setattr("dfrnet_keras.prediction.KerasPredictor", load)
    return given


def predict(*arguments):
    return CliRunner().invoke(dfr_keras, ["predict", *map(str, arguments)])


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
    assert answer.label == MEGC2019_CLASSES[int(np.argmax(expected))]
    assert (answer.apex, answer.flags) == (5, ("face_not_found",))  # a texture stands for it
    assert set(answer.timings) == {"read", "face", "apex", "maps", "network"}
    given = predictor.predict_maps(*maps)
    np.testing.assert_allclose(list(given.probabilities.values()), expected, atol=1e-5)
    assert given.apex is None


@pytest.mark.parametrize("indexes", [(0, None, None), (2, None, 9), (2, 6, None), (1, 4, 8)])
def test_files_and_frames_give_the_same(folder, predictor, indexes):
    paths = find_clips([folder / "frames", folder / "clip.avi"])
    assert [len(frames) for _, frames in paths] == [12, 1]
    answers = [predictor.predict_files(frames, *indexes) for _, frames in paths]
    answers.append(predictor.predict(read(folder), *indexes))
    assert {answer.apex for answer in answers} == {indexes[1] or 5}
    flags = ("face_not_found",) if indexes[1] else ("apex_spotted", "face_not_found")
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
    for name in ("._img1.png", "Thumbs.db"):
        (folder / "frames" / name).write_bytes(b"x")
    ((_, all_frames),) = find_clips([f"{folder}/frames/*"])
    assert [path.stem for path in all_frames] == [f"img{index}" for index in range(12)]
    for wrong, message in (
        ("no/such", "no/such does not exist"),
        (f"{folder}/*.mp4", "nothing is named like"),
        (folder / "model.keras", "neither a video nor an image nor a folder"),
        (folder, "holds no image"),
    ):
        with pytest.raises(InputError, match=message):
            find_clips([wrong])


def test_json_csv_and_picture(folder, loaded, tmp_path):
    table, plot = tmp_path / "table.csv", tmp_path / "maps.png"
    result = predict(folder / "model.keras", folder / "frames", folder / "clip.avi", "--json",
                     "--csv", table, "--plot", plot)  # fmt: skip
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["classes"] == list(MEGC2019_CLASSES)
    assert said["failed"] == []
    first, second = said["predictions"]
    assert (first["clip"], second["clip"]) == (str(folder / "frames"), str(folder / "clip.avi"))
    assert first["label"] == second["label"] == max(first["probabilities"], key=first[
        "probabilities"].get)  # fmt: skip
    assert (first["apex"], first["flags"]) == (5, ["apex_spotted", "face_not_found"])
    spent = first["milliseconds"]
    assert spent["total"] == pytest.approx(sum(spent.values()) - spent["total"], abs=0.05)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [first["label"], second["label"]]
    assert float(rows[0]["p_surprise"]) == pytest.approx(
        first["probabilities"]["surprise"], abs=1e-5
    )
    height, width = cv2.imread(str(plot)).shape[:2]
    assert width > height > 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["maps.png", "table.csv"]


def test_what_is_printed(folder, loaded):
    result = predict(folder / "model.keras", folder / "frames", "--onset", 1, "--offset", 9,
                     "--crop", "none", "--spotter", "midpoint")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert loaded == [{"crop": "none", "spotter": "midpoint"}]
    for text in (f"{folder / 'frames'}: ", "probabilities  negative ", "apex frame     5 (spotted)",
                 "milliseconds ", "network ", "no face was found"):  # fmt: skip
        assert text in result.output
    assert "(spotted)" not in predict(folder / "model.keras", folder / "frames", "--apex", 5).output


def test_a_video_is_cut_by_seconds(folder, loaded):
    cut = predict(folder / "model.keras", folder / "clip.avi", "--start", 0.2, "--end", 0.4,
                  "--json")  # fmt: skip
    same = predict(folder / "model.keras", folder / "clip.avi", "--onset", 2, "--offset", 4,
                   "--json")  # fmt: skip
    assert cut.exit_code == same.exit_code == 0
    one, other = (json.loads(result.output)["predictions"][0] for result in (cut, same))
    assert one["apex"] == other["apex"] == 4
    assert one["probabilities"] == other["probabilities"]
    assert predict(folder / "model.keras", folder / "clip.avi", "--start", 0, "--onset", 2
                   ).exit_code == 2  # fmt: skip
    result = predict(folder / "model.keras", folder / "frames", "--end", 0.4)
    assert result.exit_code == 1
    assert "use --onset and --offset" in result.output


def test_a_bad_clip_does_not_keep_the_others_back(folder, loaded):
    result = predict(folder / "model.keras", folder / "one", folder / "frames", "--json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert [answer["clip"] for answer in said["predictions"]] == [str(folder / "frames")]
    (bad,) = said["failed"]
    assert bad["clip"] == str(folder / "one")
    assert result.stderr.startswith(f"Error: {folder / 'one' / 'a.png'} is the one frame of")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--apex", 12), "frame 12 of the clip"),
        (("--apex", 3, "--onset", 3), "apex is 3: give a frame after the onset, 3"),
        (("--onset", 4, "--offset", 4), "offset is 4"),
        (("--onset", 40), "the clip"),
        (("--offset", 40), "frame 12 of the clip"),
        (("--plot", "picture.txt"), "picture.txt is no name for a picture"),
    ],
)
@pytest.mark.parametrize("clip", ["frames", "clip.avi"])
def test_bad_input_is_one_sentence(folder, loaded, monkeypatch, capsys, options, message, clip):
    arguments = ["predict", folder / "model.keras", folder / clip, *options]
    monkeypatch.setattr("sys.argv", ["dfr-keras", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert error.count("\n") == 1
    assert message in error


def test_a_file_that_is_no_network_of_ours_is_named(folder, tmp_path):
    (tmp_path / "text.keras").write_text("no network")
    with pytest.raises(InputError, match=r"text\.keras is not a \.keras file"):
        KerasPredictor(tmp_path / "text.keras")
    save_network(build_model("ststnet"), tmp_path / "bare.keras", {})
    with pytest.raises(InputError, match=r"bare\.keras does not say what it was trained on"):
        KerasPredictor(tmp_path / "bare.keras")
