"""Whether the learning rate fits; docs/diagnosis.md gives the reasons for the thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from ravine.diagnosis.measurement import Measurement
from ravine.diagnosis.report import RATE_HIGH, RATE_LOW, Verdict

# One step must not double the loss of the very batch it was computed from, or move the weights by their own length.
LOSS_GROWTH = 2.0
LARGEST_UPDATE = 1.0
# Shorter steps than this part of the weights may raise a loss that is almost 0 already.
NOTABLE_UPDATE = 0.01
# A rate is too low when a thousand times as much gains less than 1 % in a step, and still more would gain 5 %.
ROOM = 1000.0
SMALL_GAIN = 0.01
FAIR_GAIN = 0.05


def learning_rate(found: Measurement) -> Iterator[Verdict]:
    if found.rate is None or not math.isfinite(found.loss) or not found.losses_after_one_step:
        return
    ratios = [x.update_ratio for x in found.layers if x.update_ratio is not None]
    typical = median(ratios) if ratios else 0.0
    after = found.losses_after_one_step[found.rate]
    rises = not math.isfinite(after) or after - found.loss > (LOSS_GROWTH - 1) * abs(found.loss)
    if (rises and typical > NOTABLE_UPDATE) or typical > LARGEST_UPDATE:
        yield Verdict(
            RATE_HIGH,
            (),
            f"one step with learning rate {found.rate:.3g} takes the loss of the same batch from {found.loss:.3g} to "
            f"{after:.3g} and moves the weights of a typical layer by {typical:.2g} of their own length.",
            "Lower the rate ten times or more; ravine.find_learning_rate(model, x, y) measures which one fits.",
        )
        return
    gains = {r: (found.loss - loss) / abs(found.loss) for r, loss in found.losses_after_one_step.items() if found.loss}
    early = [gain for r, gain in gains.items() if r <= found.rate * ROOM * 1.01]
    best = max(gains, key=lambda r: gains[r], default=None)
    # Schedules begin and end low on purpose.
    if best is None or found.scheduled or not all(abs(gain) < SMALL_GAIN for gain in early):
        return
    if gains[best] >= FAIR_GAIN and best > found.rate * ROOM:
        yield Verdict(
            RATE_LOW,
            (),
            f"one step with learning rate {found.rate:.3g} changes the loss of {found.loss:.3g} by "
            f"{gains[found.rate]:.1e} of itself and the weights of a typical layer by {typical:.1e} of their length; "
            f"with {best:.0e} the step would gain {gains[best]:.0%}.",
            "Raise the rate; ravine.find_learning_rate(model, x, y) measures which one fits.",
        )
