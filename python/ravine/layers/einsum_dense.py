"""EinsumDense: a dense layer over any axes."""

from __future__ import annotations

import re
from string import ascii_letters
from typing import Any

from ravine import activations, constraints, initializers, ops, regularizers
from ravine.layers.layer import Layer

_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumDense(Layer):
    """activation(einsum(equation, x, kernel) + bias): "abc,cd->abd" is Dense on inputs of rank 3.

    Args:
        equation: labels of the axes of the input, the kernel and the output, e.g. ``"ab,bc->ac"``. Three dots, in front
            or at the end of both input and output, stand for axes that the layer leaves as they are.
        output_shape: the sizes of one sample's output, without what the dots stand for, or a single one. None where
            a size is that of the input.
        activation: a name, a function or a layer; None is linear.
        bias_axes: the output's labels that have a bias each; None for no bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: as of `Dense`.

    Weights: kernel, with the sizes of its labels, and bias, with those of the output from the first of `bias_axes` on,
    1 where a label is not among them.

    Raises:
        ValueError: for an equation of another form, one with labels whose size nothing tells, and inputs or
            `output_shape` that do not fit it.
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        for name, value in (("lora_rank", lora_rank), ("quantization_config", quantization_config)):
            if value is not None:
                raise ValueError(f"{self._label}: `{name}` is not supported, received {value!r}.")
        self.equation = equation
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None
        self._parts()

    def _parts(self) -> tuple[str, str, str, str]:
        """Where the dots are (``front``, ``end`` or nowhere), and the labels of input, kernel and output."""
        found = _EQUATION.fullmatch(self.equation.replace(" ", ""))
        parts: tuple[Any, ...] = found.groups() if found else (None,) * 7
        front, source, end, kernel, out_front, target, out_end = parts
        if found is None or front != out_front or end != out_end or (front and end):
            raise ValueError(
                f"{self._label}: expected an equation such as 'ab,bc->ac' or '...x,xy->...y', "
                f"received {self.equation!r}."
            )
        return "front" if front else "end" if end else "", source, kernel, target

    def _labelled(self, shape: tuple) -> tuple[str, str, str]:
        """The labels of input, kernel and output for an input of this shape, with labels for the dots."""
        dots, source, kernel, target = self._parts()
        elided = len(shape) - len(source)
        if elided < 0 or (elided and not dots):
            raise ValueError(f"{self._label}: the equation {self.equation!r} does not fit an input of shape {shape}.")
        free = "".join(label for label in ascii_letters if label not in self.equation)[:elided]
        if dots == "front":
            return free + source, kernel, free + target
        return source + free, kernel, target + free

    def _sizes(self, shape: tuple) -> dict[str, int | None]:
        """The size of each label for an input of this shape."""
        source, kernel, target = self._labelled(shape)
        sizes = dict(zip(source, shape, strict=True))
        dots, _, _, named = self._parts()
        named = named if dots == "front" else named[1:]
        if len(named) != len(self.partial_output_shape):
            raise ValueError(
                f"{self._label}: expected an `output_shape` of {len(named)} sizes for {self.equation!r}, "
                f"received {self.partial_output_shape}."
            )
        for label, size in zip(named, self.partial_output_shape, strict=True):
            if label in sizes and size is not None and sizes[label] != size:
                raise ValueError(
                    f"{self._label}: the axis {label!r} of the input has size {sizes[label]} and that of the "
                    f"output {size}; received shape {shape}."
                )
            sizes.setdefault(label, size)
        unknown = [label for label in kernel if sizes.get(label) is None]
        if unknown or any(label not in sizes or label not in source + kernel for label in target):
            raise ValueError(
                f"{self._label}: nothing tells the sizes of all labels of {self.equation!r}; received shape {shape} "
                f"and output_shape {self.partial_output_shape}."
            )
        return sizes

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        sizes = self._sizes(shape)
        _, kernel, target = self._labelled(shape)
        outputs = tuple(i for i, label in enumerate(kernel) if label in target)
        inputs = tuple(i for i in range(len(kernel)) if i not in outputs)
        self.kernel = self.add_weight(
            shape=tuple(sizes[label] for label in kernel),
            initializer=initializers.get(self.kernel_initializer, inputs, outputs),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.bias_axes is not None:
            if not self.bias_axes or any(label not in self._parts()[3] for label in self.bias_axes):
                raise ValueError(
                    f"{self._label}: expected `bias_axes` among the output's labels {self._parts()[3]!r}, "
                    f"received {self.bias_axes!r}."
                )
            first = min(target.index(label) for label in self.bias_axes)
            self.bias = self.add_weight(
                shape=tuple(sizes[label] if label in self.bias_axes else 1 for label in target[first:]),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        shape = tuple(inputs.shape)
        source, kernel, target = self._labelled(shape)
        sizes = self._sizes(shape)
        if tuple(sizes[label] for label in kernel) != self.kernel.shape:
            raise ValueError(
                f"{self._label}: expected an input for the kernel of shape {self.kernel.shape}, received shape {shape}."
            )
        outputs = ops.einsum(f"{source},{kernel}->{target}", inputs, self.kernel)
        return self.activation(outputs if self.bias is None else ops.add(outputs, self.bias))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = tuple(input_shape)
        sizes = self._sizes(shape)
        return tuple(sizes[label] for label in self._labelled(shape)[2])

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }
