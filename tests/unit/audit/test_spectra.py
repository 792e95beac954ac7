from __future__ import annotations

import numpy as np
import pytest

from biasgate.audit.spectra import centroid, radial_power


def test_a_single_tap_answers_to_all_frequencies_alike() -> None:
    power = radial_power(np.ones((2, 3, 1, 1)))
    assert power == pytest.approx(np.full(len(power), 1 / len(power)))
    assert centroid(power) == pytest.approx(0.25)


def test_an_average_answers_to_low_frequencies_and_more_so_the_wider_it_is_and_a_laplacian_to_high_ones() -> None:
    laplacian = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=float)[None, None]
    found = [float(centroid(radial_power(w))) for w in (np.ones((1, 1, 7, 7)), np.ones((1, 1, 3, 3)), laplacian)]
    assert found[0] < found[1] < 0.25 < found[2]


def test_dilation_is_seen_as_taps_that_lie_apart() -> None:
    weight = np.random.default_rng(0).normal(size=(4, 3, 3, 3))
    apart = np.zeros((4, 3, 7, 7))
    apart[..., ::3, ::3] = weight
    assert radial_power(weight, dilation=3) == pytest.approx(radial_power(apart))
