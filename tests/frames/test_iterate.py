import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import iterate_frames, read_frames, video_length


@pytest.fixture
def clip(tmp_path):
    """Ten pictures and a lossless video of the same."""
    frames = np.random.default_rng(0).integers(0, 256, (10, 32, 48, 3), np.uint8)
    paths = tuple(tmp_path / f"{number}.png" for number in range(10))
    video = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"FFV1"), 25, (48, 32))
    for path, frame in zip(paths, frames, strict=True):
        cv2.imwrite(str(path), frame)
        video.write(frame)
    video.release()
    return {"images": paths, "video": (tmp_path / "v.avi",)}


@pytest.mark.parametrize("kind", ["images", "video"])
@pytest.mark.parametrize(
    ("indexes", "expected"),
    [
        ([0, 4, 9], [0, 4, 9]),
        (range(3, 6), [3, 4, 5]),
        (slice(7, None), [7, 8, 9]),
        (slice(2, 5), [2, 3, 4]),
        (slice(None), list(range(10))),
    ],
)
def test_the_frames_asked_for_come_in_order(clip, kind, indexes, expected):
    ours = list(iterate_frames(clip[kind], indexes))
    for frame, other in zip(ours, read_frames(clip[kind], expected), strict=True):
        np.testing.assert_array_equal(frame, other)
    gray = next(iterate_frames(clip[kind], indexes, gray=True))
    assert gray.shape == (32, 48)


def test_no_picture_is_read_before_it_is_needed(clip):
    clip["images"][5].unlink()
    frames = iterate_frames(clip["images"], slice(4, 7))
    assert next(frames).shape == (32, 48, 3)
    with pytest.raises(InputError, match=r"5\.png does not exist"):
        next(frames)


def test_a_video_is_read_no_further_than_needed(clip, tmp_path):
    data = clip["video"][0].read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(data[: len(data) * 7 // 10])  # the last frames are gone
    assert len(list(iterate_frames((cut,), slice(1, 4)))) == 3
    with pytest.raises(InputError, match="truncated"):
        list(iterate_frames((cut,), slice(1, None)))


@pytest.mark.parametrize("kind", ["images", "video"])
def test_bad_indexes_are_named(clip, kind):
    for indexes, message in (
        ([0, 10], "frame 10 of the clip"),
        (slice(3, 12), "frame 10 of the clip"),
        ([-1], "frame -1 of the clip"),
        ([4, 3], "not in order"),
        ([4, 4], "not in order"),
    ):
        with pytest.raises(InputError, match=message):
            list(iterate_frames(clip[kind], indexes))
    with pytest.raises(InputError, match="no frames"):
        list(iterate_frames((), [0]))


def test_frames_of_another_size_are_named(clip):
    cv2.imwrite(str(clip["images"][2]), np.zeros((8, 9, 3), np.uint8))
    with pytest.raises(InputError, match=r"2\.png is 9 x 8 pixels .*48 x 32"):
        list(iterate_frames(clip["images"], slice(None)))


def test_a_video_says_how_long_it_is(clip, tmp_path):
    assert video_length(clip["video"][0]) == (10, 25.0)
    (tmp_path / "text.avi").write_text("no video")
    for name, message in (("text.avi", "is not a video"), ("none.avi", "does not exist")):
        with pytest.raises(InputError, match=message):
            video_length(tmp_path / name)
