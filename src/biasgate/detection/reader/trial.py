"""A trial: readers are fitted on two splits of a zoo and asked about the third."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from biasgate.detection.reader.fit import fit_level_reader
from biasgate.detection.reader.level_readers import StrengthReader, SubgroupReader
from biasgate.detection.reader.ridge import Array
from biasgate.detection.reader.views import View, levels_of, split_of
from biasgate.detection.zoo.plan import SPLITS
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Trial:
    """The three splits, and the levels of the test models."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    spec: ZooSpec
    names: tuple[str, ...]
    levels: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, spec: ZooSpec) -> Trial:
        """Splits a feature table.

        Raises:
            InputError: No test model is at one of the levels.
        """
        train, validation, test = (split_of(table, split) for split in SPLITS)
        names = tuple(level.name for level in spec.levels)
        if missing := set(names) - set(test["level"]):
            raise InputError(f"no test model at level {', '.join(sorted(missing))}", where=spec.name)
        return cls(train, validation, test, spec, names, levels_of(test, spec))

    def fit(self, view: View, *, shuffle: np.random.Generator | None = None) -> StrengthReader | SubgroupReader:
        """The zoo's learner on some columns, or on shuffled levels."""
        train, validation = self.train, self.validation
        if shuffle:
            train, validation = _shuffled(train, shuffle), _shuffled(validation, shuffle)
        return fit_level_reader(train, validation, view, spec=self.spec)

    def probabilities(self, view: View, *, shuffle: np.random.Generator | None = None) -> Array:
        """What ``fit`` makes of the test models ``[n, levels]``."""
        return self.fit(view, shuffle=shuffle).probabilities(view(self.test))

    def confusion(self, probabilities: Array) -> tuple[tuple[int, ...], ...]:
        """Test models by true level (rows) and most probable level (columns)."""
        count = len(self.names)
        counts = np.bincount(self.levels * count + probabilities.argmax(axis=1), minlength=count**2)
        return tuple(map(tuple, counts.reshape(count, count).tolist()))


def _shuffled(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The same models with each other's levels."""
    order = rng.permutation(len(table))
    return table.assign(**{name: table[name].to_numpy()[order] for name in ("level", "strength")})
