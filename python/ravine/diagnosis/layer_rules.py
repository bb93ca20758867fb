"""What is wrong with layers; docs/diagnosis.md gives the reasons for the thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ravine.diagnosis import flow
from ravine.diagnosis.measurement import Call, Measurement
from ravine.diagnosis.report import DEAD, EXPLODING, INITIALIZER, SATURATED, VANISHING, Verdict

# A layer whose gradient is a thousand times the last one's, or a thousandth of it, cannot share its learning rate.
GRADIENT_GROWTH = 1e3
# The same for the gradient over the weights, which differs more between the layers of healthy nets.
RELATIVE_GRADIENT_LOSS = 1e-4
# Standard deviation of the activations over the size of the first layer's input.
SIGNAL_GROWTH = 1e3
# By which factor initial weights may change the signal from layer to layer on its way, and those of one SELU layer.
WHOLE_GAIN = 10.0
SELU_GAIN = 1.1
MOST_DEAD = 0.5
MOST_SATURATED = 0.5

_SQUASHING = ("sigmoid", "hard_sigmoid", "tanh", "softsign")


def initializer(found: Measurement) -> Iterator[Verdict]:
    equal = [c for c in found.calls if c.stays_equal]
    if equal:
        yield Verdict(
            INITIALIZER,
            _names(equal),
            f"all {equal[0].output.shape[-1]} units of {equal[0].layer.name} have the same weights and get the same "
            "gradients, so they stay equal for ever.",
            "Draw the initial weights at random: kernel_initializer='he_normal' for ReLU and its kin, 'lecun_normal' "
            "for SELU, 'glorot_uniform' for the rest.",
        )
    paths = flow.paths(found)
    runaway = max(paths, key=lambda path: abs(flow.log_gain(path)), default=())
    if not _runs_away(runaway):
        runaway = ()
    off = {id(c): (c, j) for path in paths for c, j in path if j.activation == "selu" or (c, j) in runaway}
    off = {key: pair for key, pair in off.items() if _off(pair[1].gain, SELU_GAIN)}
    if not off:
        return
    call, worst = max(off.values(), key=lambda pair: abs(math.log(pair[1].gain)))
    through = ""
    if runaway:
        through = f" From {runaway[0][0].layer.name} to {runaway[-1][0].layer.name} the signal changes by a factor of "
        through += f"about {flow.gain(runaway):.1g}."
    yield Verdict(
        INITIALIZER,
        _names([c for c in found.calls if id(c) in off]),
        f"{worst.given} gives {call.health.name} weights of standard deviation {worst.std:.3g}; {worst.activation} "
        f"wants {worst.wanted_std:.3g}, {worst.source}.{through}",
        f"kernel_initializer={worst.wanted!r}",
    )


def exploding(found: Measurement) -> Iterator[Verdict]:
    heads, trained = flow.heads(found), _trained(found)
    tops = [(c.health, max(heads[c.output.id], key=flow.gradient).health) for c in trained]
    growing = [
        (x, top) for x, top in tops if (x.gradient_norm or 0.0) > GRADIENT_GROWTH * (top.gradient_norm or 0.0) > 0
    ]
    endless = [x for x, _ in tops if x.gradient_norm is not None and not math.isfinite(x.gradient_norm)]
    fix = (
        "Initialize for the activation (he_normal for ReLU and its kin, lecun_normal for SELU, glorot_uniform for "
        "tanh and sigmoid), put BatchNormalization between the layers of a net that is not too deep for it, and clip: "
        "optimizer clipnorm=1.0."
    )
    start = max((entry.size for entry in found.entries), default=0.0)
    hidden = [c.health for c in found.calls if found.followers(c)]
    signal = [x for x in hidden if math.isfinite(x.std) and x.std > SIGNAL_GROWTH * start > 0]
    if growing:
        worst, top = max(growing, key=lambda pair: pair[0].gradient_norm or 0.0)
        yield Verdict(
            EXPLODING,
            tuple(x.name for x, _ in growing),
            f"on its way down the gradient grows from {top.gradient_norm:.2g} at {top.name} to "
            f"{worst.gradient_norm:.2g} at {worst.name}.",
            fix,
        )
    elif signal and trained:
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
    heads, muted = flow.heads(found), flow.muted(found)
    weak = []
    for call in _trained(found):
        if call.output.id in muted:
            continue
        head = min(heads[call.output.id], key=flow.sent_down)
        top, relative_top = flow.sent_down(head), flow.relative_sent_down(head)
        relative = call.health.relative_gradient  # None for weights that are all 0
        if flow.gradient(call) < top / GRADIENT_GROWTH or (
            relative is not None and relative < relative_top * RELATIVE_GRADIENT_LOSS
        ):
            weak.append((call, head.health))
    # Layers that are dead altogether stop the gradient too; that is another problem with another cure.
    if not weak or any(x.dead == 1.0 for x in found.layers):
        return
    first, last = weak[0][0].health, weak[0][1]
    squashing = sorted({a for call, _ in weak if (a := found.activation_behind(call)) in _SQUASHING})
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
        tuple(call.layer.name for call, _ in weak),
        f"on its way down the gradient shrinks from {last.gradient_norm or 0:.2g} at {last.name} to "
        f"{first.gradient_norm or 0:.2g} at {first.name}; that of the weights, over their own length, from "
        f"{last.relative_gradient or 0:.2g} to {first.relative_gradient or 0:.2g}.",
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


def _trained(found: Measurement) -> list[Call]:
    """The layers with kernels that train."""
    return [c for c in found.calls if c.kernel is not None and c.health.weight_gradient_norm is not None]


def _runs_away(path: flow.Path) -> bool:
    if not path or not _off(flow.gain(path), WHOLE_GAIN):
        return False
    # What training has mended is no longer wrong. Squashing activations hide how large the signal would be.
    bounded = any(judgement.activation in _SQUASHING for _, judgement in path)
    growth = flow.measured_gain(path)
    return bounded or not (growth <= WHOLE_GAIN if flow.gain(path) > 1 else growth >= 1 / WHOLE_GAIN)


def _off(gain: float, limit: float) -> bool:
    return not 1 / limit <= gain <= limit


def _names(calls: list[Call]) -> tuple[str, ...]:
    return tuple(call.layer.name for call in calls)
