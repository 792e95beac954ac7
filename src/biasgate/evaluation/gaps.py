"""Gaps: how far apart the subgroups of one attribute combination are, pair by pair."""

from __future__ import annotations

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import EvaluationSpec, Gap, combination
from biasgate.evaluation.contrast import Contrast, Limits, contrast
from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.pairs import Pair, kept, pairs, widest
from biasgate.statistics.multiple import bonferroni, holm


def gaps(group: list[Outcomes], spec: EvaluationSpec) -> list[Gap]:
    """Every pair of the subgroups of one metric and one attribute combination, label by label, the widest first."""
    known, unknown = pairs(group, spec)
    contrasts = [contrast(*pair, confidence=spec.confidence) for pair in known]
    p_values = holm([found.p_value for found in contrasts])
    level = bonferroni(spec.confidence, len(known))
    measured = [
        _gap(pair, found, spec, simultaneous=level, p_value=p)
        for pair, found, p in zip(known, contrasts, p_values, strict=True)
    ]
    return kept(measured + [_unknown(pair) for pair in unknown], widest)


def _absolute(limits: Limits) -> Limits:
    """Limits of |δ| from limits of δ, whose estimate is not negative."""
    low, high = limits
    return max(0.0, low), max(high, -low)


def _unknown(pair: Pair) -> Gap:
    higher, lower = pair
    return Gap(
        metric=higher.metric.name,
        label=higher.label,
        attribute=combination(higher.subgroup),
        higher=higher.subgroup,
        lower=lower.subgroup,
        paired=False,
    )


def _gap(pair: Pair, found: Contrast, spec: EvaluationSpec, *, simultaneous: float, p_value: float) -> Gap:
    higher, lower = pair
    estimate = Estimate.within(
        found.reported,
        value=higher.rate - lower.rate,
        n=len(np.union1d(higher.clusters, lower.clusters)),
        method=found.method,
        decided_by=found.decided_by,
        confidence=spec.confidence,
    )
    return _unknown(pair).model_copy(
        update={
            "estimate": estimate,
            "bounds": _absolute(found.decide(spec.confidence)),
            "simultaneous": _absolute(found.decide(simultaneous)),
            "paired": found.paired,
            "p_value": p_value,
        }
    )
