"""Finding in the evidence the numbers that a rule needs, or saying which is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from biasgate.contracts.evaluation import (
    MOST_PAIRS,
    Cell,
    Change,
    Evaluation,
    EvaluationSpec,
    Gap,
    Ratio,
    Score,
    combination,
)
from biasgate.contracts.wording import name, points, rate, samples
from biasgate.gate.evidence import Evidence
from biasgate.gate.left_out import LeftOut
from biasgate.statistics.catalogue import METRICS
from biasgate.statistics.intervals import clopper_pearson

T = TypeVar("T")
K = TypeVar("K")
P = TypeVar("P", Gap, Ratio)
Group = frozenset[tuple[str, str]]
Asked = tuple[str, str | None]
"""A metric, and the label that it is of."""
Combined = tuple[str, tuple[str, ...]]
"""Attributes joined by ``*``, and those of them that are the same in both subgroups of a pair."""
What = Callable[[], str]
"""The words for a number: said only when it is missing."""


class Missing(Exception):
    """A number that a rule needs and the evidence lacks; the text is the sentence for a person.

    Attributes:
        n: Clusters that there are, where their number is known.
    """

    def __init__(self, sentence: str, *, n: int | None = None) -> None:
        self.n = n
        super().__init__(sentence)


@dataclass(frozen=True)
class Measured:
    """A number with the bounds that decide.

    Attributes:
        value: Point estimate.
        approving: (lower, upper), each one-sided: the worst of several is a valid bound of the worst number.
        proving: Likewise, but valid for several numbers at once: only these may prove a violation.
        n: Independent clusters.
        method: Of the bounds.
    """

    value: float
    approving: tuple[float, float]
    proving: tuple[float, float]
    n: int
    method: str

    def __neg__(self) -> Measured:
        """The same number seen from the other side."""
        return Measured(-self.value, _mirrored(self.approving), _mirrored(self.proving), self.n, self.method)

    def __abs__(self) -> Measured:
        """How far the number is from 0, either way."""
        return Measured(abs(self.value), _folded(self.approving), _folded(self.proving), self.n, self.method)

    def as_rate(self) -> str:
        """``.31 [.28, .34] (n = 750)``."""
        return f"{self.as_share()} (n = {self.n})"

    def as_share(self) -> str:
        """``.31 [.28, .34]``."""
        low, high = self.approving
        return f"{rate(self.value)} [{rate(low)}, {rate(high)}]"

    def as_points(self) -> str:
        """``68 points [65, 71]``."""
        low, high = self.approving
        return f"{points(self.value)} points [{points(low)}, {points(high)}]"


class Measurements:
    """An evaluation as rules read it: each number by its metric and subgroup, looked up at once.

    Args:
        evidence: What was measured.
        spec: How the policy wants it measured.
        at: The moment of the decision.
    """

    def __init__(self, evidence: Evidence, spec: EvaluationSpec, *, at: datetime) -> None:
        self.evidence = evidence
        self.at = at
        self._spec = spec
        self._left_out = LeftOut()
        found = evidence.evaluation
        versus = evidence.evaluation.champion if evidence.evaluation else None
        cells: tuple[Cell | Score, ...] = (*found.cells, *(found.scores or ())) if found else ()
        self._cells = _grouped((_asked(cell), _group(cell.subgroup), cell) for cell in cells)
        self._families = _grouped((_asked(cell), combination(cell.subgroup), cell) for cell in cells)
        self._groups: dict[str, set[Group]] = defaultdict(set)
        for cell in cells:
            self._groups[combination(cell.subgroup)].add(_group(cell.subgroup))
        self._gaps = _grouped(_compared(found.gaps if found else ()))
        self._ratios = _grouped(_compared((found.ratios or ()) if found else ()))
        self._changes = _grouped((_asked(c), _group(c.subgroup), c) for c in (found.changes if found else ()))
        self._versus = _grouped((_asked(c), _group(c.subgroup), c) for c in (versus.changes if versus else ()))

    def leaving_out(self, left_out: LeftOut) -> Measurements:
        """The same evaluation as a rule reads it that does not judge some subgroups."""
        view = copy(self)
        view._left_out = left_out
        return view

    def left_out(self, *, metric: str, attribute: str, label: str | None = None) -> list[str]:
        """The subgroups that are left out, each with the reason; see ``cells``."""
        whole = _rows(self.cell(metric, {}, label))
        parts = self._complete(metric=metric, attribute=attribute, label=label)
        reasons = (self._left_out.why(part.subgroup, rows=_rows(part), whole=whole) for part in parts)
        return [reason for reason in reasons if reason]

    def labels(self, label: str | None, *, metric: str) -> tuple[str | None, ...]:
        """The labels that a rule asks about: the one that it names, else every one that was measured.

        Of a model that gives one class there is a single question, which has no label. Where labels are operating
        points or classes, some metrics are about all of them together, and have none either.

        Raises:
            Missing: There is no evaluation, or it knows no such label.
        """
        known = self._expect_evaluation().labels
        measured = {about for (name_, about), _ in self._cells if name_ == metric}
        if label is None and measured == {None}:
            return (None,)
        if label is not None and label not in (known or ()):
            raise Missing(f"The test split has no label {label!r}.")
        return (label,) if label is not None else known or (None,)

    def rate(self, *, metric: str, subgroup: Mapping[str, str], label: str | None = None) -> Measured:
        """A metric in one subgroup; the whole set is the one without attributes.

        Raises:
            Missing: It was not measured, or has no bounds.
        """
        return self._rate(self.cell(metric, subgroup, label))

    def subgroups(
        self, *, metric: str, attribute: str, label: str | None = None
    ) -> list[tuple[Mapping[str, str], Measured]]:
        """A metric in every subgroup of one attribute, or of attributes joined by ``*``.

        Raises:
            Missing: There are fewer than two subgroups, they do not add up to the whole set less what is unknown, or
                one lacks bounds.
        """
        return [
            (cell.subgroup, self._rate(cell)) for cell in self.cells(metric=metric, attribute=attribute, label=label)
        ]

    def cells(self, *, metric: str, attribute: str, label: str | None = None) -> list[Cell | Score]:
        """The cells of every subgroup that is not left out, with or without bounds.

        Raises:
            Missing: See ``_complete``, or fewer than two are judged.
        """
        whole = _rows(self.cell(metric, {}, label))
        cells = self._complete(metric=metric, attribute=attribute, label=label)
        judged = [part for part in cells if not self._left_out.why(part.subgroup, rows=_rows(part), whole=whole)]
        if len(judged) < 2:
            raise Missing(f"Fewer than two subgroups of {attribute!r} are not left out.")
        return judged

    def _complete(self, *, metric: str, attribute: str, label: str | None) -> list[Cell | Score]:
        """The cells of every subgroup.

        Raises:
            Missing: There are fewer than two, one is there twice, or they do not add up to the whole set less what is
                unknown.
        """
        unknown = (self._expect_evaluation().unknown or {}).get(_canonical(attribute), 0)
        cells = self._families.get(((metric, label), _canonical(attribute)), [])
        if len(cells) < 2:
            raise Missing(f"{name(metric, label)} was not measured in two or more subgroups of {attribute!r}.")
        if not 0 <= _rows(self.cell(metric, {}, label)) - sum(map(_rows, cells)) <= unknown:
            raise Missing(f"The subgroups of {attribute!r} do not add up to the whole test split: one is missing.")
        if len({_group(cell.subgroup) for cell in cells}) < len(cells):
            raise Missing(f"{name(metric, label)} was measured more than once in a subgroup of {attribute!r}.")
        if {_group(cell.subgroup) for cell in cells} != self._groups[_canonical(attribute)]:
            raise Missing(f"{name(metric, label)} was not measured in all subgroups of {attribute!r} that others were.")
        return cells

    def cell(self, metric: str, subgroup: Mapping[str, str], label: str | None = None) -> Cell | Score:
        """The cell of one subgroup, with or without bounds.

        Raises:
            Missing: It was not measured, or more than once.
        """
        self._expect_two_answers(metric, label)
        found = self._cells.get(((metric, label), _group(subgroup)), [])
        return _one(found, lambda: f"{name(metric, label)} on {samples(subgroup)}")

    def gaps(
        self, *, metric: str, attribute: str, label: str | None = None, given: Sequence[str] = ()
    ) -> list[tuple[Gap, Measured]]:
        """A metric's absolute difference between every two subgroups, or between the ``MOST_PAIRS`` widest apart.

        Args:
            metric: Its name.
            attribute: Attributes joined by ``*``.
            label: The label that is asked for.
            given: Attributes within each of whose values subgroups are compared; not among ``attribute``.

        Raises:
            Missing: The subgroups are not complete, or a pair of them is not compared or lacks bounds.
        """
        found = self._pairs(self._gaps, asked=(metric, label), attribute=attribute, given=given)
        return [(gap, _pair(gap, self)) for gap in found]

    def ratios(
        self, *, metric: str, attribute: str, label: str | None = None, given: Sequence[str] = ()
    ) -> list[tuple[Ratio, Measured]]:
        """The smaller rate over the larger of every two subgroups, or at least of those with the lowest bounds.

        See ``gaps``.

        Raises:
            Missing: The subgroups are not complete, or a pair of them is not compared or lacks bounds.
        """
        found = self._pairs(self._ratios, asked=(metric, label), attribute=attribute, given=given)
        return [(ratio, _pair(ratio, self)) for ratio in found]

    def swap_rate(self) -> Measured:
        """How often only the attribute decides, with Clopper–Pearson bounds over clusters.

        Raises:
            Missing: Too few clusters hold samples of one label that differ in the attribute.
        """
        swaps = self._expect_evaluation().swap_rate
        if swaps is None or swaps.n < self._spec.minimum:
            raise Missing("Too few clusters hold samples of one label that differ in the attribute only.")
        if not 0 <= swaps.value <= 1:
            raise Missing(f"The swap rate contradicts itself: {swaps.value:g}.", n=swaps.n)
        approving, proving = (
            clopper_pearson(round(swaps.value * swaps.n), swaps.n, confidence=level)
            for level in (self._spec.confidence, self._spec.proving)
        )
        return Measured(swaps.value, approving, proving, swaps.n, "clopper-pearson")

    def repair_loss(self, *, metric: str, subgroup: Mapping[str, str], label: str | None = None) -> Measured:
        """What a repair cost of a metric in one subgroup: before − after, paired.

        Raises:
            Missing: The change was not measured.
        """
        self._expect_two_answers(metric, label)

        def what() -> str:
            return f"What the repair did to {metric} on {samples(subgroup)}"

        change = _one(self._changes.get(((metric, label), _group(subgroup)), []), what)
        return _loss(change, change.bounds)

    def champion_loss(self, *, metric: str, subgroup: Mapping[str, str], label: str | None = None) -> Measured:
        """What the candidate loses of a metric against the champion in one subgroup, paired.

        Raises:
            Missing: The change was not measured.
        """
        self._expect_two_answers(metric, label)

        def what() -> str:
            return f"The change of {metric} against the champion on {samples(subgroup)}"

        change = _one(self._versus.get(((metric, label), _group(subgroup)), []), what)
        if change.simultaneous is None:
            raise Missing(f"{what()} is not known well enough.", n=change.estimate.n)
        return _loss(change, change.simultaneous)

    def _pairs(
        self, found: Mapping[tuple[Asked, Combined], Sequence[P]], *, asked: Asked, attribute: str, given: Sequence[str]
    ) -> Iterable[P]:
        metric, label = asked
        attribute = "*".join([attribute, *given])
        every = self._complete(metric=metric, attribute=attribute, label=label)
        groups = {_group(cell.subgroup) for cell in every}
        judged = {_group(group) for group, _ in self.subgroups(metric=metric, attribute=attribute, label=label)}
        compared = found.get((asked, (_canonical(attribute), tuple(sorted(given)))), [])
        pairs = {frozenset((_group(pair.higher), _group(pair.lower))): pair for pair in compared}
        if len(pairs) < len(compared):
            raise Missing(f"{name(*asked)} was compared more than once between two subgroups of {attribute!r}.")
        strata = Counter(_values(group, given) for group in groups)
        if len(pairs) < min(sum(size * (size - 1) // 2 for size in strata.values()), MOST_PAIRS):
            raise Missing(f"{name(*asked)} was not compared between all subgroups of {attribute!r}.")
        if any(
            len(pair) != 2 or not pair <= groups or len({_values(one, given) for one in pair}) > 1 for pair in pairs
        ):
            raise Missing(f"{name(*asked)} was compared between subgroups of {attribute!r} that were not measured.")
        found_among = [pair for sides, pair in pairs.items() if sides <= judged]
        if not found_among:
            raise Missing(f"{name(*asked)} was not compared between any subgroups of {attribute!r} that are judged.")
        return found_among

    def _rate(self, cell: Cell | Score) -> Measured:
        def what() -> str:
            return f"{name(cell.metric, cell.label)} on {samples(cell.subgroup)}"

        if (
            cell.estimate is None
            or cell.bounds is None
            or cell.simultaneous is None
            or (cell.clusters if cell.effective is None else cell.effective) < self._spec.minimum
        ):
            worth = "" if cell.effective is None else f" of unequal weight, worth {cell.effective:.1f}"
            few = f"{cell.clusters} clusters{worth}, and at least {self._spec.minimum} are needed"
            raise Missing(f"{what()} is not known well enough: {few}.", n=cell.clusters)
        found = Measured(
            cell.estimate.value, cell.bounds, cell.simultaneous, cell.clusters, cell.estimate.deciding_method
        )
        metric = METRICS[cell.metric]
        return _ordered(found, what, smallest=metric.smallest, largest=metric.largest)

    def _expect_two_answers(self, metric: str, label: str | None) -> None:
        """Where the truth is always the same, a model that never says anything else would pass.

        Raises:
            Missing: It is, and the metric looks at the truth; or there is no evaluation.
        """
        measured = self._expect_evaluation()
        if measured.truth is None or not METRICS[metric].needs_truth:
            return
        there = measured.truth.get(label, 0) if label else 0
        counts = (there, measured.rows - there) if label else measured.truth.values()
        if sum(count > 0 for count in counts) < 2:
            whose = f"of {label} " if label else ""
            raise Missing(
                f"The truth {whose}is the same for every sample of the test split: a model that always says it would "
                f"pass, so {metric.replace('_', ' ')} is no evidence."
            )

    def _expect_evaluation(self) -> Evaluation:
        if self.evidence.evaluation is None:
            raise Missing("There is no evaluation that this rule may look at.")
        return self.evidence.evaluation


def _asked(part: Cell | Gap | Ratio | Score | Change) -> Asked:
    return part.metric, part.label


def _rows(part: Cell | Score) -> int:
    rows = part.trials if isinstance(part, Cell) else part.rows
    if rows is None:
        raise Missing(f"{name(part.metric, part.label)} does not say over how many rows it was measured.")
    return rows


def _grouped(items: Iterable[tuple[Asked, K, T]]) -> dict[tuple[Asked, K], list[T]]:
    found: dict[tuple[Asked, K], list[T]] = defaultdict(list)
    for asked, key, item in items:
        found[asked, key].append(item)
    return found


def _compared(pairs: Iterable[P]) -> Iterable[tuple[Asked, Combined, P]]:
    """Pairs of subgroups by the combination that both are cells of, and what is the same in both."""
    for pair in pairs:
        if (attribute := combination(pair.higher)) == combination(pair.lower):
            yield _asked(pair), (attribute, tuple(sorted(pair.given or ()))), pair


def _values(group: Group, names: Sequence[str]) -> Group:
    """The values that a subgroup has of some attributes."""
    return frozenset((name, value) for name, value in group if name in names)


def _group(subgroup: Mapping[str, str]) -> Group:
    return frozenset(subgroup.items())


def _canonical(attribute: str) -> str:
    """Attributes joined by ``*``, in the order that evaluations write them."""
    return "*".join(sorted(set(attribute.split("*"))))


def _one(found: Sequence[T], what: What) -> T:
    if len(found) != 1:
        raise Missing(f"{what()} was measured {len(found)} times, not once.")
    return found[0]


def _pair(pair: Gap | Ratio, measurements: Measurements) -> Measured:
    def what() -> str:
        return f"{name(pair.metric, pair.label)} of {samples(pair.higher)} against {samples(pair.lower)}"

    if pair.estimate is None or pair.bounds is None or pair.simultaneous is None:
        clusters = min(
            measurements.cell(pair.metric, group, pair.label).clusters for group in (pair.higher, pair.lower)
        )
        raise Missing(f"{what()} is not known well enough.", n=clusters)
    estimate = pair.estimate
    found = Measured(estimate.value, pair.bounds, pair.simultaneous, estimate.n, estimate.deciding_method)
    return _ordered(found, what, smallest=0)


def _loss(change: Change, proving: tuple[float, float]) -> Measured:
    estimate = change.estimate
    gain = Measured(estimate.value, change.bounds, proving, estimate.n, estimate.deciding_method)
    return _ordered(-gain, lambda: f"The change of {change.metric} on {samples(change.subgroup)}", smallest=-1)


def _ordered(measured: Measured, what: What, *, smallest: float, largest: float = 1) -> Measured:
    """The number itself, if it lies between its bounds and these are possible; a rounding error is forgiven."""
    slack = 1e-9
    for low, high in (measured.approving, measured.proving):
        if not smallest - slack <= low <= measured.value + slack <= high + 2 * slack <= largest + 3 * slack:
            raise Missing(f"{what()} contradicts itself: {measured.value:g} in [{low:g}, {high:g}].", n=measured.n)
    return measured


def _folded(bounds: tuple[float, float]) -> tuple[float, float]:
    return max(0.0, bounds[0], -bounds[1]), max(abs(bounds[0]), abs(bounds[1]))


def _mirrored(bounds: tuple[float, float]) -> tuple[float, float]:
    return -bounds[1], -bounds[0]
