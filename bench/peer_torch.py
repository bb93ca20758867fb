"""PyTorch in its fastest forms, and in the form that its users write.

torch-eager     plain functions over parameter tensors (no nn.Module calls), fused optimizer where there is one
torch-compiled  forward and loss compiled (with their backward), the optimizer's step compiled as well
torch-whole     loss, gradients and update as one compiled function of tensors, with no autograd engine at run time
torch-loader    nn.Sequential, a shuffling DataLoader and torch.optim, as in the tutorials

The -mkl512 forms are the same with MKL's AVX-512 path forced by a preloaded library (see compiler.py).
Once compiled code is warm, its guards are not checked any more (set_stance), which PyTorch leaves off by default.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.contestants import Unsupported
from bench.runner import Steps
from bench.workloads import Activation, BatchNorm, Dense, Dropout, Optimizer, Workload

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "silu": F.silu, "selu": F.selu}
_MODULES = {"relu": nn.ReLU, "silu": nn.SiLU, "selu": nn.SELU}
_LOSSES = {
    "crossentropy": F.cross_entropy,
    "binary_crossentropy": F.binary_cross_entropy_with_logits,
    "mse": F.mse_loss,
}


class _Net:
    """The net as plain functions: `parameters` are trained, `statistics` are the running means and variances."""

    def __init__(self, workload: Workload) -> None:
        self.layers = workload.layers
        self.parameters: list[Tensor] = []
        self.statistics: list[Tensor] = []
        width = workload.inputs
        gain = {"he_normal": 2.0, "lecun_normal": 1.0}[workload.initializer]
        for layer in workload.layers:
            match layer:
                case Dense(units, _, bias):
                    self.parameters.append(torch.randn(units, width) * math.sqrt(gain / width))
                    if bias:
                        self.parameters.append(torch.zeros(units))
                    width = units
                case BatchNorm():
                    self.parameters += [torch.ones(width), torch.zeros(width)]
                    self.statistics += [torch.zeros(width), torch.ones(width)]

    def forward(self, parameters: list[Tensor], statistics: list[Tensor], x: Tensor, training: bool) -> Tensor:
        own, running = iter(parameters), iter(statistics)
        for layer in self.layers:
            match layer:
                case Dense(_, activation, bias):
                    x = F.linear(x, next(own), next(own) if bias else None)
                    if activation is not None:
                        x = _ACTIVATIONS[activation](x)
                case BatchNorm(momentum, epsilon):
                    x = F.batch_norm(
                        x, next(running), next(running), next(own), next(own), training, 1 - momentum, epsilon
                    )
                case Activation(name):
                    x = _ACTIVATIONS[name](x)
                case Dropout(rate):
                    x = F.dropout(x, rate, training)
        return x


def _optimizer(settings: Optimizer, parameters: list[Tensor], fused: bool) -> torch.optim.Optimizer:
    rate, name = settings.learning_rate, settings.name
    if name == "sgd":
        return torch.optim.SGD(parameters, rate, fused=fused)
    if name in ("momentum", "nesterov"):
        return torch.optim.SGD(parameters, rate, settings.momentum, nesterov=name == "nesterov", fused=fused)
    options: dict[str, Any] = {"betas": (settings.beta_1, settings.beta_2), "eps": settings.epsilon}
    if name == "adam":
        return torch.optim.Adam(parameters, rate, fused=fused, **options)
    return torch.optim.NAdam(parameters, rate, foreach=fused, **options)  # it has no fused form


class _Bare:
    """Steps over batches that lie ready as tensors."""

    context: Callable[[], Any] = nullcontext

    def __init__(self, workload: Workload) -> None:
        x, y = map(torch.from_numpy, workload.data())
        self.batches = list(zip(x.split(workload.batch), y.split(workload.batch), strict=True))
        self._net = _Net(workload)
        self._loss = _LOSSES[workload.loss]

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        raise NotImplementedError

    def warm(self) -> None:
        pass

    def steps(self) -> Steps:
        return Steps(self.step, self.batches, value=Tensor.item, context=self.context, warm=self.warm)


class _Eager(_Bare):
    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        for parameter in self._net.parameters:
            parameter.requires_grad_()
        self._optimizer = _optimizer(workload.optimizer, self._net.parameters, fused=True)

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        loss = self._loss(self._net.forward(self._net.parameters, self._net.statistics, x, True), y)
        loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad()
        return loss


class _Compiled(_Bare):
    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        net = self._net
        for parameter in net.parameters:
            parameter.requires_grad_()
        self._optimizer = _optimizer(workload.optimizer, net.parameters, fused=True)

        def loss_of(parameters: list[Tensor], statistics: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
            return self._loss(net.forward(parameters, statistics, x, True), y)

        self._loss_of = torch.compile(loss_of, dynamic=False)
        self._update = torch.compile(self._optimizer.step, dynamic=False)

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        loss = self._loss_of(self._net.parameters, self._net.statistics, x, y)
        loss.backward()
        self._update()
        self._optimizer.zero_grad()
        return loss

    def warm(self) -> None:
        _skip_guards(self.step, *self.batches[0])


class _Whole(_Bare):
    context = torch.no_grad

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        net, settings = self._net, workload.optimizer
        count = {"sgd": 0, "momentum": 1, "nesterov": 1, "adam": 2, "nadam": 2}[settings.name]
        slots = [[torch.zeros_like(parameter) for parameter in net.parameters] for _ in range(count)]

        def loss_of(parameters: list[Tensor], statistics: list[Tensor], x: Tensor, y: Tensor) -> Any:
            running = [value.clone() for value in statistics]
            return self._loss(net.forward(parameters, running, x, True), y), running

        def whole(
            parameters: list[Tensor],
            statistics: list[Tensor],
            slots: list[list[Tensor]],
            time: Tensor,
            product: Tensor,
            x: Tensor,
            y: Tensor,
        ) -> Tensor:
            differentiate = torch.func.grad_and_value(loss_of, has_aux=True)
            gradients, (loss, running) = differentiate(parameters, statistics, x, y)
            for value, new in zip(statistics, running, strict=True):
                value.copy_(new)
            _update(settings, parameters, gradients, slots, time, product)
            return loss

        state = (net.parameters, net.statistics, slots, torch.zeros(()), torch.ones(()))
        self.step = partial(torch.compile(whole, dynamic=False), *state)

    def warm(self) -> None:
        with torch.no_grad():
            _skip_guards(self.step, *self.batches[0])


def _skip_guards(call: Callable[..., Any], *arguments: Any) -> None:
    torch.compiler.set_stance("default", skip_guard_eval_unsafe=True)
    try:
        for _ in range(3):
            call(*arguments)
    except RuntimeError:  # PyTorch sees that this code needs its guards
        torch.compiler.set_stance("default")


def _update(
    settings: Optimizer,
    parameters: list[Tensor],
    gradients: list[Tensor],
    slots: list[list[Tensor]],
    time: Tensor,
    product: Tensor,
) -> None:
    """The update in Keras' formulation, in place; the compiler makes loops of it."""
    rate, momentum, beta_1, beta_2 = settings.learning_rate, settings.momentum, settings.beta_1, settings.beta_2
    if settings.name == "sgd":
        for w, g in zip(parameters, gradients, strict=True):
            w.sub_(rate * g)
        return
    if settings.name in ("momentum", "nesterov"):
        for w, g, v in zip(parameters, gradients, slots[0], strict=True):
            new = momentum * v - rate * g
            v.copy_(new)
            w.add_(new if settings.name == "momentum" else momentum * new - rate * g)
        return
    t = time + 1
    time.copy_(t)
    correction = 1 - beta_2**t
    now, later = beta_1 * (1 - 0.5 * 0.96**t), beta_1 * (1 - 0.5 * 0.96 ** (t + 1))
    done = product * now
    if settings.name == "nadam":
        product.copy_(done)
    alpha = rate * torch.sqrt(correction) / (1 - beta_1**t)
    for w, g, m, v in zip(parameters, gradients, *slots, strict=True):
        first, second = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g * g
        m.copy_(first)
        v.copy_(second)
        if settings.name == "adam":
            w.sub_(alpha * first / (torch.sqrt(second) + settings.epsilon))
        else:
            step = first * (later / (1 - done * later)) + g * ((1 - now) / (1 - done))
            w.sub_(rate * step / (torch.sqrt(second / correction) + settings.epsilon))


