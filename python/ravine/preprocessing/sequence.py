"""`keras.preprocessing.sequence`."""

from ravine.utils.batches import pad_sequences

__all__ = ["pad_sequences"]
