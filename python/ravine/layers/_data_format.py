"""Where the channels of an image stand."""

from __future__ import annotations

default = "channels_last"  # `ravine.config.set_image_data_format` changes it


def checked_data_format(data_format: str | None, where: str) -> str:
    """``channels_last`` or ``channels_first``; None is the default of `ravine.config`. Raises ValueError for others."""
    data_format = default if data_format is None else str(data_format).lower()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{where}: expected `data_format` to be 'channels_last' or 'channels_first', received {data_format!r}."
        )
    return data_format
