"""PyTorch's single operations, into memory that is there already where the operation can do that."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from bench.kernel_cases import KernelCase
from bench.runner import Steps

_aten = torch.ops.aten
_SELU = (1.6732632423543772, 1.0507009873554805)  # alpha and scale: Klambauer et al. 2017


def _forward(name: str, x: Tensor, y: Tensor) -> Callable[[], Any]:
    if name == "relu":
        return partial(_aten.clamp_min.out, x, 0, out=y)
    if name == "selu":
        return partial(_aten.elu.out, x, *_SELU, out=y)
    return partial(getattr(_aten, name).out, x, out=y)


def _backward(name: str, x: Tensor, dy: Tensor, dx: Tensor) -> Callable[[], Any]:
    if name == "relu":
        return partial(_aten.threshold_backward.grad_input, dy, x, 0, grad_input=dx)
    if name in ("elu", "selu"):
        alpha, scale = _SELU if name == "selu" else (1.0, 1.0)
        return partial(_aten.elu_backward.grad_input, dy, alpha, scale, 1.0, False, x, grad_input=dx)
    if name == "softplus":
        return partial(_aten.softplus_backward.grad_input, dy, x, 1.0, 20.0, grad_input=dx)
    if name == "mish":
        return partial(_aten.mish_backward, dy, x)
    operation = getattr(_aten, f"{name}_backward").grad_input
    # Those of tanh and sigmoid read y, for which x stands in: what it holds does not matter to their speed.
    return partial(operation, dy, x, grad_input=dx)


def _softmax_loss(rows: int, columns: int) -> Callable[[], Any]:
    x, y = torch.randn(rows, columns), torch.randint(columns, (rows,))
    one = torch.ones(())

    def call() -> Tensor:
        logs = _aten._log_softmax(x, 1, False)
        _, weight = _aten.nll_loss_forward(logs, y, None, 1, -100)
        gradient = _aten.nll_loss_backward(one, logs, y, None, 1, -100, weight)
        return _aten._log_softmax_backward_data(gradient, logs, 1, torch.float32)

    return call


def _batch_norm(rows: int, columns: int) -> Callable[[], Any]:
    x, dy = torch.randn(rows, columns), torch.randn(rows, columns)
    gamma, beta = torch.ones(columns), torch.zeros(columns)

    def call() -> Any:
        _, mean, inverse = _aten.native_batch_norm(x, gamma, beta, None, None, True, 0.01, 1e-3)
        return _aten.native_batch_norm_backward(dy, x, gamma, None, None, mean, inverse, True, 1e-3, [True, True, True])

    return call


def _update(name: str, count: int) -> Callable[[], Any]:
    weight = torch.randn(count)
    weight.grad = torch.randn(count) * 1e-3
    first, second = [torch.zeros(count)], [torch.zeros(count)]
    if name == "nadam":  # it has no fused form
        optimizer = torch.optim.NAdam([weight.requires_grad_()], 1e-6, foreach=True)
        return optimizer.step
    if name == "adam":
        options: dict[str, Any] = {"lr": 1e-6, "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.0, "eps": 1e-7}
        return partial(
            torch._fused_adam_,
            [weight],
            [weight.grad],
            first,
            second,
            [],
            [torch.ones(())],
            amsgrad=False,
            maximize=False,
            **options,
        )
    momentum = 0.0 if name == "sgd" else 0.9
    return partial(
        torch._fused_sgd_,
        [weight],
        [weight.grad],
        first if momentum else [],
        weight_decay=0.0,
        momentum=momentum,
        lr=1e-6,
        dampening=0.0,
        nesterov=name == "sgd_nesterov",
        maximize=False,
        is_first_step=False,
    )


def _call(case: KernelCase) -> Callable[[], Any]:
    if case.kernel == "softmax_loss":
        return _softmax_loss(*case.shape)
    if case.kernel == "batch_norm":
        return _batch_norm(*case.shape)
    if case.is_update:
        return _update(case.kernel, case.size)
    x, dy, out = torch.rand(case.shape) * 4 - 2, torch.rand(case.shape), torch.empty(case.shape)
    name = case.kernel.removesuffix("_grad")
    return _backward(name, x, dy, out) if case.kernel.endswith("_grad") else _forward(name, x, out)


def make(name: str, case: KernelCase, threads: int) -> Steps:
    torch.set_num_threads(threads)
    return Steps(_call(case), [()], context=torch.no_grad)
