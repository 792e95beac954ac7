"""Dot-and-whisker figures of rates, gaps, ratios and changes; ``templates/figure.html.j2`` draws them as inline SVG.

Positions are in percent of the width and all words are HTML beside the marks, so that a figure reads the same on a
phone, in print and in dark mode, and a foreign string is escaped like any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from biasgate.contracts import wording
from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Cell, Change, Evaluation, Gap, Ratio, Score
from biasgate.contracts.wording import of_label, subgroup, within
from biasgate.gate.policy import Policy
from biasgate.report.suppression import FEW
from biasgate.report.text import difference, measured_share

When = Literal["before", "now"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One estimate as a dot and a whisker.

    Attributes:
        when: ``before`` a repair (hollow), or ``now`` (filled).
        estimate: The dot and the whisker.
        bounds: What decides, drawn as a thin line.
        text: The same in numbers.
    """

    when: When
    estimate: Estimate
    bounds: tuple[float, float] | None = None
    text: str


@dataclass(frozen=True, kw_only=True)
class Track:
    """One row: its marks, a note that says why one is missing, and where the policy draws its line."""

    label: str
    marks: Sequence[Mark]
    note: str = ""
    threshold: float | None = None

    @property
    def values(self) -> list[float]:
        """Every number that is drawn."""
        ends = [x for m in self.marks for x in (m.estimate.low, m.estimate.high, *(m.bounds or ()))]
        return ends if self.threshold is None else [*ends, self.threshold]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A linear scale of ``steps`` equal steps of size ``step``, upwards from ``low``."""

    low: float
    step: float
    steps: int

    @classmethod
    def over(cls, values: Iterable[float]) -> Self:
        """A tight scale of a few whole steps that holds all values; from 0 to 1 without any."""
        known = list(values) or [0.0, 1.0]
        low, high = min(known), max(known)
        step = next((step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if high - low <= 6 * step), 0.5)
        first, last = math.floor(round(low / step, 6)), math.ceil(round(high / step, 6))
        return cls(low=first * step, step=step, steps=max(last - first, 1))

    def at(self, value: float) -> float:
        """Where a value stands, in percent of the width."""
        return round(100 * (value - self.low) / (self.step * self.steps), 2)

    @property
    def ticks(self) -> list[float]:
        """Values that carry a label."""
        return [self.low + i * self.step for i in range(self.steps + 1)]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Tracks on one axis; ``more`` are the tracks folded away beneath it."""

    title: str
    tracks: Sequence[Track]
    more: Sequence[Track] = ()
    zero: bool = False

    @property
    def axis(self) -> Axis:
        """The scale of all tracks; holds 0 where differences are drawn."""
        values = [value for track in (*self.tracks, *self.more) for value in track.values]
        return Axis.over([0.0, *values] if self.zero else values)

    @property
    def marks(self) -> list[Mark]:
        """Every mark of every track."""
        return [mark for track in (*self.tracks, *self.more) for mark in track.marks]

    @property
    def compares(self) -> bool:
        """True when marks from before a repair are drawn."""
        return any(mark.when == "before" for mark in self.marks)

    @property
    def bounded(self) -> bool:
        """True when bounds are drawn."""
        return any(mark.bounds for mark in self.marks)

    @property
    def limited(self) -> bool:
        """True when the policy draws a line."""
        return any(track.threshold is not None for track in (*self.tracks, *self.more))

    @property
    def whiskers(self) -> str:
        """What the whiskers are: ``95% intervals (clopper-pearson; newcombe, paired)``."""
        estimates = [mark.estimate for mark in self.marks]
        confidences = sorted({estimate.confidence for estimate in estimates})
        methods = {c: sorted({e.method for e in estimates if e.confidence == c}) for c in confidences}
        return "; ".join(f"{100 * c:g}% intervals ({'; '.join(methods[c])})" for c in confidences)


def rate_figures(evaluation: Evaluation, policy: Policy | None, *, before: Evaluation | None = None) -> list[Figure]:
    """For each metric and label: the whole set and the subgroups of single attributes; intersections fold away."""
    figures: list[Figure] = []
    for metric, about in dict.fromkeys((cell.metric, cell.label) for cell in _numbers(evaluation)):
        tracks: list[Track] = []
        more: list[Track] = []
        for cell in (cell for cell in _numbers(evaluation) if (cell.metric, cell.label) == (metric, about)):
            key = (metric, about, cell.subgroup)
            was = [c for c in _numbers(before) if (c.metric, c.label, c.subgroup) == key] if before else []
            marks = [*_rate_marks("before", *was), *_rate_marks("now", cell)]
            track = Track(
                label=subgroup(cell.subgroup),
                marks=marks,
                note=_absence(cell),
                threshold=max(_lines(policy, cell), default=None),
            )
            (tracks if len(cell.subgroup) <= 1 else more).append(track)
        figures.append(Figure(title=f"{wording.name(metric, about)} by subgroup", tracks=tracks, more=more))
    return figures


