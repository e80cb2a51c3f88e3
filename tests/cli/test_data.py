import json

import click
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras, main
from dfrnet_keras.datasets import Clip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DFR_KERAS_DATA", raising=False)


def data(*arguments):
    return CliRunner().invoke(dfr_keras, ["data", *map(str, arguments)])


@pytest.fixture
def smic(tmp_path):
    """Two subjects of SMIC, written by hand: three clips of three frames."""
    root = tmp_path / "smic"
    labels = {"s1_ne_01": "negative", "s1_po_01": "positive", "s2_sur_01": "surprise"}
    for name, label in labels.items():
        folder = root / "SMIC_all_raw" / "HS" / name[:2] / "micro" / label / name
        folder.mkdir(parents=True)
        for number in (9, 10, 11):
            image = np.full((8, 8, 3), number, np.uint8)
            cv2.imwrite(str(folder / f"image{number}.bmp"), image)
    return root


def test_check_holds_what_is_found_against_what_is_expected(smic):
    result = data("check", "--dataset", "smic", "--root", smic)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["smic", "found", "3", "2", "1", "1", "1"] in lines
    assert ["smic", "expected", "164", "16", "70", "51", "43"] in lines
    assert "usable, but not complete; 0 problems" in result.output
    result = data("check", "--dataset", "smic", "--root", smic, "--json")
    assert result.exit_code == 0
    report = json.loads(result.output)
    assert report["found"]["classes"] == {"negative": 1, "positive": 1, "surprise": 1}
    assert report["expected"]["clips"] == 164
    assert (report["usable"], report["complete"], report["problems"]) == (True, False, [])


def test_check_draws_the_faces_that_were_found(smic, tmp_path):
    (tmp_path / "drawn").mkdir()
    sheet = tmp_path / "drawn" / "faces.png"
    result = data("check", "--dataset", "smic", "--root", smic, "--faces", sheet, "--json")
    assert result.exit_code == 0, result.output
    faces = json.loads(result.output)["faces"]
    assert faces == {"file": str(sheet), "finder": "cascades", "looked_at": 3,
                     "face_not_found": 3, "fills_the_frame": 3}  # fmt: skip
    height, width = cv2.imread(str(sheet)).shape[:2]
    assert width > height > 100
    assert list(sheet.parent.iterdir()) == [sheet]
    result = data("check", "--dataset", "smic", "--root", smic, "--faces", sheet)
    assert f"faces: {sheet} (3 looked at, 3 face not found, 3 fills the frame)" in result.output
    result = data("check", "--dataset", "smic", "--root", smic, "--faces", tmp_path / "faces.txt")
    assert "faces.txt is no name for a picture" in str(result.exception)


def test_check_names_every_problem(smic):
    clip = smic / "SMIC_all_raw/HS/s2/micro/surprise/s2_sur_01"
    other = smic / "SMIC_all_raw/HS/s1/micro/positive/s1_po_01"
    (other / "image10.bmp").write_bytes(b"BM")
    whole = data("check", "--dataset", "smic", "--root", smic, "--json")
    assert json.loads(whole.output)["problems"] == []  # a frame in the middle is not opened
    (clip / "image11.bmp").write_bytes((clip / "image11.bmp").read_bytes()[:100])
    result = data("check", "--dataset", "smic", "--root", smic, "--every-frame", "--json")
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert report["found"]["clips"] == 1
    assert "1 subject(s)" in report["failure"]
    assert [problem["file"] for problem in report["problems"]] == [str(other), str(clip)]
    assert "fewer rows than its header says" in report["problems"][1]["what"]
    assert report["problems"][1]["done"] == "the clip was left out"
    shown = data("check", "--dataset", "smic", "--root", smic)
    assert f"problem: {clip}: " in shown.output
    assert (
        "not usable: " not in data("check", "--dataset", "smic", "--root", smic.parent).output[:9]
    )


def test_check_of_a_folder_that_cannot_be_used(smic, tmp_path):
    result = data("check", "--dataset", "casme2", "--root", smic)
    assert result.exit_code == 1
    assert "it looks like smic" in result.output
    assert "casme2 expected" in result.output
    result = data("check", "--dataset", "samm", "--json")
    assert result.exit_code == 1
    assert "DFR_KERAS_DATA is not set" in json.loads(result.output)["failure"]


def test_check_of_a_composite_and_of_other_classes(smic, tmp_path):
    result = data("check", "--dataset", "megc2019", "--root", tmp_path, "--json")
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert "no clip of casme2, samm can be used" in report["failure"]
    assert report["parts"]["smic"]["found"]["clips"] == 3
    assert report["expected"]["subjects"] == 68
    assert report["expected"]["classes"] == {"negative": 250, "positive": 109, "surprise": 83}
    result = data("check", "--dataset", "samm", "--classes", "original", "--root", smic, "--json")
    assert sum(json.loads(result.output)["expected"]["classes"].values()) == 159
    result = data("check", "--dataset", "casme2", "--classes", "original", "--json")
    assert sum(json.loads(result.output)["expected"]["classes"].values()) == 255


