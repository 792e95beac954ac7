"""What is done with values before they are attributes: dropped, unknown, in bins, pooled."""

# pyright: reportUnknownParameterType=false
# (pyarrow has no types)

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from biasgate.data.dataset import UNKNOWN
from biasgate.data.tables.table import Table, Text

_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")


def without_missing(table: Table, columns: Iterable[str]) -> tuple[Table, dict[str, int]]:
    """The rows that have a value in all of some columns, and how many others there were, by the first that lacks."""
    kept, counts = np.ones(len(table), dtype=bool), dict[str, int]()
    for column in columns:
        lacking = kept & table.missing(column)
        if count := int(np.count_nonzero(lacking)):
            counts[column] = count
            kept &= ~lacking
    return (table.take(kept) if counts else table), counts


def with_unknown(text: Text) -> Text:
    """Missing values have the value ``unknown``."""
    if not (text.codes < 0).any():
        return text
    return _text([*text.values(), UNKNOWN], np.where(text.codes < 0, np.int32(len(text.names)), text.codes))


def binned(values: NDArray[np.float64], edges: Sequence[float]) -> Text:
    """Numbers as the interval that they fall into; missing where a number is.

    Args:
        values: ``[n]``.
        edges: Where a new interval begins, rising.
    """
    codes = np.searchsorted(np.array(edges), values, side="right").astype(np.int32)
    codes[np.isnan(values)] = -1
    return _text(interval_names(edges), codes)


def interval_names(edges: Sequence[float]) -> list[str]:
    """``under 25``, ``25 to under 45``, ``45 and over``."""
    said = [f"{edge:.15g}" for edge in edges]
    between = [f"{low} to under {high}" for low, high in pairwise(said)]
    return [f"under {said[0]}", *between, f"{said[-1]} and over"]


def pooled(text: Text, groups: Mapping[str, Sequence[str]]) -> tuple[Text, dict[str, dict[str, int]]]:
    """Values put together, and the rows of each value by the name of its group.

    Args:
        text: A column.
        groups: Values by the name that they get; a value that has that name already is of the group.
    """
    new = {value: name for name, values in groups.items() for value in values}
    names, counts = text.values(), text.counts()
    told = {name: {value: counts.get(value, 0) for value in values} for name, values in groups.items()}
    for name in set(groups) & set(names) - set(new):
        told[name][name] = counts[name]
    return _text([new.get(name, name) for name in names], text.codes), told


def _text(names: Sequence[str], codes: NDArray[np.integer]) -> Text:
    """A column whose names may repeat, be unused and stand in any order."""
    used = np.unique(codes[codes >= 0])
    found, places = np.unique(np.array([names[place] for place in used], dtype=str), return_inverse=True)
    renumbered = np.full(len(names) + 1, -1, dtype=np.int32)
    renumbered[used] = places
    return Text(pa.array(found.tolist(), pa.string()), renumbered[codes])


def proposed_edges(values: Sequence[str]) -> list[int]:
    """Round numbers that cut the values that occur into four intervals; none when a value is no number."""
    if not all(_DECIMAL.fullmatch(value) for value in values):
        return []
    low, *quarters, high = np.quantile(np.array(values, dtype=float), [0, 0.25, 0.5, 0.75, 1])
    step = max(1, 5 * round((high - low) / 80))
    edges = sorted({int(step * round(quarter / step)) for quarter in quarters})
    return [edge for edge in edges if low < edge <= high]
