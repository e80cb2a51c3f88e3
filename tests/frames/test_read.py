from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import frame_times, read_clip, read_frames, read_image
from dfrnet_keras.frames.files import list_frames


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)


def save(path: Path, rgb: NDArray) -> Path:
    assert cv2.imwrite(str(path), rgb[..., ::-1] if rgb.ndim == 3 else rgb)
    return path


def write_video(path: Path, frames: NDArray, codec: str = "FFV1") -> Path:
    height, width = frames.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25, (width, height))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_lossless_pictures_come_back_as_rgb(tmp_path: Path, picture: NDArray, suffix: str) -> None:
    path = save(tmp_path / f"a{suffix}", picture)
    np.testing.assert_array_equal(read_image(path), picture)
    gray = read_image(str(path), gray=True)
    np.testing.assert_array_equal(gray, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def test_gray_files_are_repeated(tmp_path: Path, picture: NDArray) -> None:
    path = save(tmp_path / "a.png", picture[..., 0])
    np.testing.assert_array_equal(read_image(path), picture[..., :1].repeat(3, axis=2))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.995])
def test_truncated_pictures_are_found(
    tmp_path: Path, picture: NDArray, suffix: str, share: float
) -> None:
    path = cut(save(tmp_path / f"frame{suffix}", picture), share)
    with pytest.raises(InputError, match=rf"frame\{suffix}"):
        read_image(path)


@pytest.mark.parametrize(
    "text", ["/annex/objects/MD5E-s8--1.jpg\n", "version https://git-lfs.github.com/spec/v1\noid"]
)
def test_placeholders_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "img1.jpg"
    path.write_text(text)
    with pytest.raises(InputError, match=r"img1\.jpg .*content was not fetched: git annex get"):
        read_image(path)


def test_opencv_alone_would_have_taken_the_truncated_jpeg(tmp_path: Path, picture: NDArray) -> None:
    large = cv2.resize(picture, (640, 480))
    path = cut(save(tmp_path / "frame.jpg", large), 0.7)
    if cv2.imread(str(path)) is None:
        pytest.skip("this OpenCV refuses truncated JPEG files by itself")
    with pytest.raises(InputError, match="the JPEG end marker is missing"):
        read_image(path)


def test_jpeg_with_a_thumbnail_and_a_tail(tmp_path: Path, picture: NDArray) -> None:
    """An end marker in the header does not count; bytes after the picture do no harm."""
    path = save(tmp_path / "frame.jpg", picture)
    data, thumbnail = path.read_bytes(), b"Exif\0\0\xff\xd8\xff\xd9"
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    path.write_bytes(data[:2] + segment + data[2:] + b"tail")
    assert read_image(path).shape == picture.shape
    path.write_bytes(data[:2] + segment + data[2:-100])
    with pytest.raises(InputError, match="truncated"):
        read_image(path)


def test_a_flipped_bit_in_a_png_is_found(tmp_path: Path, picture: NDArray) -> None:
    path = save(tmp_path / "frame.png", picture)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="checksum"):
        read_image(path)


def test_sixteen_bits_are_refused(tmp_path: Path, picture: NDArray) -> None:
    path = save(tmp_path / "deep.png", picture.astype(np.uint16) * 257)
    with pytest.raises(InputError, match=r"deep\.png holds more than 8 bits"):
        read_image(path)


