"""From outcomes to effects: y(k, p) correctness, τ_g(k) = E[y(k, p) − y(k₀, p) | g], β(k) = τ_g − τ_g'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from biasgate.audit.crossed import Crossed, crossed_mean
from biasgate.audit.intervene import Arm
from biasgate.audit.outcomes import Outcomes
from biasgate.audit.result import Effect, Level, Spectrum, Subgroup
from biasgate.audit.spectra import centroid
from biasgate.contracts.estimate import Estimate
from biasgate.data.dataset import Dataset
from biasgate.data.subgroups import subgroups
from biasgate.errors import InputError
from biasgate.statistics.multiple import holm

FEWEST = 30
"""Independent images that a subgroup needs: below, a variance over images says little."""


@dataclass(frozen=True, eq=False)
class Target:
    """What is measured: a subgroup, or the difference of two.

    Attributes:
        subgroup: Its attribute.
        minus: The subgroup that is taken away.
        rows: Images of either ``[images]``.
        second: Images of ``minus`` ``[images]``.
    """

    subgroup: Subgroup
    minus: Subgroup | None
    rows: NDArray[np.bool_]
    second: NDArray[np.bool_] | None

    def mean(self, values: NDArray[np.floating], clusters: NDArray[np.int64]) -> Crossed:
        """The mean of values ``[seeds, images]``; see ``crossed_mean``."""
        minus = None if self.second is None else self.second[self.rows]
        return crossed_mean(values[:, self.rows], clusters[self.rows], minus=minus)


def targets(dataset: Dataset, attributes: tuple[str, ...]) -> list[Target]:
    """All images, each attribute's subgroups, and each pair of them.

    Raises:
        InputError: The set lacks an attribute, or a subgroup has too few clusters.
    """
    cells = list(subgroups(dataset, attributes, depth=1))
    for subgroup, mask in cells:
        if (found := len(np.unique(dataset.clusters[mask]))) < FEWEST:
            fix = f"an audit needs {FEWEST}: measure on more images, or leave the attribute out"
            raise InputError(f"subgroup {subgroup} has {found} clusters", where=dataset.name, fix=fix)
    made = [Target(subgroup, None, mask, None) for subgroup, mask in cells]
    pairs = [pair for pair in combinations(cells, 2) if pair[0][0] and pair[0][0].keys() == pair[1][0].keys()]
    return made + [Target(first, second, a | b, b) for (first, a), (second, b) in pairs]


def contrasts(arms: Sequence[Arm], *, reference: int | float | str) -> Iterator[tuple[int, int]]:
    """Pairs of arms: each value with the reference value, then each value with each of its controls."""
    done = {arm.value: place for place, arm in enumerate(arms) if arm.role == "do"}
    for value, place in done.items():
        if value != reference:
            yield place, done[reference]
    for place, arm in enumerate(arms):
        if arm.role != "do":
            yield done[arm.value], place


def measure_levels(
    outcomes: Outcomes, found: Sequence[Target], clusters: NDArray[np.int64], *, views: Sequence[str], confidence: float
) -> Iterator[Level]:
    """Accuracies and gaps of every arm under every view."""
    for arm, correct in enumerate(outcomes.correct):
        for place, view in enumerate(views):
            values = correct[:, place].astype(float)
            for target in found:
                estimate = target.mean(values, clusters).estimate(confidence=confidence)
                yield Level(arm=arm, view=view, subgroup=target.subgroup, minus=target.minus, estimate=estimate)


def measure_effects(
    outcomes: Outcomes,
    arms: Sequence[Arm],
    found: Sequence[Target],
    clusters: NDArray[np.int64],
    *,
    reference: int | float | str,
    views: Sequence[str],
    confidence: float,
) -> list[Effect]:
    """All comparisons of arms, with Holm's p-values within each family."""
    effects = list[Effect]()
    for arm, against in contrasts(arms, reference=reference):
        role = arms[against].role
        for place, view in enumerate(views):
            values = outcomes.correct[arm, :, place].astype(float) - outcomes.correct[against, :, place]
            for target in found:
                mean = target.mean(values, clusters)
                effects.append(
                    Effect(
                        role=role,
                        arm=arm,
                        against=against,
                        view=view,
                        subgroup=target.subgroup,
                        minus=target.minus,
                        estimate=mean.estimate(confidence=confidence),
                        fixed=mean.fixed(confidence=confidence),
                        p=mean.p_value(),
                        holm=1.0,
                    )
                )
    return _corrected(effects)


def measure_spectra(outcomes: Outcomes, *, confidence: float) -> Iterator[Spectrum]:
    """Each arm's mean spectrum, and its centroid with a t interval over seeds."""
    from scipy.special import stdtrit

    for arm, power in enumerate(outcomes.power):
        each, seeds = centroid(power), len(power)
        value = float(each.mean())
        width = float(stdtrit(seeds - 1, (1 + confidence) / 2) * each.std(ddof=1) / np.sqrt(seeds))
        estimate = Estimate(
            value=value, low=value - width, high=value + width, n=seeds, method="t over seeds", confidence=confidence
        )
        yield Spectrum(arm=arm, centroid=estimate, power=tuple(power.mean(axis=0).tolist()))


def _corrected(effects: Sequence[Effect]) -> list[Effect]:
    families = defaultdict[tuple[object, ...], list[int]](list)
    for place, effect in enumerate(effects):
        families[effect.role, bool(effect.subgroup), effect.minus is None].append(place)
    corrected = list(effects)
    for places in families.values():
        for place, p in zip(places, holm([effects[place].p for place in places]), strict=True):
            corrected[place] = effects[place].model_copy(update={"holm": p})
    return corrected
