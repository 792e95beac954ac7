from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from biasgate.attribution.region_numbers import region_numbers
from biasgate.data.regions import Region, RegionMap

QUARTER = RegionMap(
    regions=(Region(name="quarter", shapes=(((-1.0, -1.0), (0.0, -1.0), (0.0, 0.0), (-1.0, 0.0)),)),),
    evidence={"label": ("quarter",)},
)
FLOATS = arrays(np.float32, (3, 1, 8, 8), elements=st.floats(-4, 4, width=32))


def test_share_density_and_net_have_their_closed_forms() -> None:
    maps = np.zeros((3, 1, 8, 8), np.float32)
    maps[0] = -1.0
    maps[1, 0, :4, :4], maps[1, 0, 4:, 4:] = 3.0, -1.0
    numbers = region_numbers(maps, QUARTER, ("label",))
    assert numbers.share[:, 0] == pytest.approx([1 / 4, 3 / 4, 1 / 4])
    assert np.exp(numbers.density[:, 0]) == pytest.approx([1, 9, 1])
    assert numbers.net[:, 0] == pytest.approx(np.array([[-16, -48], [48, -16], [0, 0]]))
    assert numbers.parts[1, 0] == pytest.approx([3 / 4, 1 / 4])


@given(maps=FLOATS, factor=st.floats(0.5, 100))
def test_shares_add_up_and_do_not_depend_on_scale_or_sign(maps: np.ndarray, factor: float) -> None:
    numbers = region_numbers(maps, QUARTER, ("label",))
    scaled = region_numbers((-factor * maps).astype(np.float32), QUARTER, ("label",))
    assert np.allclose(numbers.parts.sum(axis=2), 1)
    assert np.allclose(numbers.net.sum(axis=2), maps.sum(axis=(2, 3), dtype=float), atol=1e-3)
    normal = np.abs(maps).sum(axis=(2, 3)) > 1e-3
    assert np.allclose(numbers.share[normal], scaled.share[normal], atol=1e-4)
