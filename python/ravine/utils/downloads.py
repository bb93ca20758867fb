"""Files from the network, kept in a cache folder."""

from __future__ import annotations

import shutil
import stat
import tarfile
import tempfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ravine.datasets import _cache

_UNREADABLE = (ValueError, OSError, EOFError, RuntimeError, zlib.error, tarfile.TarError, zipfile.BadZipFile)
_LENGTHS = {"md5": 32, "sha256": 64}


def get_file(
    fname: Any = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """The path of a file that is downloaded when it is not there yet, or has another hash; or, with `extract`, of the
    folder with what an archive holds.

    A file or folder is in its place only when it is complete. Archives must keep to their folder: absolute paths,
    ``..`` and anything but plain files and folders are refused.

    Args:
        fname: the file's name; by default the last part of the URL.
        origin: the URL.
        untar: as `extract`.
        md5_hash: as `file_hash`, of algorithm ``md5``.
        file_hash: the hexadecimal hash that the file must have.
        cache_subdir: the folder below `cache_dir`.
        hash_algorithm: ``md5``, ``sha256``, or ``auto``: the one that has hashes of this length.
        extract: whether it is an archive to be taken apart.
        archive_format: ``tar`` (compressed or not), ``zip``, or ``auto``: whichever it is.
        cache_dir: by default RAVINE_HOME, or ``ravine`` in the user's cache folder.
        force_download: whether to download a file that is there.

    Raises:
        ConnectionError: it is not there and cannot be downloaded.
        ValueError: the file has another hash, is no archive, or is one that would leave its folder.
    """
    if origin is None:
        raise ValueError("utils.get_file: expected `origin`, the URL of the file.")
    name = str(fname) if fname else PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(origin).path)).name
    if not name or name in (".", "..") or Path(name).name != name:
        raise ValueError(f"utils.get_file: expected `fname`, the name of a file without folders, received {name!r}.")
    folder = Path(cache_dir or _cache.cache_dir()).expanduser() / cache_subdir
    wanted = (file_hash, hash_algorithm) if file_hash or not md5_hash else (md5_hash, "md5")
    extract = extract or untar
    if not extract:
        _fetch(folder / name, origin, *wanted, force_download)
        return str(folder / name)
    named = fname and "." in name
    unpacked = folder / (f"{name.partition('.')[0]}_extracted" if named else name)
    archive = folder / (name if named else f"{name}_archive")
    if _fetch(archive, origin, *wanted, force_download) or not unpacked.exists():
        _unpack(archive, unpacked, ["tar"] if untar else archive_format)
    return str(unpacked)


def _fetch(target: Path, url: str, wanted: str | None, algorithm: str, again: bool) -> bool:
    """Whether the file had to be downloaded."""
    if wanted and algorithm == "auto":
        algorithm = next((name for name, length in _LENGTHS.items() if length == len(wanted)), "auto")
    if wanted and algorithm not in _LENGTHS:
        raise ValueError(f"utils.get_file: expected an md5 or sha256 hash, received {wanted!r} of {algorithm!r}.")
    wanted = wanted.lower() if wanted else None
    if target.is_file() and not again and (wanted is None or _cache.checksum(target, algorithm) == wanted):
        return False
    _cache.download(url, target, wanted, algorithm)
    return True


def _unpack(archive: Path, folder: Path, formats: str | Sequence[str] | None) -> None:
    formats = ["tar", "zip"] if formats == "auto" else [formats] if isinstance(formats, str) else formats or []
    if "tar" in formats and tarfile.is_tarfile(archive):
        unpack: Any = _untar
    elif "zip" in formats and zipfile.is_zipfile(archive):
        unpack = _unzip
    else:
        raise ValueError(f"{archive} is not an archive of format {' or '.join(formats) or 'None'}.")
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        try:
            unpack(archive, partial)
        except _UNREADABLE as error:
            raise ValueError(f"{archive} cannot be unpacked: {error}.") from error
        if folder.is_dir():
            shutil.rmtree(folder)
        partial.chmod(0o755)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _untar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        for member in opened:
            if not member.isfile() and not member.isdir():
                raise ValueError(f"{member.name!r} is neither a file nor a folder")
            target = _inside(folder, member.name)
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
            else:
                _write(opened.extractfile(member), target)


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if stat.S_ISLNK(member.external_attr >> 16):
                raise ValueError(f"{member.filename!r} is neither a file nor a folder")
            target = _inside(folder, member.filename)
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            else:
                with opened.open(member) as content:
                    _write(content, target)


def _write(content: Any, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(content, file, _cache.CHUNK)


def _inside(folder: Path, name: str) -> Path:
    """Where a member of an archive goes. There are no links in the folder, so that its name alone decides."""
    path = PureWindowsPath(name)  # which knows both kinds of slashes
    if path.anchor or ".." in path.parts:
        raise ValueError(f"{name!r} would leave the folder")
    return folder.joinpath(*path.parts)
