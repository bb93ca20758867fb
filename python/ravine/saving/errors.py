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
    """Errors about the content of a file name it. What the libraries below raise about a damaged one, which is of many
    kinds, becomes an UnreadableFileError."""
    name = repr(str(path))
    try:
        yield
    except (ImportError, PermissionError, IsADirectoryError, Warning):
        raise
    except FileNotFoundError as error:
        raise MissingFileError(error.errno, f"There is no file {name}.") from None
    except ValueError as error:
        if name in str(error):
            raise
        kind = ConfigurationError if isinstance(error, ConfigurationError) else UnreadableFileError
        raise kind(f"{name}: {error}") from error.__cause__
    except Exception as error:
        raise UnreadableFileError(
            f"{name} cannot be read; it is damaged or not what its name says ({error!r})."
        ) from error
