"""Gaps: how far apart the subgroups of one attribute combination are, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import EvaluationSpec, Gap
from biasgate.evaluation.contrast import METHODS, Contrasts
from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.pairs import Pair, Pairs, at, insufficient, kept, named, widest
from biasgate.statistics.multiple import bonferroni, holm


def gaps(family: Sequence[Outcomes], pairs: Pairs, spec: EvaluationSpec) -> list[Gap]:
    """Every pair of the subgroups of one metric and one attribute combination, label by label, the widest first.

    Of many pairs those with the highest upper bounds are kept, and as many insufficient ones: see ``Evaluation``.
    """
    unknown = [_unknown(pair, pairs.given) for pair in insufficient(family, spec, given=pairs.given)]
    return kept([*_measured(pairs, spec), *unknown], widest)


def _measured(pairs: Pairs, spec: EvaluationSpec) -> list[Gap]:
    if not len(pairs):
        return []
    found = Contrasts(pairs, spec.confidence)
    reported, p_values = found.reported, holm(found.p_values)
    bounds = found.decide(spec.confidence)
    simultaneous = found.decide(bonferroni(spec.proving, len(pairs)))

    def gap(place: int) -> Gap:
        higher, lower = pair = pairs.pair(place)
        kind = found.kind(place)
        method, decided_by = METHODS[kind]
        estimate = Estimate.within(
            at(reported, place),
            value=higher.rate - lower.rate,
            n=int(higher.size + lower.size - pairs.common[place]),
            method=method,
            decided_by=decided_by,
            confidence=spec.confidence,
        )
        known = {
            "estimate": estimate,
            "bounds": at(bounds, place),
            "simultaneous": at(simultaneous, place),
            "paired": kind == "paired",
            "p_value": p_values[place],
        }
        return _unknown(pair, pairs.given).model_copy(update=known)

    return [gap(place) for place in pairs.first(-bounds[1])]


def _unknown(pair: Pair, given: tuple[str, ...]) -> Gap:
    return Gap(**named(*pair, given), paired=False)
