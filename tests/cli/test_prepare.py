import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras, main
from dfrnet_keras.datasets import Clip
from dfrnet_keras.store import FeatureStore


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DFR_KERAS_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def maps(tmp_path):
    folder = tmp_path / "maps folder"
    folder.mkdir()
    lines = ["file,dataset,subject,clip,label"]
    for number, label in enumerate(("negative", "negative", "surprise")):
        picture = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        lines.append(f"{number}.png,d,s{number % 2},c{number},{label}")
    (folder / "samples.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """Stands in for the synthetic dataset: three clips of two frames."""
    made = []
    for number in range(3):
        noise = np.random.default_rng(number).uniform(0, 255, (40, 41, 3))
        texture = cv2.GaussianBlur(noise, (0, 0), 2).astype(np.uint8)
        frames = tuple(tmp_path / f"{number}_{step}.png" for step in range(2))
        for step, frame in enumerate(frames):
            cv2.imwrite(str(frame), texture[:, 1 - step : 41 - step])
        made.append(Clip("synthetic", f"s{number % 2}", f"c{number}", frames, 0, 1, 1, "negative"))
    monkeypatch.setattr("dfrnet_keras.datasets.load_dataset", lambda *_, **__: made)
    return made


def prepare(*arguments):
    return CliRunner().invoke(dfr_keras, ["prepare", *map(str, arguments)])


def test_maps_are_stored_where_the_library_looks(maps, home):
    result = prepare("--dataset", "flow-folder", "--root", maps)
    assert result.exit_code == 0, result.output
    assert "3 clips (2 negative, 0 positive, 1 surprise), flow, 8 pixels" in result.output
    (path,) = (home / "stores").glob("flow-folder-*/index.json")
    assert str(path.parent) in result.output
    assert len(FeatureStore.open(path.parent)) == 3


def test_root_falls_back_to_the_environment(maps, monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    maps.rename(tmp_path / "data" / "flow-folder")
    monkeypatch.setenv("DFR_KERAS_DATA", str(tmp_path / "data"))
    assert prepare("--dataset", "flow-folder").exit_code == 0


def test_json_describes_the_store(clips, tmp_path):
    out = tmp_path / "out"
    options = ("--size", 16, "--flow", "farneback", "--strain", "tensor", "--jobs", 1)
    result = prepare("--dataset", "synthetic", *options, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    described = json.loads(result.output)
    store = FeatureStore.open(out)
    assert described["path"] == str(out)
    assert described["digest"] == store.digest
    assert (described["clips"], described["subjects"], described["size"]) == (3, 2, 16)
    assert described["classes"] == {"negative": 3, "positive": 0, "surprise": 0}
    assert described["features"] == "TSD"
    assert described["settings"]["flow_method"] == "farneback"
    assert described["settings"]["strain_cross_term"] is True
    assert described["skipped"] == []


def test_skipped_clips_are_named(clips):
    clips[1].frames[0].write_bytes(b"")
    result = prepare("--dataset", "synthetic", "--size", 16, "--flow", "farneback", "--jobs", 1)
    assert result.exit_code == 0
    assert "2 clips (2 negative" in result.output
    assert "1 clips were skipped" in result.output
    assert "synthetic/s1/c1: " in result.output
    assert "empty" in result.output


def fails(monkeypatch, capsys, *arguments):
    """The single sentence that the program ends with."""
    monkeypatch.setattr("sys.argv", ["dfr-keras", "prepare", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert error.count("\n") == 1
    return error


def test_nothing_usable_is_a_failure(clips, monkeypatch, capsys):
    for clip in clips:
        clip.frames[1].unlink()
    error = fails(monkeypatch, capsys, "--dataset", "synthetic", "--flow", "farneback", "--jobs", 1)
    assert "None of the 3 clips can be used" in error
    assert str(clips[0].frames[1]) in error


def test_bad_input_ends_with_one_sentence(maps, monkeypatch, capsys, tmp_path):
    assert "is 'casme9'" in fails(monkeypatch, capsys, "--dataset", "casme9")
    assert "DFR_KERAS_DATA is not set" in fails(monkeypatch, capsys, "--dataset", "flow-folder")
    with (maps / "samples.csv").open("a") as sheet:
        sheet.write("\n../secret.png,d,s,c,negative\n")
    error = fails(monkeypatch, capsys, "--dataset", "flow-folder", "--root", maps)
    assert "line 5" in error


def test_another_store_is_replaced_only_when_asked(clips, monkeypatch, capsys, tmp_path):
    options = ("--dataset", "synthetic", "--flow", "farneback", "--jobs", 1, "--out")
    out = tmp_path / "out"
    assert prepare(*options, out, "--size", 16).exit_code == 0
    error = fails(monkeypatch, capsys, *options, out, "--size", 24)
    assert "size 16 instead of 24" in error
    assert "--overwrite" in error
    assert prepare(*options, out, "--size", 24, "--overwrite").exit_code == 0
    assert FeatureStore.open(out).size == 24


def test_a_gallery_is_drawn(clips, maps, tmp_path):
    options = ("--size", 16, "--flow", "farneback", "--jobs", 1)
    sheet = tmp_path / "sheets" / "some.png"
    result = prepare("--dataset", "synthetic", *options, "--gallery", sheet)
    assert result.exit_code == 0, result.output
    assert f"Gallery: {sheet}" in result.output
    height, width = cv2.imread(str(sheet)).shape[:2]
    assert height > 3 * 100
    assert width > 6 * 100
    result = prepare("--dataset", "synthetic", *options, "--gallery", tmp_path / "all", "--json")
    (page,) = json.loads(result.output)["gallery"]
    assert page == str(tmp_path / "all" / "clips-0001-0003.png")
    assert (tmp_path / "all" / "clips-0001-0003.png").is_file()
    assert not list(tmp_path.rglob("partial-*"))


def test_a_gallery_of_ready_made_maps_shows_flow_alone(maps, tmp_path):
    sheet = tmp_path / "maps.png"
    result = prepare("--dataset", "flow-folder", "--root", maps, "--gallery", sheet)
    assert result.exit_code == 0, result.output
    height, width = cv2.imread(str(sheet)).shape[:2]
    assert width < 1.8 * height  # three columns, three rows


def test_a_gallery_of_another_ending_is_refused_before_any_work(clips, monkeypatch, capsys, home):
    error = fails(monkeypatch, capsys, "--dataset", "synthetic", "--gallery", "sheet.txt")
    assert "sheet.txt is neither a picture nor a folder" in error
    assert not home.exists()


def test_where_an_apex_comes_from_is_told(clips, tmp_path):
    options = ("--dataset", "synthetic", "--size", 16, "--flow", "farneback", "--jobs", 1)
    result = prepare(*options, "--apex", "midpoint", "--crop", "none", "--json")
    described = json.loads(result.output)
    assert described["flags"] == {"apex_spotted": 3}
    assert described["settings"]["apex"] == described["settings"]["spotter"] == "midpoint"
    result = prepare(*options, "--apex", "midpoint", "--crop", "none")
    assert "3 clips: the apex was not taken from an annotation but spotted (midpoint)" in (
        result.output
    )
    assert json.loads(prepare(*options, "--json").output)["flags"] == {}
