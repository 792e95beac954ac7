"""Gaps of scores: how far apart the subgroups of one attribute combination are, pair by pair."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (scipy's sparse arrays have no types)

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import EvaluationSpec, Gap
from biasgate.evaluation.pairs import (
    Numbers,
    absolute,
    at,
    comparisons,
    kept,
    lacking,
    named,
    ordered,
    smallest,
    widest,
)
from biasgate.evaluation.score_contrast import ScoreContrasts
from biasgate.evaluation.scored import Scored
from biasgate.evaluation.shared import correlations
from biasgate.statistics.multiple import bonferroni, holm


def score_gaps(family: Sequence[Scored], spec: EvaluationSpec) -> list[Gap]:
    """Every pair of the subgroups of one score and combination, label by label, the widest first.

    Of many pairs those with the highest upper bounds are kept, and as many insufficient ones: see ``Evaluation``.
    """
    return [gap for given in comparisons(family[0].subgroup, spec) for gap in _gaps(family, given, spec)]


def _gaps(family: Sequence[Scored], given: tuple[str, ...], spec: EvaluationSpec) -> list[Gap]:
    few = {id(one) for one in family if one.number is None}
    unknown = [_unknown(*pair, given) for pair in lacking(family, few, given=given)]
    known = [one for one in family if one.number is not None]
    return kept([*_measured(known, given, spec), *unknown], widest)


def _measured(known: Sequence[Scored], given: tuple[str, ...], spec: EvaluationSpec) -> list[Gap]:
    higher, lower, labels = ordered(known, np.array([one.found.value for one in known]), given=given)
    if not len(higher):
        return []
    found = ScoreContrasts(known, higher, lower, _correlations(known)[higher, lower], spec.confidence)
    bounds = absolute(found.decide(spec.confidence))
    simultaneous = absolute(found.decide(bonferroni(spec.proving, len(higher))))
    reported, differences, tests = found.reported, found.differences, found.p_values
    p_values = [None] * len(higher) if tests is None else holm(tests)

    def gap(place: int) -> Gap:
        first, second = known[higher[place]], known[lower[place]]
        method = f"square-and-add, {first.found.method}"
        estimate = Estimate.within(
            at(reported, place),
            value=float(differences[place]),
            n=min(first.clusters, second.clusters),
            method=method,
            decided_by=method,
            confidence=spec.confidence,
        )
        measured = {
            "estimate": estimate,
            "bounds": at(bounds, place),
            "simultaneous": at(simultaneous, place),
            "paired": np.array_equal(first.found.clusters, second.found.clusters),
            "p_value": p_values[place],
        }
        return _unknown(first, second, given).model_copy(update=measured)

    return [gap(place) for place in smallest(-bounds[1], labels)]


def _correlations(known: Sequence[Scored]) -> Numbers:
    """Of the numbers of every two subgroups, from what their rows add; 0 where no cluster is shared."""
    from scipy.sparse import csr_array

    parts, columns = ([getattr(one.found, what) for one in known] for what in ("parts", "clusters"))
    ends = np.cumsum([0, *(len(part) for part in parts)])
    rows = csr_array((np.concatenate(parts), np.concatenate(columns), ends))
    rows.sum_duplicates()
    return correlations(rows)


def _unknown(higher: Scored, lower: Scored, given: tuple[str, ...]) -> Gap:
    return Gap(**named(higher, lower, given), paired=False)
