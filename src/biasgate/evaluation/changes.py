"""Changes: what a repair did to each subgroup, on the same rows."""

from __future__ import annotations

import numpy as np

from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.schema import Change, EvaluationSpec
from biasgate.statistics.clustered import deciding_size, effective_size
from biasgate.statistics.estimate import Estimate
from biasgate.statistics.paired import Pairs, mcnemar, newcombe_paired, tango


def changes(before: list[Outcomes], after: list[Outcomes], spec: EvaluationSpec) -> list[Change]:
    """One change for each cell with enough units; both lists come from the same data set and spec."""
    cells = zip(before, after, strict=True)
    return [_change(one, other, spec) for one, other in cells if other.size >= spec.minimum]


def _change(before: Outcomes, after: Outcomes, spec: EvaluationSpec) -> Change:
    pairs = Pairs.count(after.success, before.success)
    steps = after.success.astype(np.int64) - before.success
    ends = (-1.0, 1.0)
    reported = pairs.scaled(effective_size(steps, after.units, ends=ends))
    decided = pairs.scaled(deciding_size(steps, after.units, confidence=spec.confidence, ends=ends))
    return Change(
        metric=after.metric,
        subgroup=after.subgroup,
        before=before.rate,
        after=after.rate,
        estimate=Estimate.within(
            newcombe_paired(reported, confidence=spec.confidence),
            value=pairs.difference,
            n=after.size,
            method="newcombe, paired, clustered" if after.clustered else "newcombe, paired",
            confidence=spec.confidence,
        ),
        bounds=tango(decided, confidence=spec.confidence),
        p_value=None if after.clustered else mcnemar(pairs),
    )
