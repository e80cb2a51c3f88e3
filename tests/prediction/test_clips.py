import struct

import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import frame_times
from dfrnet_keras.prediction.clips import find_clips, frames_between


def boxes(content, start, end):
    """The boxes of an MP4 file between two places: kind to (start, end)."""
    found = {}
    while start + 8 <= end:
        (length,) = struct.unpack_from(">I", content, start)
        found[content[start + 4 : start + 8]] = (start, start + length)
        start += length
    return found


def with_times(content, steps):
    """An MP4 file of OpenCV with other steps between its frames: `(number of frames, seconds)`."""

    def place(*path):
        start, end = 0, len(content)
        for kind in path:
            start, end = boxes(content, start, end)[kind]
            start += 8
        return start - 8, end

    track = (b"moov", b"trak")
    media = (*track, b"mdia")
    (scale,) = struct.unpack_from(">I", content, place(*media, b"mdhd")[0] + 20)
    entries = b"".join(struct.pack(">II", count, round(step * scale)) for count, step in steps)
    body = struct.pack(">II", 0, len(steps)) + entries
    box = struct.pack(">I", len(body) + 8) + b"stts" + body
    path = (*media, b"minf", b"stbl", b"stts")
    start, end = place(*path)
    changed = bytearray(content[:start] + box + content[end:])
    for depth in range(1, len(path)):
        above, _ = place(*path[:depth])
        (length,) = struct.unpack_from(">I", content, above)
        struct.pack_into(">I", changed, above, length + len(box) - (end - start))
    content = bytes(changed)
    # The list of edits would cut the video off at its former length.
    content = content.replace(b"edts", b"free")
    changed = bytearray(content)
    total = sum(count * step for count, step in steps)
    struct.pack_into(">I", changed, place(*media, b"mdhd")[0] + 24, round(total * scale))
    return bytes(changed)


@pytest.fixture
def uneven(write_video, tmp_path):
    """A video of 40 frames: 20 at 25 a second, 12 at 200 and 8 at 25."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), np.uint8)
    even = write_video([cv2.GaussianBlur(frame, (0, 0), 4) for frame in noise], "even.mp4", 100,
                       "mp4v")  # fmt: skip
    path = tmp_path / "uneven.mp4"
    path.write_bytes(with_times(even.read_bytes(), [(20, 0.04), (12, 0.005), (8, 0.04)]))
    return path


def test_seconds_are_those_of_the_frames(uneven):
    times = frame_times(uneven)
    steps = [0.04] * 20 + [0.005] * 12 + [0.04] * 7
    np.testing.assert_allclose(times, np.cumsum([0, *steps]), atol=0.002)
    assert frames_between((uneven,), 0.8, 0.86) == (20, 32)
    assert frames_between((uneven,), None, 0.9) == (0, 33)
    assert frames_between((uneven,), 0.41, None) == (10, None)
    assert len(frame_times(uneven, stop=0.1)) == 4
    with pytest.raises(InputError, match=r"3 seconds is past the end of .*uneven\.mp4"):
        frames_between((uneven,), 0.8, 3.0)


def test_without_seconds_the_clip_is_whole(tmp_path):
    assert frames_between((tmp_path / "none.avi",), None, None) == (0, None)
    with pytest.raises(InputError, match="has no seconds: use --onset and --offset"):
        frames_between((tmp_path / "a.png", tmp_path / "b.png"), 0.1, None)


def test_a_video_that_does_not_say_when_is_refused(write_video, monkeypatch):
    path = write_video([np.zeros((32, 32, 3), np.uint8)] * 3)
    monkeypatch.setattr(cv2, "CAP_PROP_POS_MSEC", cv2.CAP_PROP_FPS)  # the same for all frames
    with pytest.raises(InputError, match="does not say when each frame was taken"):
        frames_between((path,), 0.0, 0.02)


def test_kinds_of_files(tmp_path, write_video):
    video = write_video([np.zeros((32, 32, 3), np.uint8)] * 3)
    for name in ("a.3gp", "b.MTS", "c.mpeg", "d.gif"):
        video.with_name(name).write_bytes(video.read_bytes())
        assert find_clips([tmp_path / name]) == [(str(tmp_path / name), (tmp_path / name,))]
    (tmp_path / "clip").write_bytes(video.read_bytes())
    with pytest.raises(
        InputError, match=r"a video ends in \.3gp, \.apng, .* or \.wmv, an image in"
    ):
        find_clips([tmp_path / "clip"])


def test_what_is_no_clip_does_not_keep_the_others_back(write_pictures):
    folder = write_pictures([np.zeros((8, 8, 3), np.uint8)] * 2)
    failed = []
    found = find_clips(["none.avi", folder], failed)
    assert [name for name, _ in found] == [str(folder)]
    assert failed == [("none.avi", "none.avi does not exist: give a video, a folder or a pattern")]
    with pytest.raises(InputError, match=r"none\.avi does not exist"):
        find_clips(["none.avi"], failed)