def test_frames_of_sixteen_bits_have_one_scale(tmp_path: Path, picture: NDArray) -> None:
    """Those of a camera of 12 bits lose the lowest 4, whichever of them are read."""
    deep = picture.astype(np.uint16) << 4
    bright = np.minimum(deep.astype(np.int64) * 2, 65535).astype(np.uint16)
    bright[:4] = 65535  # light that the first frame does not have
    paths = [save(tmp_path / f"f{k}.png", frame) for k, frame in enumerate((deep, deep, bright))]
    first, second, third = read_frames(paths, [0, 1, 2])
    np.testing.assert_array_equal(first, picture)
    np.testing.assert_array_equal(second, picture)
    np.testing.assert_array_equal(third[4:], np.minimum(picture[4:].astype(int) * 2, 255))
    assert third[:4].min() == 255
    np.testing.assert_array_equal(read_frames(paths, [2])[0], third)
    full = save(tmp_path / "full.tif", picture.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_frames([full], [0])[0], picture)
    gray = read_frames(paths, [1], gray=True)[0]
    np.testing.assert_array_equal(gray, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    floats = save(tmp_path / "floats.hdr", picture.astype(np.float32))
    with pytest.raises(InputError, match=r"floats\.hdr holds float32: convert it"):
        read_frames([floats], [0])


@pytest.mark.parametrize("suffix", [".gif", ".apng"])
def test_pictures_that_move_are_videos(tmp_path: Path, suffix: str) -> None:
    steps = [np.full((40, 56), 20 * k, np.uint8) for k in range(6)]
    images = [Image.fromarray(step) for step in steps]
    path = tmp_path / f"clip{suffix}"
    images[0].save(path, "GIF" if suffix == ".gif" else "PNG", save_all=True,
                   append_images=images[1:], duration=40)  # fmt: skip
    read = read_clip(path, gray=True)
    assert read.shape == (6, 40, 56)
    np.testing.assert_allclose(read, np.stack(steps), atol=2)
    np.testing.assert_allclose(frame_times(path), 0.04 * np.arange(6), atol=1e-6)
    with pytest.raises(InputError, match=rf"clip\{suffix} is truncated or damaged"):
        read_clip(cut(path, 0.7))


def test_missing_and_other_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jpg does not exist"):
        read_image(tmp_path / "none.jpg")
    with pytest.raises(InputError, match="cannot be read"):
        read_image(tmp_path)
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(InputError, match=r"text\.jpg is not an image"):
        read_image(tmp_path / "text.jpg")


def test_a_folder_is_read_in_natural_order(tmp_path: Path, picture: NDArray) -> None:
    for number in (1, 2, 10):
        save(tmp_path / f"img{number}.png", np.full_like(picture, number))
    (tmp_path / "notes.txt").write_text("not a frame")
    (tmp_path / "._img1.png").write_text("not a frame either")
    assert [path.name for path in list_frames(tmp_path)] == ["img1.png", "img2.png", "img10.png"]
    clip = read_clip(tmp_path)
    assert clip.shape == (3, *picture.shape)
    assert clip[:, 0, 0, 0].tolist() == [1, 2, 10]
    assert read_clip(tmp_path, gray=True).shape == (3, 40, 56)
    last, first = read_frames(list_frames(tmp_path), [2, 0])
    assert (int(last[0, 0, 0]), int(first[0, 0, 0])) == (10, 1)


def test_a_change_of_size_is_refused(tmp_path: Path, picture: NDArray) -> None:
    paths = [save(tmp_path / "a.png", picture), save(tmp_path / "b.png", picture[:30])]
    with pytest.raises(InputError, match=r"b\.png is 56 x 30 pixels and .*a\.png 56 x 40"):
        read_clip(paths)


def test_indexes_are_checked(tmp_path: Path, picture: NDArray) -> None:
    paths = [save(tmp_path / "a.png", picture)]
    for index in (-1, 1):
        with pytest.raises(InputError, match=f"frame {index} of the clip .* 1 frames"):
            read_frames(paths, [index])
    with pytest.raises(InputError, match="no frames"):
        read_frames([], [])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no image"):
        read_clip(tmp_path / "empty")
    with pytest.raises(InputError, match="is not a folder"):
        read_clip(tmp_path / "nowhere")


@pytest.fixture
def video_frames() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (20, 48, 64, 3), dtype=np.uint8)


def test_lossless_video_comes_back(tmp_path: Path, video_frames: NDArray) -> None:
    path = write_video(tmp_path / "clip.avi", video_frames)
    clip = read_clip(path)
    assert clip.shape == video_frames.shape
    # FFV1 may hold luma and chroma rather than RGB, hence not exactly equal.
    one, other = clip.astype(float).ravel(), video_frames.astype(float).ravel()
    assert np.corrcoef(one, other)[0, 1] > 0.6
    late, early = read_frames([path], [17, 3])
    np.testing.assert_array_equal(late, clip[17])
    np.testing.assert_array_equal(early, clip[3])
    with pytest.raises(InputError, match="frame 20 of the clip"):
        read_frames([path], [20])


@pytest.mark.parametrize("codec", ["FFV1", "MJPG"])
def test_a_truncated_video_is_found(tmp_path: Path, video_frames: NDArray, codec: str) -> None:
    path = cut(write_video(tmp_path / "clip.avi", video_frames, codec), 0.5)
    with pytest.raises(InputError, match=r"clip\.avi is truncated: it announces 20 frames"):
        read_clip(path)
    with pytest.raises(InputError, match="truncated"):
        read_frames([path], [0])


def test_no_video_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.avi does not exist"):
        read_frames([tmp_path / "gone.avi"], [0])
    (tmp_path / "text.avi").write_text("no video")
    with pytest.raises(InputError, match=r"text\.avi is not a video"):
        read_clip(tmp_path / "text.avi")
