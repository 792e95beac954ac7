import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_intervals import tango

from biasgate.statistics.paired import Pairs, mcnemar, newcombe_paired

tables = st.builds(Pairs, *[st.integers(0, 60)] * 4).filter(lambda pairs: pairs.total > 0)

AIRWAYS = Pairs(both=1, first=1, second=7, neither=12)
"""Airway hyper-responsiveness before and after stem cell transplantation (Bentur et al., 2009)."""


def test_square_and_add_and_tango_match_the_published_example():
    """Limits as printed by Fagerland, Lydersen and Laake, Statistics in Medicine 33:2850 (2014)."""
    assert newcombe_paired(AIRWAYS, confidence=0.95) == pytest.approx((-0.507, -0.026), abs=6e-4)
    assert tango(AIRWAYS, confidence=0.95) == pytest.approx((-0.517, -0.026), abs=6e-4)


def test_tango_matches_an_independent_implementation():
    """PropCIs::scoreci.mp(25, 28, 618) at 90 % gives -0.0148 and 0.0247."""
    limits = tango(Pairs(both=0, first=28, second=25, neither=565), confidence=0.90)
    assert limits == pytest.approx((-0.0148, 0.0247), abs=6e-5)


def test_counting_pairs_puts_each_pair_into_one_of_four_cells():
    first, second = np.array([True, True, False, False, True]), np.array([True, False, True, False, False])
    assert Pairs.count(first, second) == Pairs(both=1, first=2, second=1, neither=1)


@pytest.mark.parametrize("method", [newcombe_paired, tango])
@given(pairs=tables)
def test_limits_hold_the_difference_and_turn_round_with_it(method, pairs):
    low, high = method(pairs, confidence=0.95)
    turned = Pairs(pairs.both, pairs.second, pairs.first, pairs.neither)
    assert -1 <= low <= pairs.difference + 1e-8
    assert pairs.difference - 1e-8 <= high <= 1
    assert method(turned, confidence=0.95) == pytest.approx((-high, -low), abs=1e-6)


@pytest.mark.parametrize("method", [newcombe_paired, tango])
@given(pairs=tables)
def test_limits_narrow_with_ten_times_the_pairs(method, pairs):
    few, many = method(pairs, confidence=0.95), method(pairs.scaled(10 * pairs.total), confidence=0.95)
    assert many[1] - many[0] < few[1] - few[0]


def test_tango_widens_when_no_pair_is_discordant():
    """With b = c = 0 the limits are ±z² / (n + z²)."""
    assert tango(Pairs(40, 0, 0, 4), confidence=0.95) == pytest.approx((-0.0803, 0.0803), abs=1e-4)


@pytest.mark.parametrize(("rates", "shared"), [((0.9, 0.85), 0.8), ((0.95, 0.8), 0.0)])
def test_tango_misses_about_as_often_as_it_says(rates, shared):
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(600):
        draw = rng.random(100)
        other = np.where(rng.random(100) < shared, draw, rng.random(100))
        low, high = tango(Pairs.count(draw < rates[0], other < rates[1]), confidence=0.95)
        missed += not low <= rates[0] - rates[1] <= high
    assert missed / 600 <= 0.075


def test_mcnemar_is_a_fair_coin_over_discordant_pairs():
    assert mcnemar(AIRWAYS) == pytest.approx(2 * 9 / 2**8)
    assert mcnemar(Pairs(both=5, first=0, second=0, neither=5)) == 1.0
