"""From numbers to verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ravine.diagnosis import data_rules, layer_rules, rate_rule
from ravine.diagnosis.measurement import Measurement
from ravine.diagnosis.report import EXPLODING, RATE_HIGH, RATE_LOW, VANISHING, Verdict

RULES: tuple[Callable[[Measurement], Iterable[Verdict]], ...] = (
    data_rules.not_finite,
    data_rules.targets,
    data_rules.inputs,
    layer_rules.initializer,
    layer_rules.exploding,
    layer_rules.vanishing,
    layer_rules.dead,
    layer_rules.saturated,
    rate_rule.learning_rate,
)

# Steps are too long because gradients explode and too short because they vanish: that is what to mend.
_EXPLAINED_BY = {RATE_HIGH: EXPLODING, RATE_LOW: VANISHING}


def verdicts(found: Measurement) -> tuple[Verdict, ...]:
    """What is wrong, causes before consequences."""
    results = [verdict for rule in RULES for verdict in rule(found)]
    problems = {verdict.problem for verdict in results}
    return tuple(verdict for verdict in results if _EXPLAINED_BY.get(verdict.problem) not in problems)
