import csv
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras, main
from dfrnet_keras.datasets import MEGC2019_CLASSES
from dfrnet_keras.errors import InputError

FIXTURES = Path(__file__).parents[1] / "fixtures" / "v0.1"


@pytest.fixture(scope="module")
def folder(predict_folder):
    return predict_folder


@pytest.fixture
def loaded(monkeypatch, keras_predictor):
    """The network is read once for all tests."""
    given = []

    def load(path, **options):
        given.append(options)
        return keras_predictor

    monkeypatch.setattr("dfrnet_keras.prediction.KerasPredictor", load)
    return given


def predict(*arguments):
    return CliRunner().invoke(dfr_keras, ["predict", *map(str, arguments)])


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
    assert first["label"] is None
    assert second["label"] is None
    assert (first["apex"], first["flags"]) == (5, ["apex_spotted", "face_not_found", "no_face"])
    spent = first["milliseconds"]
    assert spent["total"] == pytest.approx(sum(spent.values()) - spent["total"], abs=0.05)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["", ""]
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
    assert loaded == [{"crop": "none", "spotter": "midpoint", "face_finder": None}]
    for text in (f"{folder / 'frames'}: ", "probabilities  negative ", "apex frame     5 (spotted)",
                 "milliseconds ", "network ", "no face was found"):  # fmt: skip
        assert text in result.output
    assert "(spotted)" not in predict(folder / "model.keras", folder / "frames", "--apex", 5).output


def test_which_face(folder, loaded, monkeypatch, keras_predictor):
    asked = []
    original = keras_predictor.predict_files

    def answer(*arguments, face):
        asked.append(face)
        return original(*arguments)

    monkeypatch.setattr(keras_predictor, "predict_files", answer)
    monkeypatch.setattr(keras_predictor, "count_faces", lambda frames, onset: 2)
    for face, expected in (("largest", ["largest"]), ("2", [2]), ("all", [1, 2])):
        asked.clear()
        result = predict(folder / "model.keras", folder / "frames", "--face", face, "--json")
        assert result.exit_code == 0, result.output
        assert asked == expected
    names = [answer["clip"] for answer in json.loads(result.output)["predictions"]]
    assert names == [f"{folder / 'frames'} [face {number}]" for number in (1, 2)]
    result = predict(folder / "model.keras", folder / "frames", "--face", "left")
    assert "--face is left: give largest, all, or a number" in str(result.exception)


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


def test_a_table_that_cannot_be_written_is_found_out_before_the_work(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("dfrnet_keras.prediction.KerasPredictor", pytest.fail)
    (tmp_path / "file").write_text("no folder")
    for option in ("--csv", "--plot"):
        result = predict(folder / "model.keras", folder / "frames", option,
                         tmp_path / "file" / "a.png")  # fmt: skip
        assert isinstance(result.exception, InputError)
        assert "a.png cannot be written (Not a directory)" in str(result.exception)


def test_answers_are_printed_before_a_table_that_fails(folder, loaded, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("dfrnet_keras.prediction.answers.Answers.write_csv", full)
    result = predict(folder / "model.keras", folder / "frames", "--csv", tmp_path / "a.csv")
    assert f"{folder / 'frames'}: " in result.stdout
    assert "probabilities" in result.stdout
    assert "a.csv cannot be written (No space left on device)" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_the_terminal_cannot_write(folder, tmp_path):
    clip = tmp_path / "p 表情"
    shutil.copytree(folder / "frames", clip)
    code = "import sys; from dfrnet_keras.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "predict", str(FIXTURES / "network/model-float32.tflite"),
         str(clip)], capture_output=True, text=True, encoding="cp1252",
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'p ??'}: " in done.stdout
    assert "probabilities" in done.stdout
    assert done.stderr == ""  # nor a line of LiteRT's about its start
