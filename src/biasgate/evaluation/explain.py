"""An evaluation in words: what was found, what stays open and what would settle it, what was not tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from biasgate.contracts.evaluation import Cell, Evaluation, Gap
from biasgate.contracts.unmeasured import unmeasured
from biasgate.contracts.wording import name, subgroup, within
from biasgate.documents import Document
from biasgate.statistics.catalogue import METRICS, RATES
from biasgate.statistics.power import clusters_to_show, gap_to_detect

POWER = 0.8


class Power(Document):
    """What the clusters of two subgroups can show about a rate.

    Attributes:
        metric: Its name.
        label: The label that is asked for, of a multi-label set.
        higher: Subgroup with the higher rate.
        lower: Subgroup with the lower rate.
        clusters: Clusters of each, as measured.
        gap: The observed difference.
        bound: The difference that cannot be excluded: the upper bound that decides.
        detectable: The true difference that a test between these two finds four times in five.
        more: Clusters that each subgroup would need beyond what it has, were the rates as observed, to show four times
            in five that they differ by at most ``margin``; 0 when that is shown; absent when they differ by more.
    """

    metric: str
    label: str | None = None
    higher: dict[str, str]
    lower: dict[str, str]
    clusters: tuple[int, int]
    gap: float
    bound: float
    detectable: float
    more: tuple[int, int] | None = None


class EvaluationExplained(Document):
    """An evaluation for a person.

    Attributes:
        margin: The difference of two rates that would not matter.
        found: Subgroups that are truly worse, by tests that allow for their number.
        open: What the clusters cannot tell.
        untested: What was not measured at all.
        power: One row a pair of subgroups that was compared.
    """

    schema_: Literal["biasgate/evaluation-explained/v1"] = Field(
        default="biasgate/evaluation-explained/v1", alias="schema"
    )
    margin: float
    found: tuple[str, ...]
    open: tuple[str, ...]
    untested: tuple[str, ...]
    power: tuple[Power, ...]


def explain(evaluation: Evaluation, *, margin: float = 0.05, minimum: int = 30) -> EvaluationExplained:
    """What an evaluation shows.

    Args:
        evaluation: Any.
        margin: Difference of two rates that would not matter.
        minimum: Clusters that the evaluation asked of a subgroup.
    """
    power = tuple(_power(gap, evaluation, margin) for gap in evaluation.gaps if gap.metric in RATES and gap.estimate)
    return EvaluationExplained(
        margin=margin,
        found=tuple(_found(evaluation)),
        open=(*_too_few(evaluation, minimum), *_undecided(power, margin)),
        untested=tuple(unmeasured(evaluation, metrics=METRICS)),
        power=power,
    )


def _found(evaluation: Evaluation) -> Iterator[str]:
    tested = [gap for gap in evaluation.gaps if gap.p_value is not None and gap.estimate]
    for gap in tested:
        if gap.estimate and gap.p_value is not None and gap.p_value <= 1 - gap.estimate.confidence:
            value = gap.estimate
            yield (
                f"{name(gap.metric, gap.label)} differs: {subgroup(gap.higher)} above {subgroup(gap.lower)} by "
                f"{value.value:.3g} [{value.low:.3g}, {value.high:.3g}] (n = {value.n}, {value.method}; p = "
                f"{gap.p_value:.2g} after Holm)."
            )
    if not tested:
        yield "No two subgroups were compared by a test."
    elif not any(gap.p_value is not None and gap.p_value <= 0.05 for gap in tested):
        yield "No difference between subgroups is proven, nor is equality: see what the clusters could show."
    yield from _below(evaluation)
    for disparity in evaluation.disparities or ():
        if disparity.estimate and disparity.shrunk is not None and disparity.groups > 2:
            value = disparity.estimate
            yield (
                f"{name(disparity.name, disparity.label)} over the {disparity.groups} subgroups of "
                f"{disparity.attribute} is {value.value:.3g} [{value.low:.3g}, {value.high:.3g}]; without the luck of "
                f"being picked, {disparity.shrunk:.3g}."
            )


def _below(evaluation: Evaluation) -> Iterator[str]:
    """Of each metric, label and attribute the smallest ratio, where bounds of all pairs at once prove it below 1."""
    compared = {(one.metric, one.label, one.attribute, one.given): one for one in reversed(evaluation.ratios or ())}
    for ratio in reversed(compared.values()):
        if (value := ratio.estimate) and ratio.simultaneous and ratio.simultaneous[1] < 1:
            yield (
                f"{name(ratio.metric, ratio.label)} of {subgroup(ratio.lower)} is {value.value:.3g} "
                f"[{value.low:.3g}, {value.high:.3g}] times that of {subgroup(ratio.higher)}, the smallest ratio by "
                f"{ratio.attribute.replace('*', ' × ')}{within(ratio.given)} (n = {value.n}, {value.method})."
            )


def _too_few(evaluation: Evaluation, minimum: int) -> Iterator[str]:
    for part in (*evaluation.cells, *(evaluation.scores or ())):
        if part.estimate is None:
            what = "rows" if isinstance(part, Cell) and not part.trials else "clusters"
            found = (
                f"{name(part.metric, part.label)} of {subgroup(part.subgroup)} has no number: {part.clusters} {what}"
            )
            if part.effective is None:
                yield f"{found}; {max(1, minimum - part.clusters)} more would do."
            else:
                yield f"{found} of unequal weight, worth {part.effective:.1f}, and {minimum} are needed."


def _undecided(power: tuple[Power, ...], margin: float) -> Iterator[str]:
    for row in power:
        if row.bound <= margin:
            continue
        pair = f"{name(row.metric, row.label)} of {subgroup(row.higher)} and {subgroup(row.lower)}"
        if row.more is None:
            yield f"{pair} differ by {row.gap:.3g} as measured: more clusters cannot show it within {margin:.3g}."
        else:
            first, second = row.more
            yield (
                f"{pair} may differ by up to {row.bound:.3g}: to show that it is within {margin:.3g} takes "
                f"{first:,} and {second:,} more clusters, if the rates are as measured."
            )


def _rate(cell: Cell) -> float:
    return cell.estimate.value if cell.estimate else cell.successes / cell.trials


def _power(gap: Gap, evaluation: Evaluation, margin: float) -> Power:
    def cell(subgroup: dict[str, str]) -> Cell:
        key = (gap.metric, gap.label, subgroup)
        return next(cell for cell in evaluation.cells if (cell.metric, cell.label, cell.subgroup) == key)

    first, second = cell(gap.higher), cell(gap.lower)
    rates = (_rate(first), _rate(second))
    confidence = gap.estimate.confidence if gap.estimate else 0.95
    bound = gap.bounds[1] if gap.bounds else 1.0
    needed = 0 if bound <= margin else clusters_to_show(rates, margin, confidence=confidence, power=POWER)
    more = None if needed is None else (max(0, needed - first.clusters), max(0, needed - second.clusters))
    return Power(
        metric=gap.metric,
        label=gap.label,
        higher=gap.higher,
        lower=gap.lower,
        clusters=(first.clusters, second.clusters),
        gap=abs(rates[0] - rates[1]),
        bound=bound,
        detectable=gap_to_detect(sum(rates) / 2, (first.clusters, second.clusters), confidence=confidence, power=POWER),
        more=more,
    )
