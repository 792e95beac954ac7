"""What a rule can certify with so many clusters, before anything is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from biasgate.contracts.wording import rate
from biasgate.statistics.catalogue import METRICS, RATES
from biasgate.statistics.metric import RateMetric
from biasgate.statistics.metrics.selection_rate import SelectionRate
from biasgate.statistics.power import (
    Inside,
    chance_for_all_pairs,
    chance_for_loss,
    chance_for_rate,
    clusters_to_pass,
    gap_to_pass,
    gap_within,
    loss_to_pass,
    rate_to_pass,
    ratio_above,
    ratio_to_pass,
)

POWER = 0.8
DISCORDANT = 0.1
ASSUMED = (
    f"Each figure gives a candidate a chance of {rate(POWER)} to pass that rule, by the bound that decides, with so "
    "many independent clusters in each subgroup. "
    f"It supposes rates near {rate(RateMetric.usual)} (selection rates near {rate(SelectionRate.usual)}), half of the "
    "subgroups at the worse end, and, where two models are compared, that "
    f"they differ on {rate(DISCORDANT)} of the clusters. A fair candidate has these rates in every subgroup. "
    "A chance is that of one rule: all rules together are passed less often. "
    "Subgroups that hold the same clusters are compared pair by pair, which takes fewer."
)


@dataclass(frozen=True)
class Asked:
    """How much there is to certify something with.

    Attributes:
        subgroups: Subgroups that the rule looks at.
        confidence: Two-sided, of the bounds.
    """

    subgroups: int
    confidence: float


@dataclass(frozen=True)
class Power:
    """The least good truth that passes, and the clusters with which a fair candidate does.

    Attributes:
        of: What ``least`` is a value of, such as ``true gap ≤``.
        least: From the clusters in each subgroup to the least good true value that passes with a chance of ``POWER``;
            None when none would.
        enough: Clusters in each subgroup with which a fair candidate has that chance; None when a million are too few.
        several: Whether it depends on how many subgroups there are.
    """

    of: str
    least: Callable[[int, Asked], float | None]
    enough: Callable[[Asked], int | None]
    several: bool = True


def power_of_rate(metric: str, limit: float, *, several: bool) -> Power | None:
    """Of a rate that must reach a limit, or stay below it; None for a score, whose width cannot be told in advance."""
    if metric not in RATES:
        return None
    falling = METRICS[metric].more_is_better is False
    bar = 1 - limit if falling else limit

    def least(clusters: int, asked: Asked) -> float | None:
        found = rate_to_pass(bar, clusters, subgroups=asked.subgroups, confidence=asked.confidence, power=POWER)
        return 1 - found if falling and found is not None else found

    def enough(asked: Asked) -> int | None:
        usual = RATES[metric].usual
        if usual <= bar:
            return None
        return clusters_to_pass(
            lambda clusters: chance_for_rate(usual, bar, clusters, confidence=asked.confidence) ** asked.subgroups,
            power=POWER,
        )

    return Power(f"true rate {'≤' if falling else '≥'}", least, enough, several)


def power_of_gap(metric: str, margin: float) -> Power | None:
    """Of a difference between two subgroups that must stay within a margin; None for a score."""

    def least(clusters: int, asked: Asked) -> float | None:
        usual = RATES[metric].usual
        return gap_to_pass(usual, margin, clusters, subgroups=asked.subgroups, confidence=asked.confidence, power=POWER)

    return Power("true gap ≤", least, _alike(metric, gap_within(margin))) if metric in RATES else None


def power_of_ratio(metric: str, limit: float) -> Power:
    """Of a ratio between two subgroups that must reach a limit."""

    def least(clusters: int, asked: Asked) -> float | None:
        usual = RATES[metric].usual
        return ratio_to_pass(
            usual, limit, clusters, subgroups=asked.subgroups, confidence=asked.confidence, power=POWER
        )

    return Power("true ratio ≥", least, _alike(metric, ratio_above(limit)))


def power_of_loss(metric: str, margin: float, *, several: bool) -> Power | None:
    """Of a loss between two models on the same clusters that must stay within a margin; None for a score."""

    def least(clusters: int, asked: Asked) -> float | None:
        return loss_to_pass(
            DISCORDANT, margin, clusters, subgroups=asked.subgroups, confidence=asked.confidence, power=POWER
        )

    def enough(asked: Asked) -> int | None:
        def chance(clusters: int) -> float:
            one = chance_for_loss(0.0, DISCORDANT, margin, clusters, confidence=asked.confidence)
            return one**asked.subgroups

        return clusters_to_pass(chance, power=POWER)

    return Power("true loss ≤", least, enough, several) if metric in RATES else None


def _alike(metric: str, inside: Inside) -> Callable[[Asked], int | None]:
    """The clusters that show subgroups of the same usual rate to be alike."""

    def enough(asked: Asked) -> int | None:
        rates = (RATES[metric].usual,) * asked.subgroups
        return clusters_to_pass(
            lambda clusters: chance_for_all_pairs(rates, clusters, inside, confidence=asked.confidence), power=POWER
        )

    return enough