def gap_figure(evaluation: Evaluation, policy: Policy | None, *, before: Evaluation | None = None) -> Figure:
    """The widest gap of each metric and attribute against the policy's margin; narrower pairs fold away.

    Before and after a repair each show their own widest pair, which need not be the same.
    """
    tracks, more = _pairs(evaluation.gaps, before.gaps if before else (), policy, strictest=min)
    return Figure(title="Gaps between subgroups", tracks=tracks, more=more, zero=True)


def ratio_figure(evaluation: Evaluation, policy: Policy | None, *, before: Evaluation | None = None) -> Figure:
    """The smallest ratio of each metric and attribute against the policy's minimum, likewise."""
    earlier = (before.ratios if before else None) or ()
    tracks, more = _pairs(evaluation.ratios or (), earlier, policy, strictest=max)
    return Figure(title="Ratios between subgroups", tracks=tracks, more=more)


def _pairs(
    found: Sequence[Gap | Ratio],
    before: Sequence[Gap | Ratio],
    policy: Policy | None,
    *,
    strictest: Callable[..., float | None],
) -> tuple[list[Track], list[Track]]:
    """Of each metric, label and attribute the first pair, which is the worst as evaluations list them; all others."""
    earlier, first = _first(before), _first(found)
    tracks: list[Track] = []
    more: list[Track] = []
    for pair in found:
        leads = first[_compared(pair)] is pair
        was = [earlier[_compared(pair)]] if leads and _compared(pair) in earlier else []
        track = Track(
            label=f"{of_label(pair.metric, pair.label)} by {pair.attribute.replace('*', ' × ')}{within(pair.given)}",
            marks=[*_pair_marks("before", *was), *_pair_marks("now", pair)],
            note="" if pair.estimate else f"{_named(pair)}: no value, too few clusters",
            threshold=strictest(_lines(policy, pair), default=None),
        )
        (tracks if leads else more).append(track)
    return tracks, more


def change_figure(evaluation: Evaluation, policy: Policy | None) -> Figure:
    """What a repair changed in each subgroup, paired on the same rows, against the loss that the policy allows."""
    tracks = [
        Track(
            label=f"{of_label(change.metric, change.label)}, {subgroup(change.subgroup)}",
            marks=[Mark(when="now", estimate=change.estimate, bounds=change.bounds, text=_change_text(change))],
            threshold=max(_lines(policy, change), default=None),
        )
        for change in evaluation.changes
    ]
    return Figure(title="What the repair changed", tracks=tracks, zero=True)


def _numbers(evaluation: Evaluation) -> tuple[Cell | Score, ...]:
    return (*evaluation.cells, *(evaluation.scores or ()))


def _rate_marks(when: When, *cells: Cell | Score) -> list[Mark]:
    return [
        Mark(when=when, estimate=e, bounds=cell.bounds, text=measured_share(e))
        for cell in cells
        if (e := cell.estimate)
    ]


def _pair_marks(when: When, *pairs: Gap | Ratio) -> list[Mark]:
    return [
        Mark(when=when, estimate=e, bounds=pair.bounds, text=f"{_named(pair)}: {_size(pair, e)}")
        for pair in pairs
        if (e := pair.estimate)
    ]


def _size(pair: Gap | Ratio, estimate: Estimate) -> str:
    return difference(estimate, pair.metric) if isinstance(pair, Gap) else measured_share(estimate)


def _change_text(change: Change) -> str:
    return f"{wording.rate(change.before)} → {wording.rate(change.after)}: {difference(change.estimate, change.metric)}"


def _absence(cell: Cell | Score) -> str:
    if cell.estimate:
        return ""
    return f"withheld, n <{FEW}" if cell.clusters < FEW else f"no value: too few clusters, n {cell.clusters}"


def _named(pair: Gap | Ratio) -> str:
    if isinstance(pair, Gap):
        return f"{_values(pair.higher)} − {_values(pair.lower)}"
    return f"{_values(pair.lower)} ÷ {_values(pair.higher)}"


def _values(group: dict[str, str]) -> str:
    return ", ".join(value for _, value in sorted(group.items()))


def _compared(pair: Gap | Ratio) -> tuple[str, str | None, str, tuple[str, ...] | None]:
    return pair.metric, pair.label, pair.attribute, pair.given


def _first(pairs: Sequence[Gap | Ratio]) -> dict[tuple[str, str | None, str, tuple[str, ...] | None], Gap | Ratio]:
    """The first pair of each metric, label and attribute."""
    return {_compared(pair): pair for pair in reversed(pairs)}


def _lines(policy: Policy | None, part: Cell | Score | Gap | Ratio | Change) -> list[float]:
    """Where the rules that ask about a number draw their lines."""
    return [line for rule in (policy.rules if policy else ()) if (line := rule.line(part)) is not None]
