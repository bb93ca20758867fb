"""Files that are either the old one or the whole new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[IO[bytes]]:
    """A binary file to write to, which takes the place of `path` when the block ends without an error.

    Until then it is a temporary file in the same folder, which is made when it does not exist. The bytes reach the disk
    before the name changes, so that a crash or a loss of power at any moment leaves the old file. On an error the
    temporary file is removed.

    Raises:
        OSError: the file cannot be written; its message says that the old one is untouched.
    """
    target = os.path.realpath(os.fspath(path))
    folder, name = os.path.split(target)
    if os.path.isdir(target):
        raise IsADirectoryError(f"Cannot save to {target!r}: it is a folder.")
    temporary = None
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=folder)
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
