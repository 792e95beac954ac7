from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.data.faces.drawn.attributes import ACTION_UNITS
from biasgate.data.faces.drawn.drawing import draw_faces
from biasgate.data.faces.drawn.regions import FACE_REGIONS
from biasgate.data.faces.drawn.traits import POSE, sample_traits
from biasgate.data.regions import Region, RegionMap
from biasgate.data.sources.synthetic_faces import synthetic_faces
from biasgate.errors import InputError

LEFT = ((-1.0, -1.0), (0.0, -1.0), (0.0, 1.0), (-1.0, 1.0))
CORNER = ((-1.0, -1.0), (-0.5, -1.0), (-0.5, -0.5), (-1.0, -0.5))
MAP = RegionMap(
    regions=(Region(name="left", shapes=(LEFT,)), Region(name="corner", shapes=(CORNER,))),
    evidence={"smile": ("left", "corner"), "lost": ("nose",)},
)


@given(height=st.integers(4, 40), width=st.integers(4, 40))
def test_every_pixel_belongs_to_regions_once(height: int, width: int) -> None:
    assert np.allclose(MAP.coverage(height, width).sum(axis=0), 1)


def test_a_later_region_takes_what_overlaps_and_areas_are_exact() -> None:
    left, corner, rest = MAP.coverage(16, 16)
    assert (left.mean(), corner.mean(), rest.mean()) == pytest.approx((7 / 16, 1 / 16, 1 / 2))
    assert corner[:4, :4].min() == 1
    assert left[:, 8:].max() == 0
    assert MAP.inside("smile", 16, 16).mean() == pytest.approx(1 / 2)


@pytest.mark.parametrize("label", ["lost", "frown"])
def test_a_label_without_regions_says_which_there_are(label: str) -> None:
    with pytest.raises(InputError, match="left"):
        MAP.inside(label, 16, 16)


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("unit", ACTION_UNITS)
def test_what_an_action_unit_changes_on_an_aligned_face_lies_in_its_regions(unit: str, size: int) -> None:
    traits = sample_traits(people=60, seed=4).assign(**dict.fromkeys(POSE, 0.5))
    without, shown = (draw_faces(traits.assign(**{unit: value}), size=size).astype(float) for value in (0.0, 1.0))
    changed = np.abs(shown - without).sum(axis=(0, 3))
    assert (changed * FACE_REGIONS.inside(unit, size, size)).sum() > 0.87 * changed.sum()


def test_aligned_faces_are_the_same_persons_in_the_middle_of_the_image() -> None:
    free, aligned = (synthetic_faces(people=8, size=32, seed=2, aligned=value) for value in (False, True))
    assert free.attributes.equals(aligned.attributes)
    assert (free.labels == aligned.labels).all()
    assert (free.array != aligned.array).any()
    traits = sample_traits(people=8, seed=2).assign(**dict.fromkeys(POSE, 0.5))
    assert (aligned.array == draw_faces(traits, size=32)).all()
