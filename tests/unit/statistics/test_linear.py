import numpy as np
import pytest

from biasgate.statistics.linear import correlation


def test_correlation_sees_shared_units_only():
    parts, clusters = np.array([0.5, -0.5, 0.5, -0.5]), np.arange(4)
    assert correlation(parts, clusters, parts, clusters) == pytest.approx(1)
    assert correlation(parts, clusters, -parts, clusters) == pytest.approx(-1)
    assert correlation(parts, clusters, parts, clusters + 4) == 0