def test_synthesize_then_check(tmp_path):
    out = tmp_path / "out"
    options = ("--subjects", 2, "--clips-per-subject", 3, "--frames", 3, "--cropped", "--jobs", 1)
    result = data("synthesize", "--layout", "casme2", out, *options)
    assert result.exit_code == 0, result.output
    assert "6 synthetic clips" in result.output
    report = json.loads(data("check", "--dataset", "casme2", "--root", out, "--json").output)
    assert (report["found"]["clips"], report["problems"]) == (6, [])
    result = data("apex", "--dataset", "casme2", "--root", out, "--jobs", 1, "--crop", "none")
    assert result.exit_code == 0, result.output
    assert "6 clips with an annotated apex" in result.output
    for method in ("dcrois", "dcrois-grid", "flow", "midpoint"):
        assert f"\n{method} " in result.output


def test_apex_errors_are_those_of_the_clips(tmp_path, monkeypatch):
    frames = []
    for index, value in enumerate((90, 90, 90, 90, 90, 90, 90)):
        frames.append(tmp_path / f"{index}.png")
        cv2.imwrite(str(frames[-1]), np.full((64, 64), value, np.uint8))
    clips = [
        Clip("synthetic", "s1", "a", tuple(frames), 1, 2, 6, "negative"),
        Clip("synthetic", "s1", "b", tuple(frames), 0, 6, 6, "negative"),
        Clip("synthetic", "s1", "c", tuple(frames), 0, None, 6, "negative"),
        Clip("synthetic", "s1", "d", (*frames, tmp_path / "gone.png"), 0, 3, 7, "negative"),
    ]
    monkeypatch.setattr("dfrnet_keras.datasets.load_dataset", lambda *_, **__: clips)
    result = data("apex", "--dataset", "synthetic", "--methods", "flow", "--jobs", 1, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    # Nothing moves, so every method answers with the middle: off by 2 and by 3.
    assert found["mean_absolute_error"] == {"flow": 2.5, "midpoint": 2.5}
    assert (found["clips"], found["unannotated"]) == (2, 1)
    assert [skipped["clip"] for skipped in found["skipped"]] == ["synthetic/s1/d"]
    assert "gone.png does not exist" in found["skipped"][0]["reason"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--dataset", "casme9"], "is 'casme9'"),
        (["check", "--dataset", "megc2019", "--classes", "original"], "no classes of its own"),
        (["apex", "--dataset", "smic", "--root", "SMIC"], "None of the 3 clips has an annotated"),
        (
            ["apex", "--dataset", "smic", "--root", "SMIC", "--methods", "x"],
            "method is 'x'",
        ),
        (["synthesize", "--layout", "smic", "SMIC"], "is there and not empty"),
    ],
)
def test_bad_input_ends_with_one_sentence(smic, monkeypatch, capsys, arguments, message):
    arguments = [str(smic) if argument == "SMIC" else argument for argument in arguments]
    monkeypatch.setattr("sys.argv", ["dfr-keras", "data", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_every_command_and_option_is_described():
    group = dfr_keras.get_command(None, "data")
    assert sorted(group.commands) == ["apex", "check", "synthesize"]
    for command in group.commands.values():
        assert command.help
        assert all(option.help for option in command.params if isinstance(option, click.Option))


@pytest.mark.parametrize("layout", ["casme-squared", "samm-lv"])
def test_recordings_are_written_and_checked(tmp_path, layout):
    root = tmp_path / "drawn"
    options = ("--subjects", 2, "--seconds", 8, "--size", "80x64", "--jobs", 1)
    result = data("synthesize", "--layout", layout, root, *options)
    assert result.exit_code == 0, result.output
    assert f"2 synthetic recordings in {root}" in result.output
    result = data("check", "--dataset", layout, "--root", root)
    assert result.exit_code == 0, result.output
    assert "recordings  subjects  micro  macro" in result.output
    assert "usable, but not complete; 0 problems" in result.output
    frame = next(root.rglob("*.jpg"))
    frame.write_bytes(b"nothing")
    report = json.loads(data("check", "--dataset", layout, "--root", root, "--every-frame",
                             "--json").output)  # fmt: skip
    assert report["found"]["clips"] == 1
    assert frame.name in report["problems"][0]["what"]


def test_options_of_clips_and_of_recordings_are_not_mixed(tmp_path):
    for options in (("samm-lv", "--frames", 9), ("samm-lv", "--cropped"), ("smic", "--seconds", 9)):
        result = data("synthesize", "--layout", *options, tmp_path / "d")
        assert result.exit_code == 2
        assert "has no meaning" in result.output
    result = data("synthesize", "--layout", "samm-lv", "--size", "large", tmp_path / "d")
    assert "as in 640x480" in result.output
