"""Files that are either the old one or the whole new one, never half of it."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any

try:
    import fcntl
except ImportError:  # not a Unix: files that a killed process left stay
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[IO[bytes]]:
    """A binary file to write to, which takes the place of `path` when the block ends without an error.

    Until then it is a temporary file in the same folder, which is made when it does not exist. The bytes reach the disk
    before the name changes, so that a crash or a loss of power at any moment leaves the old file. On an error the
    temporary file is removed; one that a killed process left is removed when the same file is written again.

    Raises:
        OSError: the file cannot be written; its message says that the old one is untouched.
    """
    target = os.path.realpath(os.fspath(path))
    folder, name = os.path.split(target)
    if os.path.isdir(target):
        raise IsADirectoryError(f"Cannot save to {target!r}: it is a folder.")
    temporary = lock = None
    try:
        os.makedirs(folder, exist_ok=True)
        _remove_abandoned(folder, name)
        handle, lock, temporary = _make_temporary(folder, name)
        with open(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _permissions(target))
        os.replace(temporary, target)
        temporary = None
        _sync_folder(folder)
    except OSError as error:
        kept = " What was there before is untouched." if os.path.exists(target) else ""
        told = f"Saving to {os.fspath(path)!r} failed: {error.strerror or error}.{kept}"
        raise (type(error)(told) if error.errno is None else type(error)(error.errno, told)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if lock is not None:
            os.close(lock)


_RANDOM = 8  # letters that mkstemp puts into a name


def _around(name: str) -> tuple[str, str]:
    return f".{name[:100]}.", ".tmp"


def _make_temporary(folder: str, name: str) -> tuple[int, int, str]:
    """A new file: a handle to write with, one that keeps it locked until it is closed, and the path."""
    prefix, suffix = _around(name)
    while True:
        handle, path = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=folder)
        lock = os.dup(handle)
        with contextlib.suppress(OSError):  # some file systems cannot
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(path):
            return handle, lock, path
        os.close(handle)  # another process took it for abandoned before it was locked
        os.close(lock)


def _remove_abandoned(folder: str, name: str) -> None:
    """Remove the temporary files for `name` whose process has ended: the system has released their locks."""
    if fcntl is None:
        return
    prefix, suffix = _around(name)
    pattern = glob.escape(os.path.join(folder, prefix)) + "?" * _RANDOM + suffix
    for path in glob.glob(pattern):
        with contextlib.suppress(OSError):  # in use, removed meanwhile, or not ours
            handle = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            finally:
                os.close(handle)


def _permissions(target: str) -> int:
    """Those of the file that is replaced, else what any new file gets."""
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _sync_folder(folder: str) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def may_write(path: Any, overwrite: bool) -> bool:
    """Whether `path` is free or may be replaced. With ``overwrite=False`` a person at a terminal is asked, as Keras
    does.

    Raises:
        FileExistsError: it exists, must not be replaced, and nobody can be asked.
    """
    if overwrite or not os.path.exists(path):
        return True
    if not (sys.stdin and sys.stdin.isatty()):
        raise FileExistsError(f"{os.fspath(path)!r} exists already. Pass overwrite=True to replace it.")
    return input(f"{os.fspath(path)!r} exists already. Replace it? [y/n] ").strip().lower() in ("y", "yes")
