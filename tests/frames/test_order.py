from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest

from dfrnet_keras.frames import in_order, is_leftover, list_frames, natural_key


def shuffled(names: list[str]) -> list[str]:
    return random.Random(0).sample(names, len(names))


def test_natural_order() -> None:
    names = ["img10.jpg", "img2.jpg", "IMG1.jpg", "reg_img9.jpg", "img02b.jpg", "7.png"]
    assert sorted(names, key=natural_key) == [
        "7.png", "IMG1.jpg", "img2.jpg", "img02b.jpg", "img10.jpg", "reg_img9.jpg",
    ]  # fmt: skip
    assert natural_key("a01") != natural_key("a1")
    assert natural_key("a²3") < natural_key("a²10")


IN_ORDER = {
    "plain": [f"img{n}.jpg" for n in range(8, 12)],
    "padded here and there": ["f1.png", "f02.png", "f3.png", "f010.png"],
    "fractions": [f"t{0.9 + n * 0.05:g}.png" for n in range(26)],
    "fractions of one length": [f"t{0.95 + n * 0.05:.2f}.png" for n in range(26)],
    "fractions with a comma": ["t0,9.png", "t0,95.png", "t1,1.png"],
    "fractions and whole numbers": ["0.5.bmp", "0.75.bmp", "1.0.bmp", "1.25.bmp", "10.0.bmp"],
    "counters after a dot": [f"cam1.{n}.png" for n in range(1, 13)],
    "versions": ["v1.2.3.png", "v1.2.10.png", "v1.10.1.png", "v2.0.0.png"],
    "versions and fractions": ["v1.10.2_t0.9.png", "v1.10.2_t0.95.png", "v1.10.2_t1.1.png"],
    "dates and times": ["2024-01-09 9.59.58.png", "2024-01-09 10.0.1.png", "2024-01-10 1.1.1.png"],
    "dash as separator": ["a-1.png", "a-2.png", "a-10.png"],
    "copies": ["a-1-1.png", "a-1-2.png", "a-2-1.png"],
}


@pytest.mark.parametrize("names", IN_ORDER.values(), ids=IN_ORDER)
def test_frames_are_in_the_order_of_their_numbers(names: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [path.name for path in in_order(shuffled(names))] == names


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([f"frame_{n}.png" for n in range(-5, 21)], "negative number"),
        ([f"f{n}.png" for n in range(-12, 3)], "negative number"),
        ([f"{n / 4:g}.png" for n in range(-9, 9)], "negative number"),
        (["clip_-1.png", "clip_-2.png"], "clip_-[12] was taken for a number after a dash"),
        (["apex.png", "offset.png", "onset.png"], "alphabet"),
        (["img1_apex.png", "img1_onset.png"], "alphabet"),
        (["img1.png", "img2.png", "thumb.png"], "img2.png and thumb.png differ in more"),
        (["left1.png", "left2.png", "right1.png", "right2.png"], "left2.png and right1.png"),
        (["img1.jpg", "img1.png", "img2.jpg"], "img1.jpg and img1.png hold the same number"),
        (["img01.jpg", "img1.jpg"], "hold the same number"),
        (["IMG1.jpg", "img1.jpg"], "hold the same number"),
    ],
)
def test_an_order_in_doubt_is_said(names: list[str], message: str) -> None:
    with pytest.warns(UserWarning, match=message) as said:
        assert [path.name for path in in_order(shuffled(names))] == names
    assert len(said) == 1


def test_a_folder_of_frames_leaves_aside_what_systems_put_there(tmp_path: Path) -> None:
    for name in ("b10.jpg", "b9.JPG", "._b9.jpg", ".b8.jpg", "Thumbs.db", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "@eaDir").mkdir()
    assert list_frames(tmp_path) == (tmp_path / "b9.JPG", tmp_path / "b10.jpg")


@pytest.mark.parametrize(
    "name",
    ["__MACOSX", ".AppleDouble", "@eaDir", "$RECYCLE.BIN", "._x.jpg", "thumbs.db", "~$a.xlsx"],
)
def test_leftovers(name: str) -> None:
    assert is_leftover(name)
    assert not is_leftover(f"sub01{name.strip('.~$')}")
