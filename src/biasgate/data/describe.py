"""What a data set holds: how many samples of each label an attribute's values have, and what a reader should know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.copies import counted_once
from biasgate.data.dataset import UNKNOWN, Dataset
from biasgate.data.look_alikes import look_alikes
from biasgate.data.tables.treat import proposed_edges

NOTHING = re.compile(
    r"[?.-]+|#?n/?a|nan|none|null|nil|unk|missing|unspecified|undisclosed|prefer not to say"
    r"|unknown|not (known|stated|available|specified|disclosed)"
)
"""What people write, in any case, where a value is not known; it is one like any other but for ``unknown``."""
MANY = 20
"""An attribute with more values than that makes more subgroups than can be judged."""


def describe(dataset: Dataset) -> pd.DataFrame:
    """Counts per label and attribute value.

    Returns:
        One row a value of each attribute, after one for the whole set (``attribute`` and ``value`` are ``all``).
        Columns ``attribute``, ``value``, one a class (for multi-label sets: samples with that label), ``samples``
        and ``clusters``.
    """
    one = np.array(["all"]), np.zeros(len(dataset), dtype=np.int32)
    alone = _distinct(dataset.clusters) == len(dataset)
    coded = {"all": one, **{str(name): dataset.coded(str(name)) for name in dataset.attributes}}
    return pd.concat([_counts(dataset, name, *found, alone=alone) for name, found in coded.items()], ignore_index=True)


def unknown(dataset: Dataset) -> dict[str, int]:
    """Samples whose value is unknown, by attribute, where there are any."""
    found = {str(name): dataset.coded(str(name)) for name in dataset.attributes}
    counts = {name: int(np.count_nonzero((values == UNKNOWN)[codes])) for name, (values, codes) in found.items()}
    return {name: count for name, count in counts.items() if count}


def remarks(dataset: Dataset) -> Iterator[str]:
    """What a reader of the counts should know, one sentence each."""
    yield from dataset.notes
    if dataset.attributes.columns.empty:
        yield "It has no attributes: nothing can be measured by subgroup."
    for name in map(str, dataset.attributes):
        values, codes = dataset.coded(name)
        counts = dict(zip(values.tolist(), np.bincount(codes, minlength=len(values)).tolist(), strict=True))
        for group in look_alikes(counts):
            said = ", ".join(f"{value!r} ({counts[value]:,})" for value in group)
            yield f"Values of {name} that look alike: {said}. `pool` puts them together, if they are one."
        if nothing := [value for value in counts if value != UNKNOWN and NOTHING.fullmatch(value.casefold())]:
            said = ", ".join(f"{value!r} ({counts[value]:,})" for value in nothing)
            pool = f"`pool: {{{name}: {{{UNKNOWN}: {json.dumps(nothing, ensure_ascii=False)}}}}}`"
            yield f"Values of {name} that may stand for no value: {said}. Each is a subgroup; {pool} makes it none."
        if len(values) > MANY:
            yield f"{name} has {len(values):,} values, each a subgroup of its own: {_fewer(name, values)}."
    counted = counted_once(dataset)
    if counted.copies:
        yield (
            f"{counted.copies:,} of {len(dataset):,} samples are copies of one of another cluster, in input, label and "
            "attributes: they count once, unless `cluster` names a column that tells the persons apart."
        )
    if counted.alike:
        yield (
            f"{counted.alike:,} of {len(dataset):,} samples are like one of another cluster, in input, label and "
            "attributes: so few values make different persons alike, and each counts. If they are copies, name a "
            "`cluster`."
        )


def _fewer(name: str, values: NDArray[np.str_]) -> str:
    edges = proposed_edges(values.tolist())
    return f"`bins: {{{name}: {edges}}}` would make {len(edges) + 1}" if edges else "`pool` puts values together"


def _counts(
    dataset: Dataset, attribute: str, values: NDArray[np.str_], codes: NDArray[np.int32], *, alone: bool
) -> pd.DataFrame:
    """One row a value; ``alone`` says that every sample is its own cluster."""
    samples = np.bincount(codes, minlength=len(values))
    clusters = samples if alone else [_distinct(dataset.clusters[codes == code]) for code in range(len(values))]
    labels = pd.DataFrame(_of_labels(dataset, codes, len(values)), columns=list(dataset.classes))
    told = pd.DataFrame({"attribute": attribute, "value": values.astype(object)})
    return pd.concat([told, labels, pd.DataFrame({"samples": samples, "clusters": clusters})], axis=1)


def _of_labels(dataset: Dataset, codes: NDArray[np.int32], values: int) -> NDArray[np.int64]:
    """Samples of each label ``[values, classes]``."""
    classes = len(dataset.classes)
    if dataset.labels.ndim == 1:
        counts = np.bincount(codes * classes + dataset.labels, minlength=values * classes)
        return counts.astype(np.int64).reshape(values, classes)
    counts = [np.bincount(codes, weights=label, minlength=values) for label in dataset.labels.T]
    return np.stack(counts, axis=1).astype(np.int64)


def _distinct(clusters: NDArray[np.int64]) -> int:
    """How many different clusters there are; numbers from 0 up are counted without sorting them."""
    if clusters.min() < 0 or clusters.max() > 4 * len(clusters):
        return len(np.unique(clusters))
    return int(np.count_nonzero(np.bincount(clusters)))
