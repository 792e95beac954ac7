"""What notebooks show of documents: small tables without scripts, in the notebook's own fonts and colours."""

from __future__ import annotations

from typing import Any

from biasgate.contracts import wording
from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.population import population_of
from biasgate.foreign_text import visible
from biasgate.report.rendering import template


def evaluation_table(evaluation: Evaluation) -> str:
    """Subgroups down, metrics across; below it the widest gap of each metric between the values of each attribute."""
    parts = (*evaluation.cells, *(evaluation.scores or ()))
    metrics = list(dict.fromkeys((part.metric, part.label) for part in parts))
    subgroups = {wording.subgroup(part.subgroup): part.subgroup for part in parts}
    found = {(wording.subgroup(part.subgroup), part.metric, part.label): part for part in parts}
    single = [gap for gap in evaluation.gaps if gap.estimate and "*" not in gap.attribute]
    widest = {(gap.metric, gap.label, gap.attribute): gap for gap in reversed(single)}
    return _fragment(
        "evaluation_table.html.j2",
        evaluation=evaluation,
        population=list(population_of(evaluation)),
        metrics=metrics,
        rows={name: [found[name, *metric] for metric in metrics] for name in subgroups},
        gaps=list(reversed(widest.values())),
    )


def check_table(check: Any) -> str:
    """Whether a policy would be passed, and what each rule found."""
    return _fragment("check_table.html.j2", check=check)


def _fragment(name: str, **values: Any) -> str:
    return template(name, finalize=visible, autoescape=True).render(**values)
