"""From numbers of clusters to the tables of ``Relevance``: where relevance lies, and where subgroups differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from biasgate.attribution.cases import Cases, Floats
from biasgate.attribution.permutation import Comparisons, compare, corrected, false_findings, null_of_the_largest
from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import combination
from biasgate.contracts.relevance import Contrast, Focus, Method, MethodRelevance, RelevanceSpec, Statistic
from biasgate.statistics.intervals import wilson
from biasgate.statistics.mean import mean_t
from biasgate.statistics.multiple import holm

STATISTICS: tuple[Statistic, ...] = ("share", "net")
_NULL_DRAWS = 199


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodNumbers:
    """One method's heatmaps as numbers of clusters; see ``region_numbers.RegionNumbers`` for what they mean.

    Attributes:
        method: Its name.
        parts: ``[clusters, labels, regions]``.
        share: ``[clusters, labels]``.
        density: ``[clusters, labels]``.
        level_share: ``share`` at equal truth.
        level_net: Net relevance by region, at equal truth and in standard deviations ``[clusters, labels, regions]``.
        randomised: Mean ``share`` of the network with weights drawn anew, over the first images ``[labels]``.
        likeness: Rank correlation with that network's heatmaps, of the same images ``[images]``.
    """

    method: Method
    parts: Floats
    share: Floats
    density: Floats
    level_share: Floats
    level_net: Floats
    randomised: Floats
    likeness: Floats


@dataclass(frozen=True, eq=False)
class RelevanceTable:
    """All numbers of a document, and the tests between its subgroups, which are corrected together."""

    found: Sequence[MethodNumbers]
    clusters: Cases
    spec: RelevanceSpec
    labels: tuple[str, ...]
    regions: tuple[str, ...]

    def methods(self) -> tuple[MethodRelevance, ...]:
        """The tables, by method."""
        return tuple(
            MethodRelevance(
                method=numbers.method,
                focus=self._focus(numbers),
                contrasts=self._contrasts(place, numbers),
                likeness=mean_t(numbers.likeness, confidence=self.spec.confidence),
            )
            for place, numbers in enumerate(self.found)
        )

    def false_findings(self) -> Estimate | None:
        """How often permuted attributes give a finding."""
        if not self.spec.nulls or not len(self.clusters.pairs):
            return None
        rng = np.random.default_rng((self.spec.seed, 1))
        found = false_findings(*self._family, nulls=self.spec.nulls, draws=_NULL_DRAWS, rng=rng)
        return wilson(found, self.spec.nulls, confidence=self.spec.confidence)

    @cached_property
    def _family(self) -> tuple[Floats, np.ndarray, np.ndarray]:
        """Numbers ``[clusters, methods * statistics * labels]``, subgroups and pairs: all that is tested."""
        columns = [part for numbers in self.found for part in (numbers.level_share, numbers.level_net.sum(axis=2))]
        return np.concatenate(columns, axis=1), self.clusters.members, self.clusters.pairs

    @cached_property
    def _tests(self) -> tuple[Comparisons, Floats]:
        """The comparisons, and the null of the largest."""
        null = null_of_the_largest(*self._family, draws=self.spec.draws, rng=np.random.default_rng((self.spec.seed, 0)))
        return compare(*self._family), null

    def _focus(self, numbers: MethodNumbers) -> tuple[Focus, ...]:
        found = [
            self._in_subgroup(numbers, label, group)
            for label in range(len(self.labels))
            for group in range(len(self.clusters.subgroups))
        ]
        tested = [focus.p_value for focus in found if focus.p_value is not None]
        corrected_values = iter(holm(tested))
        return tuple(
            focus if focus.p_value is None else focus.model_copy(update={"p_value": next(corrected_values)})
            for focus in found
        )

    def _in_subgroup(self, numbers: MethodNumbers, label: int, group: int) -> Focus:
        rows, confidence = self.clusters.members[:, group], self.spec.confidence
        focus = Focus(label=self.labels[label], subgroup=self.clusters.subgroups[group], clusters=int(rows.sum()))
        if focus.clusters < self.spec.minimum:
            return focus
        density = numbers.density[rows, label]
        log = mean_t(density, confidence=confidence)
        ends = {name: float(np.exp(getattr(log, name))) for name in ("value", "low", "high")}
        parts = numbers.parts[rows, label].mean(axis=0).tolist()
        return focus.model_copy(
            update={
                "share": mean_t(numbers.share[rows, label], confidence=confidence),
                "density": log.model_copy(update={**ends, "method": "t of logs"}),
                "p_value": _denser_inside(density),
                "parts": dict(zip(self.regions, parts, strict=True)),
                "randomised": float(numbers.randomised[label]) if not focus.subgroup else None,
            }
        )

    def _contrasts(self, place: int, numbers: MethodNumbers) -> tuple[Contrast, ...]:
        if not len(self.clusters.pairs):
            return ()
        tests, null = self._tests
        critical = float(np.quantile(null, self.spec.confidence, method="higher"))
        p_values, count = corrected(tests.t, null), len(self.labels)
        parts = compare(numbers.level_net.reshape(len(self.clusters), -1), *self._family[1:])
        found: list[Contrast] = []
        for at, statistic in enumerate(STATISTICS):
            for label in range(count):
                column = (place * len(STATISTICS) + at) * count + label
                for row in range(len(self.clusters.pairs)):
                    regions = slice(label * len(self.regions), (label + 1) * len(self.regions))
                    found.append(
                        self._contrast(
                            statistic,
                            label,
                            row,
                            tests=_columns(tests, slice(column, column + 1)),
                            parts=_columns(parts, regions) if statistic == "net" else None,
                            critical=critical,
                            p_value=float(p_values[row, column]),
                        )
                    )
        return tuple(found)

    def _contrast(
        self,
        statistic: Statistic,
        label: int,
        row: int,
        *,
        tests: Comparisons,
        parts: Comparisons | None,
        critical: float,
        p_value: float,
    ) -> Contrast:
        pair = [self.clusters.subgroups[group] for group in self.clusters.pairs[row]]
        n = int(self.clusters.members[:, self.clusters.pairs[row]].any(axis=1).sum())
        sign = -1 if tests.difference[row, 0] < 0 else 1
        value, half = sign * float(tests.difference[row, 0]), critical * float(tests.error[row, 0])
        estimates = self._welch(tests, row, sign, n=n)
        by_region = dict(zip(self.regions, self._welch(parts, row, sign, n=n), strict=True)) if parts else {}
        return Contrast(
            label=self.labels[label],
            statistic=statistic,
            attribute=combination(pair[0]),
            higher=pair[0 if sign > 0 else 1],
            lower=pair[1 if sign > 0 else 0],
            estimate=estimates[0],
            simultaneous=(value - half, value + half),
            p_value=p_value,
            parts=by_region,
        )

    def _welch(self, tests: Comparisons, row: int, sign: int, *, n: int) -> list[Estimate]:
        """Differences of one pair with Welch's intervals."""
        from scipy.special import stdtrit

        confidence = self.spec.confidence
        values = sign * tests.difference[row]
        halves = stdtrit(tests.degrees[row], (1 + confidence) / 2) * tests.error[row]
        return [
            Estimate(value=value, low=value - half, high=value + half, n=n, method="welch", confidence=confidence)
            for value, half in zip(values.tolist(), halves.tolist(), strict=True)
        ]


def _denser_inside(density: Floats) -> float:
    """One-sided Wilcoxon signed-rank test that logs of density are above zero."""
    from scipy.stats import wilcoxon

    if not density.any():
        return 1.0
    _, p_value = cast(tuple[float, float], wilcoxon(density, alternative="greater"))
    return float(p_value)


def _columns(tests: Comparisons, columns: slice) -> Comparisons:
    return Comparisons(tests.difference[:, columns], tests.error[:, columns], tests.degrees[:, columns])
