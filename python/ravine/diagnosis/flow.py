"""How the signal runs from layer to layer, and the gradient back. Layers are named by the ids of their outputs."""

from __future__ import annotations

import math

from ravine.diagnosis import initial_weights
from ravine.diagnosis.initial_weights import Judgement
from ravine.diagnosis.measurement import Call, Measurement
from ravine.initializers.variance_scaling import compute_fans

Path = tuple[tuple[Call, Judgement], ...]


def heads(found: Measurement) -> dict[int, list[Call]]:
    """The last layers with trained kernels that each layer leads to; for such a last layer itself."""
    result: dict[int, list[Call]] = {}
    for call in reversed(found.calls):
        ends = {id(head): head for follower in found.followers(call) for head in result[follower.output.id]}
        if not ends and call.kernel is not None and call.health.weight_gradient_norm is not None:
            ends = {id(call): call}
        result[call.output.id] = list(ends.values())
    return result


def muted(found: Measurement) -> set[int]:
    """The layers that get no gradient because those behind them begin as zeros. Their first step changes that."""
    result: set[int] = set()
    for call in reversed(found.calls):
        followers = found.followers(call)
        if followers and all(f.output.id in result or _begins_as_zero(f) for f in followers):
            result.add(call.output.id)
    return result


def _begins_as_zero(call: Call) -> bool:
    health = call.health
    return health.mean == health.std == 0 and (health.weight_gradient_norm or 0.0) > 0


def gradient(call: Call) -> float:
    return call.health.gradient_norm or 0.0


def sent_down(head: Call) -> float:
    """The gradient that a last layer gets or, where its weights are small on purpose, about what it passes on. That
    mends itself: nothing grows faster than such weights."""
    return gradient(head) * _size(head)


def relative_sent_down(head: Call) -> float:
    """The same for the gradient of the weights over their length, which small weights make large."""
    return (head.health.relative_gradient or 0.0) * _size(head) ** 2


def _size(head: Call) -> float:
    """The weights against Glorot's, at most 1."""
    assert head.kernel is not None
    fan_in, fan_out = compute_fans(head.kernel.shape)
    kernel = head.kernel.array
    return min(1.0, float((kernel.astype("float64") ** 2).mean() * (fan_in + fan_out) / 2) ** 0.5)


def paths(found: Measurement) -> list[Path]:
    """For each layer the initial weights that the strongest signal passes on its way there, from the input or the
    last normalization on."""
    result: dict[int, Path] = {}
    for call in found.calls:
        before = (result[source] for source in call.sources)
        path: Path = () if normalizes(call) else max(before, key=log_gain, default=())
        follower = found.following(call)
        if follower is not None and not normalizes(follower):  # else it is the output, or the scale does not matter
            judgement = initial_weights.judge(call, found.activation_behind(call))
            path += () if judgement is None else ((call, judgement),)
        result[call.output.id] = path
    return list(result.values())


def gain(path: Path) -> float:
    """By which factor initial weights change the signal from the first layer of a path to the last. The first one may
    put out any size, as the inputs may have any."""
    return math.prod(judgement.gain for _, judgement in path[1:])


def log_gain(path: Path) -> float:
    """The logarithm of `gain`, which may leave the range of floats."""
    return sum(math.log(judgement.gain) for _, judgement in path[1:])


def measured_gain(path: Path) -> float:
    """By which factor it has changed in truth."""
    first, last = (math.hypot(call.health.mean, call.health.std) for call in (path[0][0], path[-1][0]))
    return last / first if first else math.inf


def normalizes(call: Call) -> bool:
    return type(call.layer).__name__.endswith("Normalization")
