"""Which models learned their task: one that did not has no bias to read, and teaches no reader what bias looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 0.5
"""Of the way from guessing to no error."""


def learned(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose models learned: right at least halfway from guessing to always.

    What counts is the best of a model's accuracies, in a label's own colour or in the favoured subgroup, so that bias
    is no failure to learn.

    Args:
        table: Rows from ``feature_table``.
    """
    guessing = 1 / table["class_counts"].map(len)
    best = table.filter(regex="^accuracy_").max(axis=1)
    return table.loc[(best - guessing) >= ENOUGH * (1 - guessing)]
