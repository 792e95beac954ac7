from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_ind

from biasgate.attribution.permutation import compare, corrected, false_findings, null_of_the_largest

PAIRS = np.array([(0, 1), (2, 3), (2, 4), (3, 4)])


def groups(rng: np.random.Generator, n: int) -> np.ndarray:
    two, three = rng.integers(0, 2, n), rng.integers(0, 3, n)
    return np.stack([two == 0, two == 1, *(three == place for place in range(3))], axis=1)


def test_a_comparison_is_welchs() -> None:
    rng = np.random.default_rng(1)
    members, values = groups(rng, 80), rng.gamma(2.0, size=(80, 3))
    found = compare(values, members, PAIRS)
    for row, (a, b) in enumerate(PAIRS):
        expected = cast(Any, ttest_ind)(values[members[:, a]], values[members[:, b]], equal_var=False)
        assert found.t[row] == pytest.approx(expected.statistic)
        assert found.degrees[row] == pytest.approx(expected.df)


def test_only_the_number_that_differs_is_named() -> None:
    rng = np.random.default_rng(2)
    members, values = groups(rng, 200), rng.normal(size=(200, 10))
    values[members[:, 0], 4] += 1.0
    null = null_of_the_largest(values, members, PAIRS, draws=299, rng=rng)
    p_values = corrected(compare(values, members, PAIRS).t, null)
    assert p_values[0, 4] == pytest.approx(1 / 300)
    p_values[0, 4] = 1
    assert p_values.min() > 0.05


def test_permuted_attributes_give_a_finding_once_in_twenty_however_skewed_the_numbers() -> None:
    rng = np.random.default_rng(3)
    members = groups(rng, 90)
    shared = rng.gamma(0.5, size=(90, 1))
    values = shared + rng.gamma(0.5, size=(90, 6))
    found = false_findings(values, members, PAIRS, nulls=200, draws=99, rng=rng)
    assert binomtest(found, 200, 0.05).pvalue > 0.01


def test_numbers_that_never_vary_are_no_finding() -> None:
    rng = np.random.default_rng(4)
    members, values = groups(rng, 50), np.ones((50, 2))
    null = null_of_the_largest(values, members, PAIRS, draws=99, rng=rng)
    assert (corrected(compare(values, members, PAIRS).t, null) == 1).all()
