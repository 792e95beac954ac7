"""Changes: what a model does to each subgroup that an earlier one did not, on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Change, EvaluationSpec
from biasgate.evaluation.cut import Cut
from biasgate.evaluation.problems import Problem
from biasgate.statistics.catalogue import RATES
from biasgate.statistics.clustered import Sums, rate_bounds
from biasgate.statistics.metric import RateMetric
from biasgate.statistics.multiple import bonferroni
from biasgate.statistics.paired import Pairs, exact_paired, mcnemar, newcombe_paired


@dataclass(frozen=True, eq=False)
class Step:
    """One metric in one subgroup, after and before.

    Attributes:
        metric: Which.
        label: The label that is asked for, of a multi-label set.
        subgroup: Attribute values.
        before: Rate of the earlier model.
        after: Rate of the later one.
        pairs: Outcomes after (first) and before (second), row by row.
        sums: What each row gained or lost, by cluster.
    """

    metric: RateMetric
    label: str | None
    subgroup: dict[str, str]
    before: float
    after: float
    pairs: Pairs
    sums: Sums


def changes(
    cuts: Sequence[Cut], before: Sequence[Problem], after: Sequence[Problem], spec: EvaluationSpec
) -> list[Change]:
    """One change for each cell with enough clusters; both models answered about the same rows."""
    found: list[Change] = []
    for metric in (RATES[name] for name in spec.metrics if RATES[name].paired):
        steps = [
            step
            for old, new in zip(before, after, strict=True)
            if metric.name in new.metrics
            for cut in cuts
            for step in _steps(cut, metric, old, new)
            if step.sums.effective_clusters >= spec.minimum
        ]
        level = bonferroni(spec.proving, len(steps))
        found += [_change(step, spec, simultaneous=level) for step in steps]
    return found


def _steps(cut: Cut, metric: RateMetric, old: Problem, new: Problem) -> Iterator[Step]:
    trials = metric.trials(new.answers)
    then, now = metric.successes(old.answers) & trials, metric.successes(new.answers) & trials
    counts = [cut.count(rows) for rows in (now & then, now & ~then, then & ~now, trials & ~now & ~then)]
    gains = _gains(cut, trials, now.astype(np.int8) - then.astype(np.int8))
    weight = np.maximum(cut.weigh(trials), 1e-300)
    shares = (cut.weigh(then) / weight).tolist(), (cut.weigh(now) / weight).tolist()
    for subgroup, *table, before, after, gained in zip(cut.subgroups, *counts, *shares, gains, strict=True):
        yield Step(metric, new.label, subgroup, before, after, Pairs(*map(int, table)), gained)


def _gains(cut: Cut, trials: NDArray[np.bool_], steps: NDArray[np.int8]) -> Iterator[Sums]:
    """What the rows of each subgroup gained."""
    rows = cut.count(trials).tolist()
    parts = [None] * len(rows) if cut.plain else cut.split(trials, steps)
    for count, part in zip(rows, parts, strict=True):
        if part is None or (part.heaviest is None and len(part.sizes) == count):
            yield Sums(rows=count, total=0.0, ends=(-1.0, 1.0))
        else:
            yield part.sums(count, ends=(-1.0, 1.0))


def _change(step: Step, spec: EvaluationSpec, *, simultaneous: float) -> Change:
    """The change of one metric in one subgroup: by its table where rows are independent, else as a mean of steps."""
    plain = step.sums.plain

    def decide(level: float) -> tuple[float, float]:
        return exact_paired(step.pairs, confidence=level) if plain else rate_bounds(step.sums, confidence=level)

    bounds = decide(spec.confidence)
    return Change(
        metric=step.metric.name,
        label=step.label,
        subgroup=step.subgroup,
        before=step.before,
        after=step.after,
        estimate=Estimate.within(
            newcombe_paired(step.pairs, confidence=spec.confidence) if plain else bounds,
            value=step.pairs.difference if plain else step.sums.mean,
            n=step.sums.clusters,
            method="newcombe, paired" if plain else f"{step.sums.method}, paired",
            decided_by="square-and-add, clopper-pearson" if plain else step.sums.method,
            confidence=spec.confidence,
        ),
        bounds=bounds,
        simultaneous=decide(simultaneous),
        p_value=mcnemar(step.pairs) if plain else None,
    )
