"""What an evaluation did not measure, in sentences: what a reader might assume was looked at and was not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.population import population_of
from biasgate.contracts.wording import words


def unmeasured(evaluation: Evaluation, *, metrics: Iterable[str]) -> Iterator[str]:
    """One sentence for each thing; the last says on what all the rest was measured.

    Args:
        evaluation: Any.
        metrics: Names of all metrics that there are.
    """
    attributes = sorted({name for cell in evaluation.cells for name in cell.subgroup})
    yield f"Bias along any attribute other than {' and '.join(attributes) or 'none at all'} would not have been seen."
    yield from _intersections(attributes, depth=max((len(cell.subgroup) for cell in evaluation.cells), default=0))
    measured = {part.metric for part in (*evaluation.cells, *(evaluation.scores or ()))}
    missing = [name for name in metrics if name not in measured]
    if missing:
        yield f"Not measured: {', '.join(map(words, missing))}."
    if evaluation.swap_rate is None:
        yield "The swap rate: no clusters were compared that differ in the attribute only."
    yield from population_of(evaluation)
    yield (
        f"Everything was measured on one data set of {evaluation.clusters:,} clusters; other populations, sources and "
        "times were not."
    )


def _intersections(attributes: list[str], *, depth: int) -> Iterator[str]:
    if len(attributes) < 2:
        yield "No intersection of attributes was measured."
    elif depth < 2:
        yield f"Intersections of {' and '.join(attributes)} were not measured."
    elif depth < len(attributes):
        yield f"Intersections of more than {depth} of these attributes were not measured."
