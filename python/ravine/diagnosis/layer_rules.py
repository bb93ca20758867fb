"""What is wrong with layers; docs/diagnosis.md gives the reasons for the thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ravine.diagnosis import initial_weights
from ravine.diagnosis.measure import Call, Measurement
from ravine.diagnosis.report import DEAD, EXPLODING, INITIALIZER, SATURATED, VANISHING, LayerHealth, Verdict

# A layer whose gradient is a thousand times the last one's, or a thousandth of it, cannot share its learning rate.
GRADIENT_GROWTH = 1e3
# The same for the gradient over the weights, which differs more between the layers of healthy nets.
RELATIVE_GRADIENT_LOSS = 1e-4
# Standard deviation of the activations over the size of the first layer's input.
SIGNAL_GROWTH = 1e3
# By which factor all initial weights together may change the signal, and those of one SELU layer.
WHOLE_GAIN = 10.0
SELU_GAIN = 1.1
MOST_DEAD = 0.5
MOST_SATURATED = 0.5

_SQUASHING = ("sigmoid", "hard_sigmoid", "tanh", "softsign")


def initializer(found: Measurement) -> Iterator[Verdict]:
    equal = [c for c in found.calls if c.kernel is not None and initial_weights.units_are_equal(c.kernel)]
    if equal:
        yield Verdict(
            INITIALIZER,
            _names(equal),
            f"all {equal[0].output.shape[-1]} units of {equal[0].layer.name} have the same weights, so they get the "
            "same gradients and stay equal for ever.",
            "Draw the initial weights at random: kernel_initializer='he_normal' for ReLU and its kin, 'lecun_normal' "
            "for SELU, 'glorot_uniform' for the rest.",
        )
    judged = []
    for call in found.calls:
        follower = found.following(call)
        if call in equal or follower is None or _normalizes(follower):  # the output, or the scale does not matter
            continue
        judgement = initial_weights.judge(call, found.activation_behind(call))
        if judgement is not None:
            judged.append((call, judgement))
    total = math.prod(j.gain for _, j in judged)
    runs_away = _off(total, WHOLE_GAIN)
    off = [(c, j) for c, j in judged if (runs_away or j.activation == "selu") and _off(j.gain, SELU_GAIN)]
    if not off:
        return
    call, worst = max(off, key=lambda pair: abs(math.log(pair[1].gain)))
    through = ""
    if runs_away:
        through = f" Through all {len(judged)} such layers the signal changes by a factor of about {total:.1g}."
    yield Verdict(
        INITIALIZER,
        _names([c for c, _ in off]),
        f"{worst.given} gives {call.health.name} weights of standard deviation {worst.std:.3g}; {worst.activation} "
        f"wants {worst.wanted_std:.3g}, {worst.source}.{through}",
        f"kernel_initializer={worst.wanted!r}",
    )


def exploding(found: Measurement) -> Iterator[Verdict]:
    layers = _trained(found)
    if not layers:
        return
    last = layers[-1].gradient_norm or 0.0
    growing = [x for x in layers[:-1] if (x.gradient_norm or 0) > GRADIENT_GROWTH * last > 0]
    endless = [x for x in layers if x.gradient_norm is not None and not math.isfinite(x.gradient_norm)]
    fix = (
        "Initialize for the activation (he_normal for ReLU and its kin, lecun_normal for SELU, glorot_uniform for "
        "tanh and sigmoid), put BatchNormalization between the layers of a net that is not too deep for it, and clip: "
        "optimizer clipnorm=1.0."
    )
    start = max((math.hypot(mean, std) for _, mean, std in found.entries), default=math.nan)
    signal = [x for x in found.layers if math.isfinite(x.std) and x.std > SIGNAL_GROWTH * max(start, 1e-30)]
    if growing:
        worst = max(growing, key=lambda x: x.gradient_norm or 0)
        yield Verdict(
            EXPLODING,
            tuple(x.name for x in growing),
            f"on its way down the gradient grows from {last:.2g} at {layers[-1].name} to {worst.gradient_norm:.2g} at "
            f"{worst.name}.",
            fix,
        )
    elif signal:
        yield Verdict(
            EXPLODING,
            tuple(x.name for x in signal),
            f"the standard deviation of the activations grows from {start:.2g} in front of the first layer to "
            f"{signal[-1].std:.2g} at {signal[-1].name}; the gradients of the weights grow with them.",
            fix,
        )
    elif endless and math.isfinite(found.loss):
        yield Verdict(
            EXPLODING,
            tuple(x.name for x in endless),
            "the loss is finite but the gradient is not: it overflowed on its way down.",
            fix,
        )


def vanishing(found: Measurement) -> Iterator[Verdict]:
    layers = _trained(found)
    if len(layers) < 2:
        return
    last = layers[-1]
    top, relative_top = last.gradient_norm or 0.0, last.relative_gradient or 0.0
    weak = [
        x
        for x in layers[:-1]
        if (x.gradient_norm or 0.0) < top / GRADIENT_GROWTH
        or (x.relative_gradient or 0.0) < relative_top * RELATIVE_GRADIENT_LOSS
    ]
    # Layers that are dead altogether stop the gradient too; that is another problem with another cure.
    if not weak or any(x.dead == 1.0 for x in found.layers):
        return
    first = weak[0]
    squashing = sorted({x.activation for x in weak if x.activation in _SQUASHING})
    if squashing:
        fix = (
            f"Replace {' and '.join(squashing)} in the hidden layers by relu, elu or swish with "
            "kernel_initializer='he_normal', or by selu with 'lecun_normal'; or put BatchNormalization between the "
            "layers."
        )
    else:
        fix = (
            "Initialize for the activation (he_normal for ReLU and its kin, lecun_normal for SELU), put "
            "BatchNormalization between the layers, or let connections skip layers."
        )
    yield Verdict(
        VANISHING,
        tuple(x.name for x in weak),
        f"on its way down the gradient shrinks from {top:.2g} at {last.name} to "
        f"{first.gradient_norm or 0:.2g} at {first.name}; that of the weights, over their own length, from "
        f"{relative_top:.2g} to {first.relative_gradient or 0:.2g}.",
        fix,
    )


def dead(found: Measurement) -> Iterator[Verdict]:
    dying = [x for x in found.layers if x.dead is not None and x.dead > MOST_DEAD]
    if dying:
        worst = max(dying, key=lambda x: x.dead or 0)
        yield Verdict(
            DEAD,
            tuple(x.name for x in dying),
            f"{worst.dead:.0%} of the ReLU units of {worst.name} are 0 for every one of {found.batch.size} samples, "
            "so their weights get no gradient.",
            "Take leaky_relu, elu or selu, lower the learning rate, or put BatchNormalization in front of the ReLU; "
            "check biases that begin far below 0.",
        )


def saturated(found: Measurement) -> Iterator[Verdict]:
    flat = [
        call.health
        for call in found.calls
        if call.health.saturated is not None
        and call.health.saturated > MOST_SATURATED
        and found.following(call) is not None
    ]
    if flat:
        worst = max(flat, key=lambda x: x.saturated or 0)
        yield Verdict(
            SATURATED,
            tuple(x.name for x in flat),
            f"{worst.saturated:.0%} of what {worst.name} puts out lies where {worst.activation} is flat (less than "
            "5 % of its steepest slope), so hardly any gradient passes.",
            "Standardize the inputs, initialize with 'glorot_uniform', put BatchNormalization in front of the "
            "activation, or take relu with 'he_normal'.",
        )


def _trained(found: Measurement) -> list[LayerHealth]:
    """The layers with kernels that train."""
    return [c.health for c in found.calls if c.kernel is not None and c.health.weight_gradient_norm is not None]


def _normalizes(call: Call) -> bool:
    return type(call.layer).__name__.endswith("Normalization")


def _off(gain: float, limit: float) -> bool:
    return not 1 / limit <= gain <= limit


def _names(calls: list[Call]) -> tuple[str, ...]:
    return tuple(call.layer.name for call in calls)
