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
from biasgate.statistics.clustered import Sums, deciding_size
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
        clusters: Independent clusters among its rows.
        pairs: Outcomes after (first) and before (second), row by row.
        sums: What each row gained or lost, by cluster.
    """

    metric: RateMetric
    label: str | None
    subgroup: dict[str, str]
    clusters: int
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
            for cut in cuts
            for step in _steps(cut, metric, old, new)
            if step.clusters >= spec.minimum
        ]
        level = bonferroni(spec.confidence, len(steps))
        found += [_change(step, spec, simultaneous=level) for step in steps]
    return found


def _steps(cut: Cut, metric: RateMetric, old: Problem, new: Problem) -> Iterator[Step]:
    trials = metric.trials(new.answers)
    then, now = metric.successes(old.answers) & trials, metric.successes(new.answers) & trials
    counts = [cut.count(rows) for rows in (now & then, now & ~then, then & ~now, trials & ~now & ~then)]
    gains = _gains(cut, trials, now.astype(np.int8) - then.astype(np.int8))
    for subgroup, both, first, second, neither, gained in zip(cut.subgroups, *counts, gains, strict=True):
        pairs = Pairs(int(both), int(first), int(second), int(neither))
        yield Step(metric, new.label, subgroup, gained.clusters, pairs, gained)


def _gains(cut: Cut, trials: NDArray[np.bool_], steps: NDArray[np.int8]) -> Iterator[Sums]:
    """What the rows of each subgroup gained."""
    rows, moved = cut.count(trials), cut.count(steps != 0)
    parts = cut.split(trials, steps) if cut.repeat else None
    for place in range(len(cut.subgroups)):
        sizes, totals = (parts[place].sizes, parts[place].totals) if parts else (None, None)
        plain = sizes is None or len(sizes) == rows[place]
        yield Sums(
            rows=int(rows[place]),
            total=0.0 if totals is None else float(totals.sum()),
            squares=float(moved[place]),
            sizes=None if plain else sizes,
            totals=None if plain else totals,
            ends=(-1.0, 1.0),
        )


def _change(step: Step, spec: EvaluationSpec, *, simultaneous: float) -> Change:
    """The change of one metric in one subgroup."""
    reported = step.pairs.scaled(step.sums.effective_size)
    clustered = step.sums.repeat

    def decide(level: float) -> tuple[float, float]:
        return exact_paired(step.pairs.scaled(deciding_size(step.sums, confidence=level)), confidence=level)

    return Change(
        metric=step.metric.name,
        label=step.label,
        subgroup=step.subgroup,
        before=(step.pairs.both + step.pairs.second) / step.pairs.total,
        after=(step.pairs.both + step.pairs.first) / step.pairs.total,
        estimate=Estimate.within(
            newcombe_paired(reported, confidence=spec.confidence),
            value=step.pairs.difference,
            n=step.clusters,
            method="newcombe, paired, clustered" if clustered else "newcombe, paired",
            decided_by=f"square-and-add, {'korn-graubard' if clustered else 'clopper-pearson'}",
            confidence=spec.confidence,
        ),
        bounds=decide(spec.confidence),
        simultaneous=decide(simultaneous),
        p_value=None if clustered else mcnemar(step.pairs),
    )
