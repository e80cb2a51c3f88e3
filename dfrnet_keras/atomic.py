"""Writes a file or a folder whole or not at all.

What is written has another name until it is complete, so that an interruption, a full disk or an
error leaves what was there before.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dfrnet_keras.errors import InputError

# What a user can put right by choosing another place, as against a fault of the program.
_UNWRITABLE = {
    errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.EFBIG, errno.EIO, errno.EISDIR,
    errno.ENAMETOOLONG, errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS,
}  # fmt: skip


@contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """A name to write a file under, which becomes `path` when the block ends without an error.

    Args:
        path: The file to make; missing folders above it are made.
        overwrite: Whether it may replace a file that is there.

    Yields:
        Path in the same folder, with the same suffix.

    Raises:
        InputError: The file is there and may not be replaced, or it cannot be written.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise InputError(f"{path} is there already: give --overwrite or another name.")
    with _beside(path) as partial:
        yield partial
        os.replace(partial, path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name beside a file to write under; what is there at the end is removed."""
    partial = path.with_name(f"partial-{os.getpid()}-{path.name}")
    try:
        with _unwritable(path, partial):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
    finally:
        with suppress(OSError):  # what could not be made need not be removed
            partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to fill, which becomes `path` when the block ends without an error.

    Args:
        path: The folder to make: not there yet, or empty.
        overwrite: Whether it may replace a folder that is there, whatever is in it.

    Yields:
        An empty folder beside it.

    Raises:
        InputError: Something is there, or it cannot be written.
    """
    path = Path(path)
    empty = path.is_dir() and not any(path.iterdir())
    if path.exists() and not empty and not (overwrite and path.is_dir()):
        raise InputError(f"{path} is there already: choose another folder.")
    partial = None
    try:
        with _unwritable(path, path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Absolute, since it may be filled by processes with another working folder.
            beside = path.parent.absolute()
            partial = Path(tempfile.mkdtemp(prefix=f".partial-{path.name}-", dir=beside))
            partial.chmod(0o755)  # mkdtemp closes the folder to everybody else
            yield partial
            if path.exists():  # moved aside: a folder with files in it cannot be replaced
                old = partial.with_name(f"{partial.name}-old")
                os.replace(path, old)
                try:
                    os.replace(partial, path)
                except OSError:
                    os.replace(old, path)
                    raise
                shutil.rmtree(old)
            else:
                os.replace(partial, path)
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise `InputError` before the work where a file cannot be written."""
    with _beside(Path(path)) as partial:
        partial.write_bytes(b"\0" * 4096)  # an empty file has room on a full disk


@contextmanager
def _unwritable(path: Path, partial: Path) -> Iterator[None]:
    """Name the file that the user asked for where the system names another one, or none."""
    try:
        yield
    except OSError as error:
        named = None if error.filename is None else Path(os.fsdecode(error.filename))
        ours = named is None or named in (partial, path, path.parent) or partial in named.parents
        if error.errno not in _UNWRITABLE or not ours:
            raise
        # A file where a folder ought to be is said to exist.
        reason = os.strerror(errno.ENOTDIR) if error.errno == errno.EEXIST else error.strerror
        raise InputError(
            f"{path} cannot be written ({reason}): choose another folder or make room."
        ) from error
