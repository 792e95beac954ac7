"""What a rule can certify with so many clusters, before anything is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from biasgate.contracts.wording import rate
from biasgate.statistics.catalogue import RATES
from biasgate.statistics.metric import RateMetric
from biasgate.statistics.metrics.selection_rate import SelectionRate
from biasgate.statistics.power import gap_to_pass, loss_to_pass, rate_to_pass, ratio_to_pass

POWER = 0.8
DISCORDANT = 0.1
ASSUMED = (
    f"Each figure gives a candidate a chance of {rate(POWER)} to pass that rule, with independent clusters. It "
    f"supposes rates near {rate(RateMetric.usual)} (selection rates near {rate(SelectionRate.usual)}) and, where two "
    f"models are compared, that they differ on {rate(DISCORDANT)} of the clusters. Subgroups that hold the same "
    "clusters are compared pair by pair, which takes fewer."
)


@dataclass(frozen=True)
class Power:
    """The least good truth that passes.

    Attributes:
        of: What it is a value of, such as ``true gap ≤``.
        least: From the clusters in each subgroup, and the confidence of the bounds, to the least good true value that
            passes with a chance of ``POWER``; None when none would.
    """

    of: str
    least: Callable[[int, float], float | None]


def power_of_rate(metric: str, limit: float) -> Power | None:
    """Of a rate that must reach a limit; None for a score, whose width cannot be told in advance."""

    def least(clusters: int, confidence: float) -> float | None:
        return rate_to_pass(limit, clusters, confidence=confidence, power=POWER)

    return Power("true rate ≥", least) if metric in RATES else None


def power_of_gap(metric: str, margin: float) -> Power | None:
    """Of a difference between two subgroups that must stay within a margin; None for a score."""

    def least(clusters: int, confidence: float) -> float | None:
        return gap_to_pass(RATES[metric].usual, margin, clusters, confidence=confidence, power=POWER)

    return Power("true gap ≤", least) if metric in RATES else None


def power_of_ratio(metric: str, limit: float) -> Power:
    """Of a ratio between two subgroups that must reach a limit."""

    def least(clusters: int, confidence: float) -> float | None:
        return ratio_to_pass(RATES[metric].usual, limit, clusters, confidence=confidence, power=POWER)

    return Power("true ratio ≥", least)


def power_of_loss(metric: str, margin: float) -> Power | None:
    """Of a loss between two models on the same clusters that must stay within a margin; None for a score."""

    def least(clusters: int, confidence: float) -> float | None:
        return loss_to_pass(DISCORDANT, margin, clusters, confidence=confidence, power=POWER)

    return Power("true loss ≤", least) if metric in RATES else None
