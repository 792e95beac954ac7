"""Who was left out of what before anything was measured, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from biasgate.contracts.evaluation import Evaluation

Pooled = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Rows by attribute, value that was put together, and value as it was written."""


def population(
    *, rows: int, unknown: Mapping[str, int] | None, dropped: Mapping[str, int] | None, pooled: Pooled | None
) -> Iterator[str]:
    """One sentence for each column whose values were not all taken as they were written.

    Args:
        rows: Rows that were measured.
        unknown: Rows among them whose value is unknown, by attribute; crossed attributes are passed over.
        dropped: Rows that the source left out, by reason.
        pooled: Values that the source put together.
    """
    for attribute, count in (unknown or {}).items():
        if "*" not in attribute:
            yield (
                f"{count:,} of {rows:,} rows ({count / rows:.1%}) have no known {attribute}: they count in the whole "
                f"set and in no subgroup of {attribute}."
            )
    for reason, count in (dropped or {}).items():
        left = "1 sample was" if count == 1 else f"{count:,} samples were"
        yield f"{left} left out of the data set: {reason}."
    for attribute, groups in (pooled or {}).items():
        for name, values in groups.items():
            parts = ", ".join(f"{value} ({count:,})" for value, count in values.items())
            yield f"Of {attribute}, {name} is {parts}."


def population_of(evaluation: Evaluation) -> Iterator[str]:
    """Who is left out of an evaluation or its subgroups (see ``population``), or is like another."""
    yield from population(
        rows=evaluation.rows, unknown=evaluation.unknown, dropped=evaluation.dropped, pooled=evaluation.pooled
    )
    if evaluation.copies:
        yield (
            f"{evaluation.copies:,} of {evaluation.rows:,} rows are copies of another in input, label and attributes, "
            "and count once with it: the data source does not say which rows are of different people."
        )
    if evaluation.alike:
        yield (
            f"{evaluation.alike:,} of {evaluation.rows:,} rows are like another in input, label and attributes, and "
            "count each: so few values make different people alike. If they are copies, name a `cluster`."
        )
