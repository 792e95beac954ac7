"""Evaluations as tables: one number a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import pandas as pd

from biasgate.contracts.evaluation import Cell, Evaluation, Gap, Ratio, Score

Of = Literal["subgroups", "gaps", "ratios"]


def frame(evaluation: Evaluation, *, of: Of) -> pd.DataFrame:
    """See ``biasgate.Evaluation.to_frame``."""
    if of == "subgroups":
        return _subgroups(evaluation)
    return _pairs(evaluation.gaps if of == "gaps" else evaluation.ratios or ())


def _subgroups(evaluation: Evaluation) -> pd.DataFrame:
    parts = (*evaluation.cells, *(evaluation.scores or ()))
    attributes = sorted({name for part in parts for name in part.subgroup})
    rows = [
        {
            "metric": part.metric,
            "label": part.label,
            **{name: part.subgroup.get(name) for name in attributes},
            **_number(part),
            "clusters": part.clusters,
        }
        for part in parts
    ]
    return _table(rows)


def _pairs(pairs: Iterable[Gap | Ratio]) -> pd.DataFrame:
    rows = [
        {
            "metric": pair.metric,
            "label": pair.label,
            "attribute": pair.attribute,
            "given": "*".join(pair.given) if pair.given else None,
            "higher": _words(pair.higher),
            "lower": _words(pair.lower),
            **_number(pair),
            "clusters": pair.estimate.n if pair.estimate else None,
            "p_value": pair.p_value if isinstance(pair, Gap) else None,
        }
        for pair in pairs
    ]
    return _table(rows)


def _number(part: Cell | Score | Gap | Ratio) -> dict[str, float | None]:
    found = part.estimate
    return {"value": None, "low": None, "high": None} if found is None else found.model_dump(include=_ENDS)


_ENDS = {"value", "low", "high"}


def _words(subgroup: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sorted(subgroup.items()))


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows; a column that no row fills, such as the label of a model that gives one class, is left out."""
    empty = [name for name in ("label", "given", "p_value") if all(row.get(name) is None for row in rows)]
    return pd.DataFrame(rows).drop(columns=empty, errors="ignore")
