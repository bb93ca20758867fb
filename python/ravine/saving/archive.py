"""The `.keras` file: a zip archive of a configuration and the weights, read without trust."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any

from ravine.saving import hdf5, json_config
from ravine.saving.errors import UnreadableFileError

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"

_FORMAT = "3.15.1"  # the version of Keras whose layout is written
_MOST_MEMBERS = 10_000
_MOST_CONFIG = 256 * 2**20
_BOMB_SIZE = 64 * 2**20  # up to here any compression is believed
_BOMB_RATIO = 100


class Archive:
    """A `.keras` file that is open for reading.

    Raises:
        UnreadableFileError: on opening, for names that lead out of the archive, links, doubles, too many members,
            or a member that unpacks to far more than is stored.
    """

    def __init__(self, zipped: zipfile.ZipFile):
        self._zip = zipped
        self._members: dict[str, zipfile.ZipInfo] = {}
        members = zipped.infolist()
        if len(members) > _MOST_MEMBERS:
            raise UnreadableFileError(f"the archive has {len(members)} members; a model has a handful.")
        for member in members:
            self._check(member)
            self._members[member.filename] = member

    def _check(self, member: zipfile.ZipInfo) -> None:
        name = member.filename
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\\" in name:
            raise UnreadableFileError(f"the archive has a member {name!r} that leads out of it.")
        if name in self._members:
            raise UnreadableFileError(f"the archive has two members called {name!r}.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UnreadableFileError(f"the member {name!r} of the archive is a link.")
        if member.flag_bits & 1:
            raise UnreadableFileError(f"the member {name!r} of the archive is encrypted.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableFileError(f"the member {name!r} of the archive is packed in a way that models are not.")
        if member.file_size > max(_BOMB_SIZE, _BOMB_RATIO * member.compress_size):
            raise UnreadableFileError(
                f"the member {name!r} of the archive claims to unpack from {member.compress_size} to "
                f"{member.file_size} bytes."
            )

    def size(self, name: str) -> int:
        """The size of a member when it is unpacked; 0 when there is none."""
        return self._members[name].file_size if name in self._members else 0

    def read(self, name: str) -> bytes:
        """A member, which must be as long as the archive says.

        Raises:
            UnreadableFileError: there is no such member, or it is longer or shorter.
        """
        if name not in self._members:
            raise UnreadableFileError(f"the archive has no {name!r}, so it is not a Keras model.")
        member = self._members[name]
        with self._zip.open(member) as file:
            content = file.read(member.file_size)
            if len(content) != member.file_size or file.read(1):
                raise UnreadableFileError(f"the member {name!r} is not as long as the archive says.")
        return content

    def config(self) -> dict:
        """The configuration of the model."""
        if self.size(CONFIG) > _MOST_CONFIG:
            raise UnreadableFileError(f"the configuration is {self.size(CONFIG)} bytes long.")
        return json_config.parse(self.read(CONFIG))


@contextmanager
def opened(source: Any) -> Iterator[Archive]:
    """The archive in a file, given by its path or opened for reading."""
    with zipfile.ZipFile(source) as zipped:
        yield Archive(zipped)


@contextmanager
def weights(archive: Archive, most_bytes: int) -> Iterator[hdf5.WeightsFile]:
    """The weights in an archive."""
    with hdf5.reading(io.BytesIO(archive.read(WEIGHTS))) as file:
        yield hdf5.WeightsFile(file, most_bytes)


def write(file: IO[bytes], config: dict, save_weights: Any) -> None:
    """Write an archive.

    Args:
        save_weights: called with a WeightsFile to fill.
    """
    import ravine

    metadata = {
        "keras_version": _FORMAT,
        "date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
        "ravine_version": ravine.__version__,
    }
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr(METADATA, json.dumps(metadata))
        zipped.writestr(CONFIG, json_config.text(config))
        with zipped.open(WEIGHTS, "w", force_zip64=True) as member, hdf5.writing(member) as opened:
            save_weights(hdf5.WeightsFile(opened))
