import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.spotting.state import movements_as_text
from dfrnet_keras.frames import read_frames, stream_frames
from dfrnet_keras.prediction import recording as module
from dfrnet_keras.prediction.recording import cut_clips, spot_recording


@pytest.fixture(scope="module")
def whole(drawn_video):
    return spot_recording(drawn_video)


def same(one, other):
    assert movements_as_text(one.movements) == movements_as_text(other.movements)
    ours, theirs = ({**vars(each), "movements": None} for each in (one, other))
    assert ours == theirs


def test_what_is_said_about_a_recording(whole, drawn_recording):
    assert (whole.frames, whole.problem, whole.done) == (600, "", True)
    assert whole.rate == pytest.approx(50)
    assert whole.remarks == []
    assert len(whole.curve) == 120
    assert max(whole.curve) > 0.005
    assert len(whole.movements) == 4


def test_a_killed_run_goes_on_to_the_same_result(drawn_video, whole, tmp_path):
    checkpoint = tmp_path / "drawn.npz"
    code = (
        "import sys, time\n"
        "from dfrnet_keras.prediction import recording\n"
        "recording._EVERY = 0.0\n"
        "recording.spot_recording(sys.argv[1], checkpoint=sys.argv[2],\n"
        "    on_progress=lambda done, total: time.sleep(0.02))\n"
    )
    work = subprocess.Popen([sys.executable, "-c", code, str(drawn_video), str(checkpoint)])
    limit = time.monotonic() + 60
    while time.monotonic() < limit and work.poll() is None:
        if checkpoint.is_file() and len(np.load(checkpoint)["time"]) > 150:
            break
        time.sleep(0.05)
    assert work.poll() is None, "it ended before it could be killed"
    os.kill(work.pid, signal.SIGKILL)
    work.wait()
    started = []
    found = spot_recording(
        drawn_video, checkpoint=checkpoint, on_progress=lambda done, total: started.append(done)
    )
    assert started[0] > 150
    same(found, whole)
    again = spot_recording(drawn_video, checkpoint=checkpoint,
                           on_progress=lambda *_: pytest.fail("it was done"))  # fmt: skip
    same(again, whole)


def test_a_checkpoint_of_another_video_is_not_used_and_a_damaged_one_is_named(
    drawn_video, whole, tmp_path
):
    checkpoint = tmp_path / "drawn.npz"
    spot_recording(drawn_video, checkpoint=checkpoint)
    other = tmp_path / "other.avi"
    data = drawn_video.read_bytes()
    other.write_bytes(data)
    seen = []
    spot_recording(other, checkpoint=checkpoint, on_progress=lambda done, _: seen.append(done))
    assert seen[0] == 1
    checkpoint.write_bytes(b"PK no file of arrays")
    with pytest.raises(InputError, match="is damaged"):
        spot_recording(drawn_video, checkpoint=checkpoint)


def test_of_a_truncated_video_what_was_found_is_kept(drawn_video, whole, tmp_path):
    short = tmp_path / "short.avi"
    data = drawn_video.read_bytes()
    short.write_bytes(data[: len(data) * 3 // 5])
    found = spot_recording(short)
    assert "is truncated" in found.problem
    assert str(short) in found.problem
    assert 250 < found.frames < 450
    early = [one for one in whole.movements if one.seconds[2] < found.seconds - 2]
    assert early
    assert [one.apex for one in found.movements][: len(early)] == [one.apex for one in early]


def test_a_full_disk_leaves_the_finds_in_memory(drawn_video, whole, tmp_path, monkeypatch):
    def full(*_):
        raise InputError("no room")

    monkeypatch.setattr(module, "_write_checkpoint", full)
    found = spot_recording(drawn_video, checkpoint=tmp_path / "x.npz")
    assert found.problem == "no room"
    assert movements_as_text(found.movements) == movements_as_text(whole.movements)


def test_clips_are_cut_without_loss(drawn_video, whole, tmp_path):
    made = list(cut_clips(whole, tmp_path))
    assert [folder.name for folder in made] == [
        f"drawn-{one.apex:06d}-micro" for one in whole.movements
    ]
    first = whole.movements[0]
    files = sorted(made[0].iterdir())
    assert len(files) == first.offset - first.onset + 1
    (apex,) = read_frames([drawn_video], [first.apex])
    kept = cv2.imread(str(made[0] / f"{first.apex:06d}.png"))[..., ::-1]
    assert np.array_equal(kept, apex)
    assert list(cut_clips(whole, tmp_path)) == []  # they are there


def test_folders_need_a_rate_and_slow_ones_are_flagged(drawn_recording, tmp_path):
    _, frames = drawn_recording
    for number, frame in enumerate(frames[:20]):
        cv2.imwrite(str(tmp_path / f"img{number}.png"), frame[..., ::-1])
    with pytest.raises(InputError, match="--rate"):
        spot_recording(tmp_path)
    found = spot_recording(tmp_path, rate=10.0)
    assert found.frames == 20
    assert found.seconds == pytest.approx(1.9)
    assert [flag for flag, *_ in found.remarks] == ["low_rate"]


def test_uneven_steps_are_flagged(drawn_video, monkeypatch):
    def uneven(path, **options):
        for frame in stream_frames(path, **options):
            if frame.number < 100:
                pause = 0.015 if frame.number % 3 == 0 else 0.0
                yield frame._replace(second=frame.second + pause)

    monkeypatch.setattr(module, "stream_frames", uneven)
    assert [flag for flag, *_ in spot_recording(drawn_video).remarks] == ["uneven_rate"]


def test_streams_start_anywhere(drawn_video):
    whole = list(stream_frames(drawn_video))
    late = list(stream_frames(drawn_video, start=590))
    assert [frame.number for frame in late] == list(range(590, 600))
    assert [frame.second for frame in late] == [frame.second for frame in whole[590:]]
    assert np.array_equal(late[0].picture, whole[590].picture)
    assert whole[50].second == pytest.approx(1.0)
    with pytest.raises(InputError, match="does not exist"):
        next(stream_frames(drawn_video.with_name("none.avi")))
