"""What an evaluation and its heatmaps found: differences that are both proven and large enough to act on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from biasgate.attribution.permutation import NAMED
from biasgate.contracts.evaluation import Evaluation, EvaluationSpec, Gap, MetricName
from biasgate.contracts.relevance import MARGINS, Contrast, Finding, Relevance, RelevanceSpec
from biasgate.data.dataset import Dataset

_CARRIES = 0.2
"""Part of a lean that a region must carry to be named."""


def rates_spec(dataset: Dataset, spec: RelevanceSpec) -> EvaluationSpec:
    """The rates that belong beside heatmaps: how often a label is right, and of a multi-label set also its errors."""
    both: tuple[MetricName, ...] = ("accuracy", "true_positive_rate", "false_positive_rate")
    return EvaluationSpec(
        metrics=both if dataset.labels.ndim == 2 else both[:1],
        attributes=spec.attributes,
        depth=spec.depth,
        confidence=spec.confidence,
        minimum=spec.minimum,
    )


def findings(evaluation: Evaluation | None, relevance: Relevance | None) -> tuple[Finding, ...]:
    """Everything that is named (corrected p-value up to .05) and whose simultaneous bound exceeds its margin."""
    rates = [finding for gap in (evaluation.gaps if evaluation else ()) for finding in _of_gap(gap)]
    return (*rates, *(_of_relevance(relevance) if relevance else ()))


def _of_gap(gap: Gap) -> Iterator[Finding]:
    if gap.estimate is None or gap.simultaneous is None or gap.p_value is None:
        return
    if gap.p_value <= NAMED and gap.simultaneous[0] > MARGINS["rate"]:
        yield Finding(
            kind="rate",
            label=gap.label,
            measure=gap.metric,
            attribute=gap.attribute,
            higher=gap.higher,
            lower=gap.lower,
            estimate=gap.estimate,
            p_value=gap.p_value,
        )


def _of_relevance(relevance: Relevance) -> Iterator[Finding]:
    for method in relevance.methods:
        for focus in method.focus:
            if focus.density and focus.p_value is not None and focus.p_value > NAMED:
                yield Finding(
                    kind="unfocused",
                    label=focus.label,
                    measure=method.method,
                    attribute="*".join(sorted(focus.subgroup)),
                    higher=focus.subgroup,
                    lower=focus.subgroup,
                    estimate=focus.density,
                    p_value=focus.p_value,
                )
        yield from (_of_contrast(contrast, method.method) for contrast in method.contrasts if _stands(contrast))


def _stands(contrast: Contrast) -> bool:
    return contrast.p_value <= NAMED and contrast.simultaneous[0] > MARGINS[_kind(contrast)]


def _kind(contrast: Contrast) -> Literal["lean", "focus"]:
    return "lean" if contrast.statistic == "net" else "focus"


def _of_contrast(contrast: Contrast, method: str) -> Finding:
    """A lean names the regions that carry it, as far as they are proven to."""
    total = contrast.estimate.value
    carrying = {name: part for name, part in contrast.parts.items() if part.low > 0 and part.value >= _CARRIES * total}
    return Finding(
        kind=_kind(contrast),
        label=contrast.label,
        measure=method,
        attribute=contrast.attribute,
        higher=contrast.higher,
        lower=contrast.lower,
        estimate=contrast.estimate,
        p_value=contrast.p_value,
        regions=dict(sorted(carrying.items(), key=lambda item: -item[1].value)),
    )
