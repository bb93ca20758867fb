"""CSVLogger: the logs of every epoch in a text file."""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Iterable
from typing import IO, Any

import numpy as np

from ravine.callbacks.callback import Callback


class CSVLogger(Callback):
    """Writes a line per epoch: the epoch (from 0), then the values of the logs in the order of their names.

    The names are those of the first epoch; without validation in it, a `val_` column is made for each of them. What an
    epoch lacks is "NA". The file can be read while training goes on.

    Args:
        filename: str or PathLike; its folder is made when it does not exist.
        separator: between the values.
        append: go on with a file that exists, in its columns, instead of replacing it.

    Raises:
        ValueError: the file to go on with begins with other things than the names of columns.
    """

    def __init__(self, filename: str | os.PathLike, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self.csv_file: IO[str] | None = None
        self.writer: Any = None
        self._written = 0  # the size of the file after the last line

    def on_train_begin(self, logs=None) -> None:
        self._close()
        self.keys = self._columns() if self.append else None
        self._written = 0

    def _columns(self) -> list[str] | None:
        """Those of the file that is there; None when it is new or empty."""
        if not os.path.exists(self.filename):
            return None
        with open(self.filename, newline="", errors="replace") as file:
            header = next(csv.reader(file, delimiter=self.sep), None)
        if header and header[0] != "epoch":
            raise ValueError(
                f"CSVLogger: {self.filename!r} is no log with the separator {self.sep!r} to go on with: its first line "
                f"is {self.sep.join(header)[:80]!r}, expected 'epoch' and more. Take another file, or append=False."
            )
        return header[1:] if header else None

    def _open(self, names: list[str]) -> IO[str]:
        """Open the file for the first line of this training, or to go on where a backup was made."""
        resumed = self._written and os.path.exists(self.filename)
        os.makedirs(os.path.dirname(os.path.abspath(self.filename)), exist_ok=True)
        mode = "r+" if resumed else "a" if self.append else "w"
        file = self.csv_file = open(self.filename, mode, newline="")  # noqa: SIM115
        self.writer = csv.writer(file, delimiter=self.sep)
        if resumed:
            file.truncate(self._written)
            file.seek(self._written)
            return file
        if self.keys is not None:
            if missing := [name for name in names if name not in self.keys]:
                warnings.warn(
                    f"CSVLogger: {self.filename!r} has no columns for {', '.join(missing)}, so they are not written.",
                    stacklevel=4,
                )
            with open(self.filename, "rb") as written:
                written.seek(-1, os.SEEK_END)
                if written.read() not in b"\r\n":  # it was cut off within a line
                    file.write("\r\n")
            return file
        self.keys = sorted(names)
        if not any(key.startswith("val_") for key in self.keys):
            self.keys += [f"val_{key}" for key in self.keys if key != "learning_rate"]
        self.writer.writerow(["epoch", *self.keys])
        return file

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        logs = logs or {}
        file = self._open(list(logs)) if self.csv_file is None else self.csv_file
        self.writer.writerow([epoch, *(_as_cell(logs.get(key, "NA")) for key in self.keys or ())])
        file.flush()
        self._written = file.tell()

    def on_train_end(self, logs=None) -> None:
        self._close()

    def _close(self) -> None:
        if self.csv_file is not None:
            self.csv_file.close()
        self.csv_file = self.writer = None


def _as_cell(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, Iterable) or (isinstance(value, np.ndarray) and not value.ndim):
        return value
    return f'"[{", ".join(map(str, value))}]"'
