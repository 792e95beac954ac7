"""What would settle a rule that lacks evidence: how many more clusters, by search over the bounds that decide."""

from __future__ import annotations

import math

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.documents import Document
from biasgate.gate.chances import Growth
from biasgate.gate.decision import RuleResult
from biasgate.gate.measurements import Measurements, Missing
from biasgate.gate.power import POWER
from biasgate.gate.rule import Rule
from biasgate.statistics.intervals import quantile
from biasgate.statistics.power import clusters_to_pass


class Settling(Document):
    """What would settle a rule that lacks evidence.

    Attributes:
        rule: Its id.
        clusters: Clusters there are, of the numbers that decided.
        more: Clusters like these that it would take besides to pass four times in five, were the rates as measured;
            absent when no number would, since the measured value itself is outside the limit.
        sentence: The same in words.
    """

    rule: str
    clusters: int
    more: int | None = None
    sentence: str


def settling(rule: Rule, result: RuleResult, found: Measurements, spec: EvaluationSpec) -> Settling | None:
    """What would settle what a rule found; nothing when it is settled, or nothing is known of its clusters."""
    if result.outcome != "insufficient" or result.n is None:
        return None
    if result.value is None or result.bound is None or result.threshold is None:
        return _fewer(result, result.n, needed=int(result.threshold or spec.minimum))
    outside = (result.threshold - result.value) * (result.bound - result.value) <= 0
    more = None if outside else _more(rule, result, found, spec.confidence)
    if more is None:
        sentence = "What was measured is itself outside the limit: more clusters would not make it pass."
        return Settling(rule=result.rule, clusters=result.n, sentence=sentence)
    sentence = (
        f"About {_rounded(more):,} more clusters like these {result.n:,} would settle it four times in five, "
        "if the rates are as measured."
    )
    return Settling(rule=result.rule, clusters=result.n, more=more, sentence=sentence)


def _more(rule: Rule, result: RuleResult, found: Measurements, confidence: float) -> int | None:
    """Clusters that give the chance wanted; a rule that cannot tell its chance is scaled by the root of the number."""
    have = result.n or 0

    def chance(clusters: int) -> float | None:
        try:
            return rule.chance(rule.view(found), Growth(clusters / have, confidence))
        except Missing:
            return None

    if chance(have) is None:
        return _scaled(result, confidence)
    needed = clusters_to_pass(lambda clusters: chance(clusters) or 0.0, power=POWER, least=have)
    return None if needed is None else needed - have


def _scaled(result: RuleResult, confidence: float) -> int | None:
    """A bound's distance from its value falls with the root of the clusters."""
    if result.n is None or result.value is None or result.bound is None or result.threshold is None:
        return None
    z = quantile(confidence)
    wider = (z + quantile(2 * POWER - 1)) / z
    times = wider * (result.bound - result.value) / (result.threshold - result.value)
    return math.ceil(result.n * (times**2 - 1))


def _fewer(result: RuleResult, clusters: int, *, needed: int) -> Settling | None:
    """For a rule that found too few clusters to look at a number."""
    more = needed - clusters
    words = f"{more:,} more {'cluster' if more == 1 else 'clusters'} would do."
    return Settling(rule=result.rule, clusters=clusters, more=more, sentence=words) if more > 0 else None


def _rounded(number: int) -> int:
    """To two digits: the rates are no better known."""
    digits = len(str(number)) - 2
    return math.ceil(number / 10**digits) * 10**digits if digits > 0 else number
