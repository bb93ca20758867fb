"""Spectral normalization."""

from __future__ import annotations

from typing import Any

from ravine import initializers, ops
from ravine.layers.input_spec import InputSpec
from ravine.layers.wrapper import Wrapper


class SpectralNormalization(Wrapper):
    """Divides the kernel (or the embeddings) of a layer by its largest singular value before each training step
    (Miyato et al. 2018), estimated by power iterations that go on from step to step. Inference changes nothing.

    Weights: the kernel, vector_u, of shape (1, last size of the kernel), which is not trained, and what else the layer
    has; the order is Keras'.

    Args:
        layer: a layer with an attribute `kernel` or `embeddings`.
        power_iterations: iterations per step.

    Raises:
        ValueError: for a layer without either, and for a `power_iterations` below 1.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any):
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            raise ValueError(
                f"{self._label}: expected `power_iterations` to be 1 or more, received {power_iterations!r}."
            )
        self.power_iterations = power_iterations
        self.kernel: Any = None
        self.vector_u: Any = None

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        self.kernel = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if self.kernel is None:
            raise ValueError(f"{self._label}: expected a layer with a kernel or embeddings, received {self.layer!r}.")
        self.vector_u = self.add_weight(
            shape=(1, self.kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            name="vector_u",
        )

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if training:
            self._normalize()
        return self.layer(inputs)

    def _normalize(self) -> None:
        kernel = self.kernel
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        transposed = ops.transpose(matrix)
        u = self.vector_u
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, transposed), axis=None)
            u = ops.normalize(ops.matmul(v, matrix), axis=None)
        sigma = ops.sum(ops.multiply(ops.matmul(v, matrix), u))
        # A kernel of zeros has no direction: it and the vector stay.
        zero = ops.equal(ops.max(ops.absolute(matrix)), 0.0)
        self.vector_u.assign(ops.where(zero, self.vector_u, u))
        kernel.assign(ops.divide(kernel, ops.where(zero, 1.0, sigma)))

    def get_config(self) -> dict:
        return {**super().get_config(), "power_iterations": self.power_iterations}
