"""Roles never share a cluster."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import twins
from biasgate.data.splits import ROLE_SHARES, Role, role, split
from biasgate.errors import InputError


@st.composite
def grouped_sets(draw: st.DrawFn) -> Dataset:
    """Sets of 40 to 120 clusters a class, each cluster of one to three rows, in any order."""
    classes = draw(st.integers(2, 4))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    unit_labels = np.repeat(np.arange(classes), generator.integers(40, 120, size=classes))
    clusters = generator.permutation(np.repeat(np.arange(len(unit_labels)), generator.integers(1, 4, len(unit_labels))))
    return Dataset(
        samples=np.zeros((len(clusters), 1), dtype=np.float32),
        labels=unit_labels[clusters],
        classes=tuple(map(str, range(classes))),
        attributes=pd.DataFrame(index=range(len(clusters))),
        clusters=clusters,
    )


def test_digits_fall_into_roles_of_the_planned_sizes(digits: Dataset) -> None:
    parts = {name: role(digits, name) for name in ROLE_SHARES}
    assert [len(part) for part in parts.values()] == [1250, 750, 750, 500, 600, 400, 750]
    for part in parts.values():
        assert len(set(np.bincount(part.labels))) == 1


@settings(max_examples=25, deadline=None)
@given(grouped_sets(), st.integers(0, 1000))
def test_roles_are_disjoint_in_units_and_together_everything(dataset: Dataset, seed: int) -> None:
    clusters = [set(role(dataset, name, seed=seed).clusters.tolist()) for name in ROLE_SHARES]
    assert all(first.isdisjoint(second) for first, second in combinations(clusters, 2))
    assert set.union(*clusters) == set(dataset.clusters.tolist())
    assert sum(len(role(dataset, name, seed=seed)) for name in ROLE_SHARES) == len(dataset)


@settings(max_examples=25, deadline=None)
@given(grouped_sets(), st.sampled_from(sorted(ROLE_SHARES)))
def test_each_label_gives_its_share_of_clusters(dataset: Dataset, name: Role) -> None:
    chosen = role(dataset, name)
    for label in range(len(dataset.classes)):
        count = np.unique(chosen.clusters[chosen.labels == label]).size
        total = np.unique(dataset.clusters[dataset.labels == label]).size
        assert abs(count - ROLE_SHARES[name] * total) < 1


@settings(max_examples=25, deadline=None)
@given(grouped_sets(), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(dataset: Dataset, seed: int) -> None:
    shuffled = dataset.take(np.random.default_rng(seed).permutation(len(dataset)))
    assert set(role(shuffled, "gate").clusters.tolist()) == set(role(dataset, "gate").clusters.tolist())


def test_another_seed_deals_otherwise(digits: Dataset) -> None:
    assert role(digits, "gate", seed=0).digest == role(digits, "gate", seed=0).digest
    assert role(digits, "gate", seed=0).digest != role(digits, "gate", seed=1).digest


def test_twins_stay_together(digits: Dataset) -> None:
    both = twins(role(digits, "repair"), palette=PAPER_PALETTE, rng=np.random.default_rng(0))
    repair, validation = split(both, share=0.5, seed=0)
    assert len(repair) == len(validation) == 400
    assert set(repair.clusters.tolist()).isdisjoint(validation.clusters.tolist())
    assert set(np.unique(repair.clusters, return_counts=True)[1]) == {2}


def test_multi_label_sets_are_split_by_their_combinations() -> None:
    labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 20)
    dataset = Dataset(
        samples=np.zeros((80, 1), dtype=np.float32),
        labels=labels,
        classes=("smile", "frown"),
        attributes=pd.DataFrame(index=range(80)),
        clusters=np.arange(80),
    )
    first, _ = split(dataset, share=0.5, seed=0)
    assert np.unique(first.labels, axis=0, return_counts=True)[1].tolist() == [10] * 4


def test_an_unknown_role_names_the_known_ones(digits: Dataset) -> None:
    with pytest.raises(InputError, match=r"no role 'test'.*gate"):
        role(digits, "test")  # pyright: ignore[reportArgumentType]  # no role, which is the case


def test_a_set_too_small_for_a_role_is_refused(people: Dataset) -> None:
    with pytest.raises(InputError, match="too few clusters"):
        role(people, "repair")


@pytest.mark.parametrize("share", [0.0, 1.0, 0.01])
def test_a_split_that_leaves_a_side_empty_is_refused(people: Dataset, share: float) -> None:
    with pytest.raises(InputError, match="leaves one side empty"):
        split(people, share=share, seed=0)
