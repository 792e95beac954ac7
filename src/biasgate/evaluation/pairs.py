"""Pairs of subgroups: which are compared, in which order, and how many are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, groupby, islice
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import MOST_PAIRS, EvaluationSpec, Gap, Ratio, combination
from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.shared import Shared
from biasgate.statistics.clustered import rate_bounds
from biasgate.statistics.metric import Metric
from biasgate.statistics.two_rates import Point, levels

P = TypeVar("P", Gap, Ratio)
Pair = tuple[Outcomes, Outcomes]
"""Two subgroups, the one with the higher rate first."""
Numbers = NDArray[np.float64]
Limits = tuple[Numbers, Numbers]
"""Lower and upper limits, one a pair."""
Places = NDArray[np.int64]
"""Where something stands in a list, one a pair."""


class Subgroup(Protocol):
    """Something that is found of one subgroup, about one label where there are several."""

    @property
    def metric(self) -> Metric:
        """What was measured."""
        ...

    @property
    def label(self) -> str | None:
        """The label that is asked for."""
        ...

    @property
    def subgroup(self) -> dict[str, str]:
        """Attribute values."""
        ...


S = TypeVar("S", bound=Subgroup)


def at(limits: Limits, place: int) -> tuple[float, float]:
    """Those of one pair."""
    return float(limits[0][place]), float(limits[1][place])


def absolute(limits: Limits) -> Limits:
    """Limits of |θ| from those of a θ ≥ 0 that may be as far below 0 as the lower one."""
    low, high = limits
    return np.maximum(0.0, low), np.maximum(high, -low)


def named(higher: Subgroup, lower: Subgroup, given: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a ``Gap`` or ``Ratio`` that say what is compared with what."""
    return {
        "metric": higher.metric.name,
        "label": higher.label,
        "attribute": combination(higher.subgroup),
        "higher": higher.subgroup,
        "lower": lower.subgroup,
        "given": given or None,
    }


@dataclass(frozen=True, eq=False)
class Pairs:
    """All pairs of the subgroups of one metric and combination that have enough clusters.

    Subgroups of different labels are never compared.

    Attributes:
        known: The subgroups.
        higher: Place of the subgroup with the higher rate, ``[pairs]``.
        lower: Place of the other ``[pairs]``.
        labels: A number for the label of each pair ``[pairs]``.
        given: Attributes that are the same in both; none when pairs are compared as they are.
    """

    known: Sequence[Outcomes]
    higher: NDArray[np.int64]
    lower: NDArray[np.int64]
    labels: NDArray[np.int64]
    given: tuple[str, ...]

    @classmethod
    def of(cls, family: Sequence[Outcomes], spec: EvaluationSpec, *, given: tuple[str, ...] = ()) -> Pairs:
        """The pairs of one family, or those that have the same values of some attributes."""
        known = [one for one in family if one.sufficient >= spec.minimum]
        return cls(known, *ordered(known, np.array([one.rate for one in known]), given=given), given)

    def __len__(self) -> int:
        return len(self.higher)

    def pair(self, place: int) -> Pair:
        """One pair."""
        return self.known[self.higher[place]], self.known[self.lower[place]]

    def first(self, key: Numbers) -> list[int]:
        """Of each label the ``MOST_PAIRS`` pairs with the smallest of these numbers ``[pairs]``."""
        return smallest(key, self.labels)

    @cached_property
    def shared(self) -> Shared:
        """The clusters that two subgroups have in common."""
        return Shared.of(self.known)

    @cached_property
    def correlation(self) -> Numbers:
        """Of the two rates, ``[pairs]``."""
        return self.shared.correlation[self.higher, self.lower]

    @cached_property
    def common(self) -> NDArray[np.int64]:
        """Clusters that both have ``[pairs]``."""
        return self.shared.clusters[self.higher, self.lower]

    @cached_property
    def rates(self) -> Numbers:
        """Of each known subgroup."""
        return np.array([one.rate for one in self.known])

    def points(self, confidence: float) -> tuple[Point, Point]:
        """Both rates of each pair, with their bounds."""
        found = [[rate_bounds(one.sums, confidence=level) for level in levels(confidence)] for one in self.known]
        low, high = np.array(found).T
        first, second = ((self.rates[at], low[:, at], high[:, at]) for at in (self.higher, self.lower))
        return first, second


