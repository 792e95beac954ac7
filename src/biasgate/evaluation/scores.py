"""Scores: numbers that are no rate of rows, in every subgroup; their gaps, and their changes against earlier models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Change, EvaluationSpec, Gap, Score, combination, worth
from biasgate.data.dataset import Dataset
from biasgate.evaluation.cut import Cut
from biasgate.evaluation.pairs import comparisons, kept, stratum, widest
from biasgate.evaluation.problems import Problem
from biasgate.statistics.bounded_mean import typical_size
from biasgate.statistics.catalogue import SCORES
from biasgate.statistics.intervals import square_and_add
from biasgate.statistics.linear import correlation, no_difference, student
from biasgate.statistics.metric import Limits, Number, ScoreMetric
from biasgate.statistics.multiple import bonferroni, holm


@dataclass(frozen=True, eq=False)
class Scored:
    """One score of one label in one subgroup.

    Attributes:
        rows: Indices of its rows, by cluster.
        clusters: Independent clusters that it rests on: of the rarest of the kinds of rows that it compares.
        effective: How many of equal size and weight they are worth.
        number: What was found; ``None`` when they are too few.
    """

    metric: ScoreMetric
    label: str | None
    subgroup: dict[str, str]
    rows: NDArray[np.int64]
    clusters: int
    effective: float
    number: Number | None


def scored(dataset: Dataset, cuts: Sequence[Cut], spec: EvaluationSpec, asked: Sequence[Problem]) -> list[list[Scored]]:
    """Every score in every subgroup, in families that are corrected for together: one metric, one combination."""
    if not spec.scores:
        return []
    cells = [cell for cut in cuts for cell in zip(cut.subgroups, cut.rows, strict=True)]
    families: dict[tuple[str, str], list[Scored]] = {}
    for metric in (SCORES[name] for name in spec.scores):
        for one in (one for one in asked if metric.name in one.metrics):
            kinds = metric.compared(one.answers)
            for subgroup, rows in cells:
                clusters, effective = _rarest(rows, kinds, dataset)
                enough = effective >= spec.minimum
                found = metric.number(one.answers.take(rows), dataset.clusters[rows]) if enough else None
                family = families.setdefault((metric.name, combination(subgroup)), [])
                family.append(Scored(metric, one.label, subgroup, rows, clusters, effective, found))
    return list(families.values())


def _rarest(rows: NDArray[np.int64], kinds: NDArray[np.int64], dataset: Dataset) -> tuple[int, float]:
    """Clusters of the rarest kind of row, and how many they are worth; a subgroup that lacks a kind has none."""
    found = [_worth(rows[kinds[rows] == kind], dataset) for kind in np.unique(kinds)]
    return min((count for count, _ in found), default=0), min((worth for _, worth in found), default=0.0)


def _worth(rows: NDArray[np.int64], dataset: Dataset) -> tuple[int, float]:
    """Clusters of rows that are in their order, and Kish's number of them."""
    if not len(rows):
        return 0, 0.0
    starts = np.flatnonzero(np.append(True, np.diff(dataset.clusters[rows]) != 0))
    sizes = np.add.reduceat(np.ones(len(rows)) if dataset.weights is None else dataset.weights[rows], starts)
    return len(starts), float(sizes.sum()) / typical_size(sizes)


def scores(families: Iterable[Sequence[Scored]], spec: EvaluationSpec) -> list[Score]:
    """One score for each subgroup and label."""
    return [score for family in families for score in _scores(family, spec)]


def _scores(family: Sequence[Scored], spec: EvaluationSpec) -> list[Score]:
    level = bonferroni(spec.proving, sum(one.number is not None for one in family))
    return [_score(one, spec, simultaneous=level) for one in family]


def _score(one: Scored, spec: EvaluationSpec, *, simultaneous: float) -> Score:
    score = Score(
        metric=one.metric.name,
        label=one.label,
        subgroup=one.subgroup,
        rows=len(one.rows),
        clusters=one.clusters,
        effective=worth(one.effective, one.clusters),
    )
    if one.number is None:
        return score
    bounds = one.number.bounds(spec.confidence)
    return score.model_copy(
        update={
            "estimate": _estimate(one.number, bounds, one.clusters, spec),
            "bounds": bounds,
            "simultaneous": one.number.bounds(simultaneous),
        }
    )


def _estimate(found: Number, limits: Limits, clusters: int, spec: EvaluationSpec) -> Estimate:
    return Estimate.within(
        limits,
        value=found.value,
        n=clusters,
        method=found.method,
        decided_by=found.method,
        confidence=spec.confidence,
    )


def score_gaps(families: Iterable[Sequence[Scored]], spec: EvaluationSpec) -> list[Gap]:
    """Every pair of the subgroups of one score and combination, label by label, the widest first."""
    return [
        gap.model_copy(update={"given": given or None})
        for family in families
        for given in comparisons(family[0].subgroup, spec)
        for gap in _family_gaps(family, given, spec)
    ]


