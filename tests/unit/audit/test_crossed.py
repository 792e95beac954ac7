"""The estimator on arrays whose truth is known, without any network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp

from biasgate.audit.crossed import crossed_mean

SEEDS, IMAGES = 10, 200


def differences(
    rng: np.random.Generator, *, gap: float = 0.0, by_seed: float = 0.0, by_image: float = 0.1
) -> np.ndarray:
    """y(k) − y(k₀) of two arms whose second half of the images is one subgroup ``[seeds, images]``."""
    second = np.arange(IMAGES) >= IMAGES // 2
    base = 0.6 + rng.normal(scale=by_image, size=IMAGES)
    shift = np.where(second, gap + rng.normal(scale=by_seed, size=(SEEDS, 1)), 0)
    arms = (np.clip(base + s, 0, 1) for s in (shift, np.zeros_like(shift)))
    after, before = (rng.random((SEEDS, IMAGES)) < p for p in arms)
    return after.astype(float) - before


def false_positives(p_values: list[float]) -> tuple[float, float]:
    interval = binomtest(sum(p < 0.05 for p in p_values), len(p_values)).proportion_ci(0.95)
    return interval.low, interval.high


def test_permuted_subgroups_are_named_as_often_as_the_level_says() -> None:
    """One experiment in which an effect of the images is real; its subgroup labels are dealt out anew 1,000 times."""
    rng = np.random.default_rng(0)
    values = differences(rng) + rng.normal(scale=0.3, size=IMAGES)
    second, clusters = np.arange(IMAGES) < IMAGES // 2, np.arange(IMAGES)
    low, high = false_positives(
        [crossed_mean(values, clusters, minus=rng.permutation(second)).p_value() for _ in range(1000)]
    )
    assert low < 0.05 < high


def test_with_seeds_that_favour_a_subgroup_at_random_the_level_still_holds() -> None:
    """Each experiment draws new seeds, whose effect on the gap is zero only on average: the case of few clusters."""
    rng, second = np.random.default_rng(1), np.arange(IMAGES) >= IMAGES // 2
    p_values = [
        crossed_mean(differences(rng, by_seed=0.15), np.arange(IMAGES), minus=second).p_value() for _ in range(1000)
    ]
    low, high = false_positives(p_values)
    assert low < 0.05 < high


def test_a_planted_effect_on_the_gap_is_covered_by_its_interval_and_has_its_sign() -> None:
    rng, second = np.random.default_rng(2), np.arange(IMAGES) >= IMAGES // 2
    clusters = np.arange(IMAGES)
    found = [crossed_mean(differences(rng, gap=0.2, by_seed=0.05), clusters, minus=second) for _ in range(300)]
    estimates = [mean.estimate(confidence=0.95) for mean in found]
    assert np.mean([mean.value for mean in found]) == pytest.approx(-0.2, abs=0.01)
    assert np.mean([e.low <= -0.2 <= e.high for e in estimates]) > 0.92
    assert np.mean([mean.p_value() < 0.05 for mean in found]) > 0.9


def test_on_fixed_images_it_is_the_t_test_over_seeds() -> None:
    rng, second = np.random.default_rng(3), np.arange(IMAGES) >= IMAGES // 2
    values = differences(rng, gap=0.1)
    expected = ttest_1samp(values[:, ~second].mean(axis=1) - values[:, second].mean(axis=1), 0)
    low, high = crossed_mean(values, np.arange(IMAGES), minus=second).fixed(confidence=0.95)
    interval = expected.confidence_interval(0.95)
    assert (low, high) == pytest.approx((interval.low, interval.high))


def test_persons_seen_twice_count_once() -> None:
    rng = np.random.default_rng(4)
    values = differences(rng, by_image=0.3)
    once, twice = (
        crossed_mean(values, np.arange(IMAGES)),
        crossed_mean(np.tile(values, 2), np.tile(np.arange(IMAGES), 2)),
    )
    assert (twice.value, twice.variance, twice.clusters) == pytest.approx((once.value, once.variance, once.clusters))


def test_where_nothing_varied_the_interval_is_what_as_many_images_would_have_shown() -> None:
    mean = crossed_mean(np.zeros((SEEDS, IMAGES)), np.arange(IMAGES))
    estimate = mean.estimate(confidence=0.95)
    assert (mean.p_value(), estimate.value) == (1.0, 0.0)
    assert -estimate.low == estimate.high == pytest.approx(3 / IMAGES, rel=0.01)


@given(st.integers(0, 2**32), st.integers(2, 6), st.integers(4, 40))
def test_swapping_the_subgroups_only_turns_the_sign(seed: int, seeds: int, images: int) -> None:
    rng = np.random.default_rng(seed)
    values, clusters = rng.integers(-1, 2, size=(seeds, images)).astype(float), rng.integers(images, size=images)
    clusters[:2] = 0, 1
    minus = np.arange(images) % 2 == 0
    one, other = (crossed_mean(values, clusters, minus=side) for side in (minus, ~minus))
    assert (one.value, one.variance, one.degrees) == pytest.approx((-other.value, other.variance, other.degrees))
    assert one.variance >= one.fixed_variance
