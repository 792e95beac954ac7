"""Changes of scores against another model that was run on the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Change, EvaluationSpec
from biasgate.evaluation.pairs import at
from biasgate.evaluation.score_contrast import ScoreContrasts
from biasgate.evaluation.scored import Scored
from biasgate.statistics.linear import correlation
from biasgate.statistics.metric import Number
from biasgate.statistics.multiple import bonferroni


def score_changes(
    before: Iterable[Sequence[Scored]], after: Iterable[Sequence[Scored]], spec: EvaluationSpec
) -> list[Change]:
    """One change for each score with enough clusters; those of one metric are corrected for together."""
    known = (
        (old, new)
        for earlier, later in zip(before, after, strict=True)
        for old, new in zip(earlier, later, strict=True)
        if old.number and new.number
    )
    metrics = groupby(known, key=lambda pair: pair[0].metric.name)
    return [change for _, pairs in metrics for change in _changes(list(pairs), spec)]


def _changes(pairs: Sequence[tuple[Scored, Scored]], spec: EvaluationSpec) -> Iterator[Change]:
    olds, news = [old for old, _ in pairs], [new for _, new in pairs]
    shared = np.array([_correlation(new.found, old.found) for old, new in pairs])
    places = np.arange(len(pairs))
    found = ScoreContrasts([*news, *olds], places, places + len(pairs), shared, spec.confidence)
    bounds = found.decide(spec.confidence)
    simultaneous = found.decide(bonferroni(spec.proving, len(pairs)))
    for place, (old, new) in enumerate(pairs):
        yield Change(
            metric=old.metric.name,
            label=old.label,
            subgroup=old.subgroup,
            before=old.found.value,
            after=new.found.value,
            estimate=Estimate.within(
                at(found.reported, place),
                value=new.found.value - old.found.value,
                n=old.clusters,
                method=f"square-and-add, paired, {new.found.method}",
                decided_by=f"square-and-add, {new.found.method}",
                confidence=spec.confidence,
            ),
            bounds=at(bounds, place),
            simultaneous=at(simultaneous, place),
        )


def _correlation(new: Number, old: Number) -> float:
    return correlation(new.parts, new.clusters, old.parts, old.clusters)
