"""What can be wrong with a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ravine._config import ConfigurationError


class UnreadableFileError(ValueError):
    """The file is damaged, is not what its name says, or asks for something that no model file needs."""


class MissingFileError(FileNotFoundError, ValueError):
    """There is no file. Keras raises ValueError or FileNotFoundError, depending on the suffix; this is both."""


def require_h5py() -> Any:
    """The h5py module."""
    try:
        import h5py
    except ImportError:
        raise ImportError('Keras files need h5py: pip install "ravine[keras]"') from None
    return h5py


@contextmanager
def reading(path: Any) -> Iterator[None]:
    """What the libraries below raise about a damaged file becomes an UnreadableFileError that names it."""
    import struct
    import zipfile
    import zlib

    name = repr(str(path))
    try:
        yield
    except ImportError:
        raise
    except (UnreadableFileError, ConfigurationError) as error:
        raise error if name in str(error) else type(error)(f"{name}: {error}") from error.__cause__
    except FileNotFoundError as error:
        raise MissingFileError(error.errno, f"There is no file {name}.") from None
    except (PermissionError, IsADirectoryError):
        raise
    except (
        OSError,
        RuntimeError,
        KeyError,
        EOFError,
        AttributeError,
        struct.error,
        zlib.error,
        zipfile.BadZipFile,
    ) as e:
        raise UnreadableFileError(f"{name} cannot be read; it is damaged or not what its name says: {e}") from e