def comparisons(subgroup: Mapping[str, str], spec: EvaluationSpec) -> Iterator[tuple[str, ...]]:
    """Given what the subgroups of a combination are compared: nothing, where the spec asks for it, and the strata."""
    attributes, strata = set(subgroup), set(spec.strata or ())
    if attributes <= set(spec.attributes) and len(attributes) <= spec.depth:
        yield ()
    if strata and strata < attributes:
        yield tuple(sorted(strata))


def ordered(known: Sequence[Subgroup], values: Numbers, *, given: tuple[str, ...]) -> tuple[Places, Places, Places]:
    """The pairs of subgroups of one label that have the same values of some attributes.

    Args:
        known: The subgroups.
        values: The number of each ``[subgroups]``.
        given: The attributes.

    Returns:
        Places of the subgroup with the higher number, of the other, and a number for the label, each ``[pairs]``.
    """
    places = {one.label: place for place, one in enumerate(known)}
    labels = np.array([places[one.label] for one in known], dtype=np.int64)
    codes = {_stratum(one, given): place for place, one in enumerate(known)}
    strata = np.array([codes[_stratum(one, given)] for one in known], dtype=np.int64)
    first, second = np.triu_indices(len(known), 1)
    same = strata[first] == strata[second]
    first, second = first[same], second[same]
    swapped = values[second] > values[first]
    return np.where(swapped, second, first), np.where(swapped, first, second), labels[first]


def smallest(key: Numbers, labels: Places) -> list[int]:
    """Of each label the ``MOST_PAIRS`` pairs with the smallest of these numbers ``[pairs]``."""
    found: list[int] = []
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        found += places[np.argsort(key[places], kind="stable")[:MOST_PAIRS]].tolist()
    return found


def _stratum(one: Subgroup, given: tuple[str, ...]) -> tuple[str | None, ...]:
    """What two subgroups must have in common to be compared: their label, and the values of some attributes."""
    return one.label, *(one.subgroup[name] for name in given)


def insufficient(family: Sequence[Outcomes], spec: EvaluationSpec, *, given: tuple[str, ...] = ()) -> Iterator[Pair]:
    """Of each label the first ``MOST_PAIRS`` pairs of which one has too few clusters."""
    few = {id(one) for one in family if one.sufficient < spec.minimum}
    return (_ordered(*pair) for pair in lacking(family, few, given=given))


def lacking(family: Sequence[S], few: Set[int], *, given: tuple[str, ...]) -> Iterator[tuple[S, S]]:
    """Of each label the first ``MOST_PAIRS`` pairs of which one is among ``few``, subgroups by their ``id``."""
    for _, group in groupby(family, key=lambda one: one.label):
        cells = list(group)
        if any(id(one) in few for one in cells):
            pairs = (
                (first, second)
                for first, second in combinations(cells, 2)
                if (id(first) in few or id(second) in few) and _stratum(first, given) == _stratum(second, given)
            )
            yield from islice(pairs, MOST_PAIRS)


def _ordered(first: Outcomes, second: Outcomes) -> Pair:
    if first.trials and second.trials and second.rate > first.rate:
        return second, first
    return first, second


def kept(found: list[P], most: Callable[[list[P]], list[P]]) -> list[P]:
    """Those pairs of each label that ``most`` keeps, label by label."""
    labels: dict[str | None, list[P]] = {}
    for pair in found:
        labels.setdefault(pair.label, []).append(pair)
    return [pair for one in labels.values() for pair in most(one)]


def widest(found: list[Gap]) -> list[Gap]:
    """At most ``MOST_PAIRS`` measured gaps, widest first, then at most as many insufficient ones."""
    measured, unknown = [gap for gap in found if gap.estimate], [gap for gap in found if not gap.estimate]

    def upper(gap: Gap) -> float:
        return gap.bounds[1] if gap.bounds else 1.0

    def width(gap: Gap) -> float:
        return gap.estimate.value if gap.estimate else 0.0

    first = sorted(measured, key=upper, reverse=True)[:MOST_PAIRS]
    return sorted(first, key=width, reverse=True) + unknown[:MOST_PAIRS]
