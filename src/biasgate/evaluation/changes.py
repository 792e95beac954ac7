"""Changes: what a model does to each subgroup that an earlier one did not, on the same rows."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Change, EvaluationSpec
from biasgate.evaluation.outcomes import Outcomes
from biasgate.statistics.clustered import deciding_size, effective_size
from biasgate.statistics.multiple import bonferroni
from biasgate.statistics.paired import Pairs, exact_paired, mcnemar, newcombe_paired


def changes(before: list[Outcomes], after: list[Outcomes], spec: EvaluationSpec) -> list[Change]:
    """One change for each cell with enough clusters; both lists come from the same data set and spec."""
    cells = zip(before, after, strict=True)
    known = [pair for pair in cells if pair[1].metric.paired and pair[1].size >= spec.minimum]
    found: list[Change] = []
    for _, family in groupby(known, key=lambda pair: pair[1].metric):
        pairs = list(family)
        level = bonferroni(spec.confidence, len(pairs))
        found += [_change(one, other, spec, simultaneous=level) for one, other in pairs]
    return found


def _change(before: Outcomes, after: Outcomes, spec: EvaluationSpec, *, simultaneous: float) -> Change:
    pairs = Pairs.count(after.success, before.success)
    steps = after.success.astype(np.int64) - before.success
    ends = (-1.0, 1.0)
    reported = pairs.scaled(effective_size(steps, after.clusters, ends=ends))

    def decide(level: float) -> tuple[float, float]:
        size = deciding_size(steps, after.clusters, confidence=level, ends=ends)
        return exact_paired(pairs.scaled(size), confidence=level)

    return Change(
        metric=after.metric.name,
        label=after.label,
        subgroup=after.subgroup,
        before=before.rate,
        after=after.rate,
        estimate=Estimate.within(
            newcombe_paired(reported, confidence=spec.confidence),
            value=pairs.difference,
            n=after.size,
            method="newcombe, paired, clustered" if after.clustered else "newcombe, paired",
            decided_by=f"square-and-add, {after.decided_by}",
            confidence=spec.confidence,
        ),
        bounds=decide(spec.confidence),
        simultaneous=decide(simultaneous),
        p_value=None if after.clustered else mcnemar(pairs),
    )
