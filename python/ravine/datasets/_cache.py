"""The cache folder of the data sets, downloads into it, and checksums."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

CHUNK = 1 << 20
TIMEOUT_SECONDS = 30


def cache_dir() -> Path:
    """The folder given by RAVINE_HOME, or `ravine` in the user's cache folder as the platform has it."""
    home = os.environ.get("RAVINE_HOME")
    if home:
        return Path(home).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "ravine"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ravine"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ravine"


def checksum(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fetch(relative_path: str, url: str, expected: str, algorithm: str) -> Path:
    """The path of a cached file; downloads and verifies it when it is not there.

    Args:
        relative_path: below the cache folder.
        url: where it is published.
        expected: hexadecimal digest that the downloaded file must have.
        algorithm: "sha256" or "md5".

    Raises:
        ConnectionError: it is not cached and cannot be downloaded; the message says which file to put where.
        ValueError: what was downloaded has another checksum.
    """
    target = cache_dir() / relative_path
    if not target.is_file():
        download(url, target, expected, algorithm)
    return target


def download(url: str, target: Path, expected: str | None, algorithm: str) -> None:
    """Put what is published at a URL in its place, when it is complete and, unless `expected` is None, verified. Raises
    as `fetch`."""
    with write_atomically(target) as partial:
        try:
            _download(url, partial)
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ConnectionError(
                f"{target.name} is not in the cache and could not be downloaded from {url} ({reason}). "
                f"Download it by other means and put it at {target} "
                "(or set RAVINE_HOME to the folder that holds it)."
            ) from error
        found = None if expected is None else checksum(partial, algorithm)
        if found != expected:
            raise ValueError(
                f"{url}: expected {algorithm} {expected}, the download has {found}. Nothing was kept; try again."
            )


@contextlib.contextmanager
def write_atomically(target: Path):
    """A temporary path beside `target` that takes its place when the block succeeds and vanishes when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=target.name + ".", suffix=".part", dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(path: Path, what: str):
    """Turn any failure to decode a cached file into a ValueError that names the file."""
    try:
        yield
    except (KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, tarfile.TarError) as error:
        raise ValueError(
            f"{path} is not a readable {what} file; it may be truncated ({type(error).__name__}: {error}). "
            "Delete it and it will be downloaded again."
        ) from error


def read_splits(path: Path, what: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """`(x_train, y_train), (x_test, y_test)` from an .npz file with arrays of these names."""
    # The file is opened here because NumPy leaves it open when it turns out to be damaged.
    with reading(path, what), path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])


def _download(url: str, path: Path, open_url: Callable = urllib.request.urlopen) -> None:
    from ravine.utils.progress import Progress

    with open_url(url, timeout=TIMEOUT_SECONDS) as response, path.open("wb") as file:
        size = int(response.headers.get("Content-Length") or 0)
        print(f"Downloading {url}")
        progress = Progress(max(1, -(-size // CHUNK)) if size else None, unit="MB")
        received = 0
        while chunk := response.read(CHUNK):
            file.write(chunk)
            received += len(chunk)
            progress.update(-(-received // CHUNK))
        progress.finish()
        if size and received != size:
            raise OSError(f"the connection ended after {received} of {size} bytes")