def _loader(workload: Workload) -> Steps:
    """What the tutorials show."""
    modules: list[nn.Module] = []
    width = workload.inputs
    for layer in workload.layers:
        match layer:
            case Dense(units, activation, bias):
                linear = nn.Linear(width, units, bias=bias)
                gain = {"he_normal": 2.0, "lecun_normal": 1.0}[workload.initializer]
                nn.init.normal_(linear.weight, std=math.sqrt(gain / width))
                if bias:
                    nn.init.zeros_(linear.bias)
                modules += [linear, *([_MODULES[activation]()] if activation else [])]
                width = units
            case BatchNorm(momentum, epsilon):
                modules.append(nn.BatchNorm1d(width, eps=epsilon, momentum=1 - momentum))
            case Activation(name):
                modules.append(_MODULES[name]())
            case Dropout(rate):
                modules.append(nn.Dropout(rate))
    model, compute_loss = nn.Sequential(*modules), _LOSSES[workload.loss]
    optimizer = _optimizer(workload.optimizer, list(model.parameters()), fused=False)
    data = torch.utils.data.TensorDataset(*map(torch.from_numpy, workload.data()))
    loader = torch.utils.data.DataLoader(data, batch_size=workload.batch, shuffle=True)

    def epoch() -> float:
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = compute_loss(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()  # as everybody does to print the loss
        return total / workload.batches

    return Steps(epoch, [()], granule=workload.batches, value=float)


def _predict(workload: Workload, compiled: bool) -> Steps:
    net = _Net(workload)

    def predict(x: Tensor) -> Tensor:
        logits = net.forward(net.parameters, net.statistics, x, False)
        return logits if workload.loss == "mse" else F.softmax(logits, dim=1)

    call = torch.compile(predict, dynamic=False, options={"freezing": True}) if compiled else predict
    batches = [(batch,) for batch in torch.from_numpy(workload.data()[0]).split(workload.batch)]

    def warm() -> None:
        if compiled:
            with torch.inference_mode():
                _skip_guards(call, *batches[0])

    return Steps(lambda x: call(x).numpy(), batches, context=torch.inference_mode, warm=warm)


def make(name: str, workload: Workload, threads: int) -> Steps:
    torch.manual_seed(1)
    torch.set_num_threads(threads)
    if torch.get_num_interop_threads() != 1:  # it may be set only once
        torch.set_num_interop_threads(1)
    form = name.split("-")[1]
    if workload.predict:
        if form not in ("eager", "compiled"):
            raise Unsupported("torch-eager and torch-compiled do the same")
        return _predict(workload, compiled=form == "compiled")
    if form == "loader":
        return _loader(workload)
    return {"eager": _Eager, "compiled": _Compiled, "whole": _Whole}[form](workload).steps()
