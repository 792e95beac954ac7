"""All metrics by name: found in ``statistics/metrics``, one a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.discovery import defined_in
from biasgate.errors import InputError
from biasgate.statistics.metric import Metric, RateMetric, ScoreMetric

_FOUND = defined_in("biasgate.statistics.metrics", Metric)

RATES: Mapping[str, RateMetric] = MappingProxyType(
    {kind.name: kind() for kind in _FOUND if issubclass(kind, RateMetric)}
)
SCORES: Mapping[str, ScoreMetric] = MappingProxyType(
    {kind.name: kind() for kind in _FOUND if issubclass(kind, ScoreMetric)}
)
METRICS: Mapping[str, Metric] = MappingProxyType({**RATES, **SCORES})


def asked(spec: EvaluationSpec) -> tuple[Metric, ...]:
    """The metrics that a spec names, rates first.

    Raises:
        InputError: A name is no rate where rates belong, or no score where scores belong; says which there are.
    """
    _known(spec.metrics, RATES, where="metrics")
    _known(spec.scores or (), SCORES, where="scores")
    return tuple(METRICS[name] for name in (*spec.metrics, *(spec.scores or ())))


def _known(names: Iterable[str], known: Mapping[str, Metric], *, where: str) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"{unknown[0]!r} is none of the {where}", where=where, fix=f"choose of {', '.join(known)}")
