"""Finding in the evidence the numbers that a rule needs, or saying which is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from biasgate.evaluation.schema import Cell, Evaluation, EvaluationSpec, Gap, combination
from biasgate.gate.evidence import Evidence
from biasgate.gate.wording import name, points, rate, samples

MOST_PAIRS = 66
"""An evaluation keeps at most so many pairs of subgroups, those with the widest bounds."""


class Missing(Exception):
    """A number that a rule needs and the evidence lacks; the text is the sentence for a person."""


@dataclass(frozen=True)
class Measured:
    """A number with the bounds that decide.

    Attributes:
        value: Point estimate.
        approving: (lower, upper), each one-sided: the worst of several is a valid bound of the worst number.
        proving: Likewise, but valid for several numbers at once: only these may prove a violation.
        n: Independent units.
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

    def as_rate(self) -> str:
        """``.31 [.28, .34] (n = 750)``."""
        low, high = self.approving
        return f"{rate(self.value)} [{rate(low)}, {rate(high)}] (n = {self.n})"

    def as_points(self) -> str:
        """``68 points [65, 71]``."""
        low, high = self.approving
        return f"{points(self.value)} points [{points(low)}, {points(high)}]"


def evaluation(evidence: Evidence) -> Evaluation:
    """The evaluation.

    Raises:
        Missing: There is none that can be used.
    """
    if evidence.evaluation is None:
        raise Missing("There is no evaluation that this rule may look at.")
    return evidence.evaluation


def whole(evidence: Evidence, *, metric: str, spec: EvaluationSpec) -> Measured:
    """A metric over the whole set.

    Raises:
        Missing: It was not measured, or has no bounds.
    """
    return _rate(_cell(evaluation(evidence), metric, {}), spec)


def subgroups(
    evidence: Evidence, *, metric: str, attribute: str, spec: EvaluationSpec
) -> list[tuple[Mapping[str, str], Measured]]:
    """A metric in every subgroup of one attribute, or of attributes joined by ``*``.

    Raises:
        Missing: There are fewer than two subgroups, they do not add up to the whole set, or one lacks bounds.
    """
    measured = evaluation(evidence)
    cells = [cell for cell in measured.cells if cell.metric == metric and _same(cell.subgroup, attribute)]
    if len(cells) < 2:
        raise Missing(f"{name(metric)} was not measured in two or more subgroups of {attribute!r}.")
    if sum(cell.trials for cell in cells) != _cell(measured, metric, {}).trials:
        raise Missing(f"The subgroups of {attribute!r} do not add up to the whole test split: one is missing.")
    return [(cell.subgroup, _rate(_cell(measured, metric, cell.subgroup), spec)) for cell in cells]


def gaps(evidence: Evidence, *, metric: str, attribute: str, spec: EvaluationSpec) -> list[tuple[Gap, Measured]]:
    """A metric's absolute difference between every two subgroups, or between the ``MOST_PAIRS`` widest apart.

    Raises:
        Missing: The subgroups are not complete, or a pair of them is not compared or lacks bounds.
    """
    groups = len(subgroups(evidence, metric=metric, attribute=attribute, spec=spec))
    found = {
        frozenset((frozenset(gap.higher.items()), frozenset(gap.lower.items()))): gap
        for gap in evaluation(evidence).gaps
        if gap.metric == metric and _same(gap.higher, attribute) and _same(gap.lower, attribute)
    }
    if len(found) < min(groups * (groups - 1) // 2, MOST_PAIRS):
        raise Missing(f"{name(metric)} was not compared between all subgroups of {attribute!r}.")
    return [(gap, _difference(gap)) for gap in found.values()]


def loss(evidence: Evidence, *, metric: str, subgroup: Mapping[str, str]) -> Measured:
    """What a repair cost of a metric in one subgroup: before − after, paired.

    Raises:
        Missing: The change was not measured.
    """
    for change in evaluation(evidence).changes:
        if change.metric == metric and change.subgroup == subgroup:
            estimate = change.estimate
            gain = Measured(estimate.value, change.bounds, change.bounds, estimate.n, estimate.method)
            return _ordered(-gain, f"The change of {metric} on {samples(subgroup)}", smallest=-1)
    raise Missing(f"What the repair did to {metric} on {samples(subgroup)} was not measured.")


def _same(subgroup: dict[str, str], attribute: str) -> bool:
    """Whether a subgroup is a cell of an attribute, or of attributes joined by ``*`` in any order."""
    return combination(subgroup) == "*".join(sorted(attribute.split("*")))


def _cell(measured: Evaluation, metric: str, subgroup: Mapping[str, str]) -> Cell:
    found = [cell for cell in measured.cells if cell.metric == metric and cell.subgroup == subgroup]
    if len(found) != 1:
        raise Missing(f"{name(metric)} on {samples(subgroup)} was measured {len(found)} times, not once.")
    return found[0]


def _rate(cell: Cell, spec: EvaluationSpec) -> Measured:
    what = f"{name(cell.metric)} on {samples(cell.subgroup)}"
    if cell.estimate is None or cell.bounds is None or cell.simultaneous is None or cell.units < spec.minimum:
        raise Missing(f"{what} is not known well enough: {cell.units} units, and at least {spec.minimum} are needed.")
    method = "korn-graubard" if cell.clustered else "clopper-pearson"
    found = Measured(cell.estimate.value, cell.bounds, cell.simultaneous, cell.units, method)
    return _ordered(found, what, smallest=0)


def _difference(gap: Gap) -> Measured:
    what = f"{name(gap.metric)} of {samples(gap.higher)} against {samples(gap.lower)}"
    if gap.estimate is None or gap.bounds is None or gap.simultaneous is None:
        raise Missing(f"{what} is not known well enough.")
    found = Measured(gap.estimate.value, gap.bounds, gap.simultaneous, gap.estimate.n, gap.estimate.method)
    return _ordered(found, what, smallest=0)


def _ordered(measured: Measured, what: str, *, smallest: float) -> Measured:
    """The number itself, if it lies between its bounds and these are possible; a rounding error is forgiven."""
    slack = 1e-9
    for low, high in (measured.approving, measured.proving):
        if not smallest - slack <= low <= measured.value + slack <= high + 2 * slack <= 1 + 3 * slack:
            raise Missing(f"{what} contradicts itself: {measured.value:g} in [{low:g}, {high:g}].")
    return measured


def _mirrored(bounds: tuple[float, float]) -> tuple[float, float]:
    return -bounds[1], -bounds[0]
