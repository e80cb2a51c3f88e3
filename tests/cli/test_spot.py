import csv
import json
import urllib.request

import numpy as np
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.cli.screen import open_screen
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames.live import LiveFrames


def run(*arguments):
    return CliRunner().invoke(dfr_keras, list(map(str, arguments)))


@pytest.fixture(scope="module")
def spotted(drawn_video, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spotted")
    result = run("spot", drawn_video, "--out", folder / "out", "--page", folder / "page.html",
                 "--clips", folder / "clips", "--subject", "P<1>")  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder, result.output


def test_table_csv_json_and_clips(spotted, drawn_video, drawn_recording):
    folder, printed = spotted
    assert "4 finds in 12.0 s, 600 frames, 50 a second" in printed
    with (folder / "out/finds.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    said = json.loads((folder / "out/finds.json").read_text())
    truth = drawn_recording[0].intervals
    assert len(rows) == len(said["finds"]) == len(truth)
    for row, find, interval in zip(rows, said["finds"], truth, strict=True):
        assert abs(int(row["frame"]) - interval.apex) <= 2
        assert float(row["second"]) == pytest.approx(int(row["frame"]) / 50)
        assert row["class"] == (find["class"] or "not sure")
        assert row["units"] == "+".join(find["units"])
        assert (row["kind"], row["subject"]) == ("micro", "P<1>")
        assert sum(find["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    right = [find["class"] == one.label for find, one in zip(said["finds"], truth, strict=True)]
    assert sum(right) >= 3  # these are as large as those that the preset was made for
    assert said["recordings"][0]["problem"] is None
    assert len(list((folder / "clips").iterdir())) == 4


def test_the_page_needs_no_network_and_shows_every_find(spotted):
    folder, _ = spotted
    page = (folder / "page.html").read_text()
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page
    assert "P&lt;1&gt;" in page
    for number in range(1, 5):
        assert f'href="#find-{number}"' in page
        assert f'id="find-{number}"' in page
    assert page.count("data:image/jpeg") == 4 * 3
    assert page.count("data:image/png") == 4 * 4
    assert "<polyline" in page


def test_videos_side_by_side_and_one_that_is_none(spotted, drawn_video, tmp_path):
    folder, _ = spotted
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"no video")
    result = run("spot", broken, drawn_video, "--out", folder / "out", "--jobs", "2", "--json")
    assert result.exit_code == 1
    assert "broken.avi is not a video that can be read" in result.stderr
    said = json.loads(result.stdout)
    assert [entry["video"] for entry in said["recordings"]] == [str(drawn_video)]
    assert len(said["finds"]) == 4


def test_bad_targets_are_refused_before_the_work(drawn_video, tmp_path):
    result = run("spot", drawn_video, "--page", tmp_path / "page.txt")
    assert isinstance(result.exception, InputError)
    assert "ends in .html" in str(result.exception)


def test_watch_prints_finds_and_records_when_asked(drawn_video, tmp_path):
    result = run("watch", drawn_video, "--text", "--record", tmp_path / "kept")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if ": micro, " in line]
    assert len(lines) >= 3  # a machine that has no time drops frames
    assert "ms after its end" in lines[0]
    assert "dropped" in result.stderr
    with (tmp_path / "kept/finds.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(lines)
    name = f"{int(rows[0]['frame']):06d}-micro"
    assert (tmp_path / "kept" / name / f"{int(rows[0]['frame']):06d}.png").is_file()


def test_watch_refuses_what_is_not_there(tmp_path, monkeypatch):
    assert "not both" in run("watch", "x.avi", "--camera", "0").output
    with pytest.raises(InputError, match="camera 99 cannot be opened"):
        LiveFrames(99)


class _Unplugged:
    """A camera that gives three frames."""

    def __init__(self, number):
        self.left = 3

    def isOpened(self):
        return True

    def read(self):
        self.left -= 1
        return self.left >= 0, np.zeros((48, 64, 3), np.uint8)

    def release(self):
        pass


def test_an_unplugged_camera_is_one_sentence(monkeypatch):
    monkeypatch.setattr("dfrnet_keras.frames.live.cv2.VideoCapture", _Unplugged)
    frames = LiveFrames(0)
    seen = [frame.number for frame in frames]
    assert seen == [0, 1, 2]
    assert frames.problem == "camera 0 gave no more frames after 3: was it unplugged?"


def test_late_frames_are_dropped_and_counted(drawn_video):
    import time

    frames = LiveFrames(drawn_video)
    seen = []
    for frame in frames:
        time.sleep(0.1)  # ten a second, of fifty
        seen.append(frame.number)
        if len(seen) == 20:
            frames.close()
            break
    assert frames.dropped == seen[-1] - len(seen) + 1
    assert frames.dropped > 20


def test_the_page_of_watch_is_a_stream(capsys):
    with open_screen(False, 0) as screen:
        address = capsys.readouterr().err.split(" shows")[0]
        assert address.startswith("http://127.0.0.1:")
        assert b'src="/stream"' in urllib.request.urlopen(address, timeout=10).read()
        stream = urllib.request.urlopen(f"{address}/stream", timeout=10)
        picture = np.full((48, 64, 3), 128, np.uint8)
        assert screen(lambda: picture)
        head = stream.readline() + stream.readline()
        assert head.startswith(b"--next\r\nContent-Type: image/jpeg")
        stream.close()