def _family_gaps(family: Sequence[Scored], given: tuple[str, ...], spec: EvaluationSpec) -> list[Gap]:
    def alike(first: Scored, second: Scored) -> bool:
        return stratum(first.label, first.subgroup, given) == stratum(second.label, second.subgroup, given)

    pairs = [(first, second) for first, second in combinations(family, 2) if alike(first, second)]
    ordered = [_ordered(*pair) for pair in pairs]
    known = [(one, one.number, other, other.number) for one, other in ordered if one.number and other.number]
    level = bonferroni(spec.proving, len(known))
    contrasts = [_Contrast(one, other, spec.confidence) for _, one, _, other in known]
    raw = [found.p_value() for found in contrasts]
    p_values = holm([p for p in raw if p is not None]) or [None] * len(known)
    measured = [
        _gap(first, second, found, spec, simultaneous=level, p_value=p)
        for (first, _, second, _), found, p in zip(known, contrasts, p_values, strict=True)
    ]
    unknown = [_unknown(one, other) for one, other in ordered if not (one.number and other.number)]
    return kept(measured + unknown, widest)


def _ordered(first: Scored, second: Scored) -> tuple[Scored, Scored]:
    if first.number and second.number and second.number.value > first.number.value:
        return second, first
    return first, second


@dataclass(frozen=True)
class _Contrast:
    """The difference first − second: square-and-add of both intervals with the correlation of what their rows add.

    To decide, shared clusters may widen but never narrow.
    """

    first: Number
    second: Number
    confidence: float

    @cached_property
    def correlation(self) -> float:
        return correlation(self.first.parts, self.first.clusters, self.second.parts, self.second.clusters)

    @cached_property
    def reported(self) -> Limits:
        points = [(one.value, *one.bounds(self.confidence)) for one in (self.first, self.second)]
        return square_and_add(points[0], points[1], correlation=self.correlation, widest=np.inf)

    def p_value(self) -> float | None:
        """Test of no difference, whose standard error is the reported interval's reach towards 0: they always agree.

        The linearised error would be too small where a score is near its best, and 0 where a few rows are all right.
        None where the numbers' own bias would be tested.
        """
        if not (self.first.tested and self.second.tested):
            return None
        difference, (low, high) = self.first.value - self.second.value, self.reported
        fewest = min(len(np.unique(one.clusters)) for one in (self.first, self.second))
        reach = difference - low if difference > 0 else high - difference
        return no_difference(difference, reach / student(self.confidence, fewest), fewest)

    def decide(self, level: float) -> Limits:
        points = [(one.value, *one.bounds(level)) for one in (self.first, self.second)]
        return square_and_add(points[0], points[1], correlation=min(0.0, self.correlation), widest=np.inf)


def _unknown(higher: Scored, lower: Scored) -> Gap:
    return Gap(
        metric=higher.metric.name,
        label=higher.label,
        attribute=combination(higher.subgroup),
        higher=higher.subgroup,
        lower=lower.subgroup,
        paired=False,
    )


def _gap(
    higher: Scored, lower: Scored, found: _Contrast, spec: EvaluationSpec, *, simultaneous: float, p_value: float | None
) -> Gap:
    def absolute(limits: Limits) -> Limits:
        return max(0.0, limits[0]), max(limits[1], -limits[0])

    estimate = Estimate.within(
        found.reported,
        value=found.first.value - found.second.value,
        n=min(higher.clusters, lower.clusters),
        method=f"square-and-add, {found.first.method}",
        decided_by=f"square-and-add, {found.first.method}",
        confidence=spec.confidence,
    )
    return _unknown(higher, lower).model_copy(
        update={
            "estimate": estimate,
            "bounds": absolute(found.decide(spec.confidence)),
            "simultaneous": absolute(found.decide(simultaneous)),
            "paired": np.array_equal(found.first.clusters, found.second.clusters),
            "p_value": p_value,
        }
    )


def score_changes(
    before: Iterable[Sequence[Scored]], after: Iterable[Sequence[Scored]], spec: EvaluationSpec
) -> list[Change]:
    """One change for each score with enough clusters, paired by the rows that both models were run on."""
    known = [
        (old, old.number, new.number)
        for earlier, later in zip(before, after, strict=True)
        for old, new in zip(earlier, later, strict=True)
        if old.number and new.number
    ]
    counts = Counter(place.metric.name for place, *_ in known)
    return [
        _change(place, old, new, spec, simultaneous=bonferroni(spec.proving, counts[place.metric.name]))
        for place, old, new in known
    ]


def _change(place: Scored, old: Number, new: Number, spec: EvaluationSpec, *, simultaneous: float) -> Change:
    found = _Contrast(new, old, spec.confidence)
    return Change(
        metric=place.metric.name,
        label=place.label,
        subgroup=place.subgroup,
        before=old.value,
        after=new.value,
        estimate=Estimate.within(
            found.reported,
            value=new.value - old.value,
            n=place.clusters,
            method=f"square-and-add, paired, {new.method}",
            decided_by=f"square-and-add, {new.method}",
            confidence=spec.confidence,
        ),
        bounds=found.decide(spec.confidence),
        simultaneous=found.decide(simultaneous),
    )
