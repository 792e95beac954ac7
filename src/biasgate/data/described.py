"""What a table says of samples: labels, attributes, clusters, weights, and what to do with values that do not serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, model_validator

from biasgate.data.kind import Categories, Classes, ClusterColumn, Columns, SourceKind
from biasgate.data.tables.table import Table
from biasgate.data.tables.treat import binned, pooled, with_unknown, without_missing
from biasgate.errors import InputError


def _rising(edges: tuple[float, ...]) -> tuple[float, ...]:
    if not edges or not all(low < high for low, high in pairwise(edges)):
        raise ValueError("bins are numbers that rise")
    return edges


Edges = Annotated[tuple[float, ...], AfterValidator(_rising)]
Pool = dict[str, Categories]


@dataclass(frozen=True, eq=False)
class Described:
    """What is known about each sample, as ``Dataset`` has it; ``table`` holds the same rows."""

    table: Table
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    attributes: pd.DataFrame
    clusters: NDArray[np.int64]
    clusters_declared: bool
    weights: NDArray[np.float64] | None
    keys: NDArray[np.str_] | None
    dropped: dict[str, int]
    pooled: dict[str, dict[str, dict[str, int]]]

    def fields(self) -> dict[str, Any]:
        """Fields of a ``Dataset``."""
        return {name: value for name, value in vars(self).items() if name != "table"}


class DescribedByTable(SourceKind):
    """A source whose samples a table describes, one row each.

    Attributes:
        label: Column of class names.
        classes: Class names, by index.
        labels: In the place of both, several columns of class names, each with its classes. One of them is chosen by
            ``#`` and its name behind the path of the source; else the set has several labels, each of two classes.
        attributes: Columns kept as attributes.
        cluster: Column whose equal values are one cluster; without it each row is one, and rows that are copies of
            each other are one together.
        weights: Column of sampling weights: how many of the population a row stands for.
        key: Column that calls each row by another name: predictions that were made elsewhere are joined by it.
        bins: Attributes that are numbers, each with the numbers at which a new interval begins.
        missing: What to do with rows that have no value of a column: ``drop`` them, or give an attribute the value
            ``unknown``, which makes no subgroup. Without it they are refused.
        pool: Values of attributes to be put together: by attribute and name of the group, the values in it.
    """

    label: str | None = None
    classes: Classes | None = None
    labels: dict[str, Classes] | None = None
    attributes: Columns = ()
    cluster: ClusterColumn = None
    weights: str | None = None
    key: str | None = None
    bins: dict[str, Edges] | None = None
    missing: dict[str, Literal["unknown", "drop"]] | None = None
    pool: dict[str, Pool] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.labels and (self.label is None or self.classes is None):
            raise ValueError("needs `label` and `classes`, or `labels`")
        if self.labels and self.classes:
            raise ValueError("`classes` stand within `labels` when there are several")
        for name, columns in (("bins", self.bins), ("pool", self.pool)):
            if strange := [column for column in columns or {} if column not in self.attributes]:
                raise ValueError(f"`{name}` names {strange[0]!r}, which is no attribute")
        for column, groups in (self.pool or {}).items():
            values = [value for group in groups.values() for value in group]
            if twice := next((value for value in values if values.count(value) > 1), None):
                raise ValueError(f"`pool` puts {twice!r} of {column!r} into two groups")
        self._check_missing()
        return self

    def _check_missing(self) -> None:
        for column, what in (self.missing or {}).items():
            if column not in self.columns():
                raise ValueError(f"`missing` names {column!r}, which the source does not use")
            if what == "unknown" and column not in self.attributes:
                raise ValueError(f"only an attribute can be unknown, and {column!r} is none: drop such rows")

    def columns(self) -> tuple[str, ...]:
        """The columns that the source uses, each once."""
        return tuple(dict.fromkeys((*self.text_columns(), *self.exact_columns())))

    def text_columns(self) -> list[str]:
        """Those to be read as text."""
        numbers = {*(self.bins or {}), self.weights}
        named = [column for column in (self.cluster, self.key) if column]
        return [*self._asked(), *(column for column in self.attributes if column not in numbers), *named]

    def exact_columns(self) -> list[str]:
        """Those to be read as numbers of 64 bits."""
        return list(dict.fromkeys([*(self.bins or {}), *([self.weights] if self.weights else [])]))

    def describe(self, table: Table) -> Described:
        """What the table says of each sample, values treated as declared.

        Raises:
            InputError: A cell is empty, or a label or weight is none.
        """
        asked = self.missing or {}
        table, dropped = without_missing(table, [column for column, what in asked.items() if what == "drop"])
        if not len(table):
            raise InputError("no row is left: each lacks a value", where=table.where, fix="see `missing` in the source")
        texts, groups = dict(table.texts), dict[str, dict[str, dict[str, int]]]()
        for column, edges in (self.bins or {}).items():
            texts[column] = binned(table.exact[column], edges)
        for column, what in asked.items():
            if what == "unknown":
                texts[column] = with_unknown(texts[column])
        for column, pool in (self.pool or {}).items():
            texts[column], groups[column] = pooled(texts[column], pool)
        treated = replace(table, texts=texts)
        labels, classes = self._labels(table)
        return Described(
            table=treated,
            labels=labels,
            classes=classes,
            attributes=treated.attributes(self.attributes),
            clusters=table.clusters(self.cluster),
            clusters_declared=self.cluster is not None,
            weights=table.weights(self.weights),
            keys=table.text(self.key) if self.key else None,
            dropped={f"no value of {column}": count for column, count in dropped.items()},
            pooled=groups,
        )

    def _asked(self) -> Sequence[str]:
        """The columns of labels that are read."""
        return [self.label] if self.label else list(self.labels or {})

    def _labels(self, table: Table) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Class indices and their names; of several labels 0 or 1 a label, and the labels' names."""
        if self.label:
            classes = self.classes or self._choice(table)
            return table.labels(self.label, classes), classes
        several = self.labels or {}
        if wide := [name for name, classes in several.items() if len(classes) != 2]:
            what = f"{wide[0]!r} has {len(several[wide[0]])} classes, and is one of {len(several)} labels"
            raise InputError(what, where=table.where, fix=f"choose a label, as in `source.yaml#{wide[0]}`")
        return np.stack([table.labels(name, classes) for name, classes in several.items()], axis=1), tuple(several)

    def _choice(self, table: Table) -> tuple[str, ...]:
        known = self.labels or {}
        if self.label not in known:
            raise InputError(f"no label {self.label!r}", where=table.where, fix=f"choose one of {', '.join(known)}")
        return known[self.label]
