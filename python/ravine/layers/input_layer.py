"""Declaring what a model receives: Input and InputLayer."""

from __future__ import annotations

from typing import Any

from ravine.layers._node import Node
from ravine.layers.layer import Layer
from ravine.tensor import KerasTensor, standardize_dtype


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """Describe an input: the shape of one sample, or with `batch_shape` that of a batch.

    Raises ValueError when neither or both are given, or for sparse and ragged inputs.
    """
    batch_shape = _batch_shape("Input", shape, batch_size, batch_shape)
    _refuse("Input", sparse=sparse, ragged=ragged, tensor=tensor)
    return InputLayer(batch_shape=batch_shape, dtype=dtype, optional=optional, name=name).output


class InputLayer(Layer):
    """The layer form of `Input`: where a model begins. Its `output` is the KerasTensor that `Input` returns.

    Args:
        shape: the shape of one sample.
        batch_size: a fixed batch size; None leaves it free.
        batch_shape: shape with the batch in front, instead of `shape` and `batch_size`.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ):
        legacy_sample, legacy_batch = kwargs.pop("input_shape", None), kwargs.pop("batch_input_shape", None)
        kwargs.pop("trainable", None)
        shape = legacy_sample if shape is None else shape
        batch_shape = legacy_batch if batch_shape is None else batch_shape
        super().__init__(name=name, **kwargs)
        self.batch_shape = _batch_shape(self._label, shape, batch_size, batch_shape)
        _refuse(self._label, sparse=sparse, ragged=ragged, input_tensor=input_tensor)
        self._input_dtype = standardize_dtype(dtype)
        self.sparse = bool(sparse)
        self.ragged = bool(ragged)
        self.optional = optional
        self.built = True
        node = Node(self, (), {})
        node.outputs = KerasTensor(self.batch_shape, self._input_dtype, self.name, node)
        self._inbound_nodes.append(node)

    def call(self, inputs: Any = None) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any = None) -> tuple:
        return tuple(self.batch_shape)

    @property
    def dtype(self) -> str:
        return self._input_dtype

    def get_config(self) -> dict:
        return {
            "batch_shape": self.batch_shape,
            "dtype": self._input_dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }


def _batch_shape(where: str, shape: Any, batch_size: int | None, batch_shape: Any) -> tuple:
    if (shape is None) == (batch_shape is None):
        raise ValueError(f"{where}: expected either `shape` or `batch_shape`, received {shape!r} and {batch_shape!r}.")
    if batch_shape is not None:
        if batch_size is not None:
            raise ValueError(f"{where}: `batch_size` and `batch_shape` exclude each other.")
        sizes = tuple(batch_shape)
    else:
        sizes = (batch_size, *((shape,) if isinstance(shape, int) else shape))
    if any(size is not None and (int(size) != size or size < 0) for size in sizes):
        raise ValueError(f"{where}: expected sizes that are whole numbers or None, received {sizes}.")
    return tuple(None if size is None else int(size) for size in sizes)


def _refuse(where: str, **unsupported: Any) -> None:
    for name, value in unsupported.items():
        if value is not None and value is not False:
            raise ValueError(f"{where}: `{name}` is not supported, received {value!r}.")
