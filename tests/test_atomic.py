"""What is written is whole, or what was there before."""

import errno
import os

import pytest

from dfrnet_keras.atomic import check_writable, whole_file, whole_folder
from dfrnet_keras.errors import InputError


def test_a_file_appears_when_it_is_whole(tmp_path):
    with whole_file(tmp_path / "new" / "a.txt") as partial:
        partial.write_text("all")
        assert not (tmp_path / "new" / "a.txt").exists()
        assert partial.suffix == ".txt"
    assert os.listdir(tmp_path / "new") == ["a.txt"]
    assert (tmp_path / "new" / "a.txt").read_text() == "all"


def test_an_error_leaves_the_file_that_was_there(tmp_path):
    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a.txt") as partial:
        partial.write_text(f"half, {1 / 0}")
    assert os.listdir(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "before"


def test_nothing_is_overwritten_unless_asked(tmp_path):
    (tmp_path / "a.txt").write_text("before")
    with (
        pytest.raises(InputError, match=r"a\.txt is there already"),
        whole_file(tmp_path / "a.txt", overwrite=False),
    ):
        pytest.fail("the block was entered")
    with pytest.raises(InputError, match="is there already"), whole_folder(tmp_path):
        pytest.fail("the block was entered")


def test_a_full_disk_is_told_with_the_name_that_the_user_gave(tmp_path):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with (
        pytest.raises(InputError, match=r"a\.txt cannot be written \(No space left"),
        whole_file(tmp_path / "a.txt"),
    ):
        raise full
    with (
        pytest.raises(InputError, match=r"clips cannot be written \(No space left"),
        whole_folder(tmp_path / "clips"),
    ):
        raise full
    assert os.listdir(tmp_path) == []


def test_an_error_about_another_file_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a.txt"):
        (tmp_path / "input").read_text()
    with pytest.raises(PermissionError), whole_file(tmp_path / "a.txt"):
        raise PermissionError(errno.EACCES, "no", "/elsewhere")


def test_a_folder_that_is_a_file_is_named_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"a\.csv cannot be written"):
        check_writable(tmp_path / "file" / "a.csv")
    check_writable(tmp_path / "b.csv")
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_appears_when_it_is_whole(tmp_path):
    with whole_folder(tmp_path / "clips") as partial:
        (partial / "1.txt").write_text("1")
        assert not (tmp_path / "clips").exists()
    assert os.listdir(tmp_path) == ["clips"]
    assert (tmp_path / "clips").stat().st_mode & 0o777 == 0o755


def test_a_folder_is_replaced_when_the_new_one_is_whole(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "old").write_text("before")
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "runs", overwrite=True):
        assert 1 / 0
    assert os.listdir(tmp_path / "runs") == ["old"]
    with whole_folder(tmp_path / "runs", overwrite=True) as partial:
        (partial / "new").write_text("after")
        assert os.listdir(tmp_path / "runs") == ["old"]
    assert os.listdir(tmp_path / "runs") == ["new"]
    assert os.listdir(tmp_path) == ["runs"]
    (tmp_path / "file").write_text("no folder")
    with (
        pytest.raises(InputError, match="is there already"),
        whole_folder(tmp_path / "file", overwrite=True),
    ):
        pytest.fail("the block was entered")


def test_a_read_only_disk_is_told_with_the_name_that_the_user_gave(tmp_path, monkeypatch):
    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    monkeypatch.setattr("pathlib.Path.unlink", refuse)  # even of what is not there
    with pytest.raises(InputError, match=r"/a\.txt cannot be written \(Read-only file system\)"):
        check_writable(tmp_path / "a.txt")
