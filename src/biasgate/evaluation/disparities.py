"""Disparities: the extremes over all subgroups of one combination, by the names that fairlearn gives them."""

from __future__ import annotations

from collections.abc import Sequence

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Disparity, EvaluationSpec, combination
from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.pairs import Pairs
from biasgate.evaluation.ratios import smaller
from biasgate.evaluation.spread import Spread
from biasgate.statistics.metrics.false_positive_rate import FalsePositiveRate
from biasgate.statistics.metrics.true_positive_rate import TruePositiveRate
from biasgate.statistics.multiple import bonferroni


def disparities(families: Sequence[Sequence[Outcomes]], spec: EvaluationSpec) -> list[Disparity]:
    """Difference and ratio of each metric's extremes, then equalised odds, for every combination and label.

    Args:
        families: Of every metric and combination; see ``families``.
        spec: Confidence and minimum.
    """
    known = {
        (family[0].metric.name, combination(family[0].subgroup), label): [one for one in family if one.label == label]
        for family in families
        for label in dict.fromkeys(one.label for one in family)
    }
    spreads = {
        key: Spread.of(cells)
        for key, cells in known.items()
        if len(cells) > 1 and all(one.sufficient >= spec.minimum for one in cells)
    }
    found: list[Disparity] = []
    for (metric, attribute, label), cells in known.items():
        if len(cells) < 2:
            continue
        name = cells[0].metric.disparity or metric
        parts = [(cells, spreads.get((metric, attribute, label)))]
        found += [_one(f"{name}_{kind}", parts, spec) for kind in ("difference", "ratio")]
        other = (FalsePositiveRate.name, attribute, label)
        if metric == TruePositiveRate.name and other in known:
            odds = [*parts, (known[other], spreads.get(other))]
            found += [_one(f"equalized_odds_{kind}", odds, spec) for kind in ("difference", "ratio")]
    return found


def _one(name: str, parts: Sequence[tuple[Sequence[Outcomes], Spread | None]], spec: EvaluationSpec) -> Disparity:
    cells = [one for family, _ in parts for one in family]
    disparity = Disparity(
        name=name, label=cells[0].label, attribute=combination(cells[0].subgroup), groups=len(parts[0][0])
    )
    ratio = name.endswith("_ratio")
    spreads = [spread for _, spread in parts if spread is not None]
    if len(spreads) < len(parts) or (ratio and any(spread.largest == 0 for spread in spreads)):
        return disparity
    level = bonferroni(spec.confidence, len(parts))
    worst = min if ratio else max
    found = [
        _ratio_limits(family, spec, joint=level) if ratio else spread.limits(spec.confidence, level)
        for (family, _), spread in zip(parts, spreads, strict=True)
    ]
    lows, highs = zip(*found, strict=True)
    estimate = Estimate.within(
        (worst(lows), worst(highs)),
        value=worst(spread.ratio if ratio else spread.difference for spread in spreads),
        n=min(one.size for one in cells),
        method="worst share" if ratio else "bootstrap, counts",
        confidence=spec.confidence,
    )
    shrunk = None if ratio else max(spread.shrunk for spread in spreads)
    return disparity.model_copy(update={"estimate": estimate, "shrunk": shrunk})


def _ratio_limits(family: Sequence[Outcomes], spec: EvaluationSpec, *, joint: float) -> tuple[float, float]:
    """Limits of the smallest rate over the largest, free of the luck of being picked.

    How low the smallest true ratio may be is told by each pair's own limit; that some pair lies below 1 by limits that
    hold for all pairs at once. Pairs without any success say nothing.
    """
    pairs = Pairs.of(family, spec)
    some = pairs.rates[pairs.higher] > 0
    everywhere = bonferroni(joint, int(some.sum()))
    own, at_once = (
        smaller(*pairs.points(level), correlation=pairs.correlation) for level in (spec.confidence, everywhere)
    )
    return float(own[0][some].min()), float(at_once[1][some].min())
