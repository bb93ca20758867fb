"""Where the channels of an image stand."""

from __future__ import annotations


def checked_data_format(data_format: str | None, where: str) -> str:
    """``channels_last`` (the default) or ``channels_first``; raises ValueError for anything else."""
    data_format = "channels_last" if data_format is None else str(data_format).lower()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{where}: expected `data_format` to be 'channels_last' or 'channels_first', received {data_format!r}."
        )
    return data_format
