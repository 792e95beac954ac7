import numpy as np
import pytest
from score_intervals import miettinen_nurminen, tango

from biasgate.statistics.intervals import clopper_pearson, newcombe, wilson_limits
from biasgate.statistics.paired import Pairs
from biasgate.statistics.power import gap_to_pass, loss_to_pass, rate_to_pass, ratio_to_pass
from biasgate.statistics.ratio import ratio_limits


@pytest.mark.parametrize(("clusters", "half"), [(100, 0.087), (200, 0.060), (500, 0.038), (1000, 0.026), (2000, 0.019)])
def test_half_the_width_of_a_reported_gap_shrinks_with_the_clusters(clusters, half):
    low, high = newcombe((0.9 * clusters, 0.9 * clusters), (clusters, clusters), confidence=0.95)
    assert (high - low) / 2 == pytest.approx(half, abs=6e-4)


def test_five_points_at_a_rate_of_nine_in_ten_take_757_units_a_group():
    assert gap_to_pass(0.9, 0.05, 757) == pytest.approx(0, abs=1e-4)
    assert gap_to_pass(0.9, 0.05, 756) is None
    assert gap_to_pass(0.9, 0.05, 757, power=0.9) is None


def test_the_units_told_give_the_power_told():
    rng = np.random.default_rng(5)
    clusters = next(count for count in range(1, 1000) if gap_to_pass(0.9, 0.1, count) is not None)
    drawn = rng.binomial(clusters, 0.9, size=(400, 2))
    limits = np.array([miettinen_nurminen(tuple(pair), (clusters, clusters), confidence=0.95) for pair in drawn])
    assert np.mean(np.abs(limits).max(axis=1) < 0.1) == pytest.approx(0.8, abs=0.06)


def test_the_rate_told_passes_with_the_power_told():
    from scipy.stats import binom

    rate = rate_to_pass(0.75, 200)
    chance = binom.pmf(np.arange(201), 200, rate)
    passes = [clopper_pearson(k, 200, confidence=0.95)[0] >= 0.75 for k in range(201)]
    assert chance[passes].sum() == pytest.approx(0.8, abs=1e-6)


def test_a_rate_that_no_success_can_show_is_not_promised():
    """Of 10 clusters even 10 successes bound the rate by .69 only."""
    assert rate_to_pass(0.75, 10) is None
    assert rate_to_pass(0.69, 10) is not None


def test_the_ratio_told_passes_with_about_the_power_told():
    rng = np.random.default_rng(7)
    ratio = ratio_to_pass(0.3, 0.8, 2000)
    assert ratio is not None
    drawn = rng.binomial(2000, (0.3 * ratio, 0.3), size=(400, 2))
    points = [[(k / 2000, *wilson_limits(k, 2000, confidence=0.95)) for k in pair] for pair in drawn]
    assert np.mean([ratio_limits(*pair)[0] >= 0.8 for pair in points]) == pytest.approx(0.8, abs=0.06)
    assert ratio_to_pass(0.3, 0.8, 100) is None
    assert ratio_to_pass(0.3, 0.0, 100) == 0


def test_the_loss_told_passes_with_about_the_power_told():
    rng = np.random.default_rng(8)
    loss = loss_to_pass(0.1, 0.05, 1000)
    drawn = rng.multinomial(1000, [0.9, 0.05 + loss / 2, 0.05 - loss / 2], size=400)
    uppers = [tango(Pairs(same, worse, better, 0), confidence=0.95)[1] for same, worse, better in drawn]
    assert np.mean(np.array(uppers) <= 0.05) == pytest.approx(0.8, abs=0.06)
    assert loss_to_pass(0.1, 0.05, 100) is None
