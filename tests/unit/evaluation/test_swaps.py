import numpy as np

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.swaps import swap_rate

SPEC = EvaluationSpec(attributes=("colour",), minimum=2)


def test_only_units_that_differ_in_the_attribute_alone_count(dataset_of):
    """Cluster 0 is swapped, 1 is not; 2 changes its label, 3 keeps its colour, 4 has one row."""
    dataset = dataset_of(
        clusters=[0, 0, 1, 1, 2, 2, 3, 3, 4],
        labels=[0, 0, 1, 1, 0, 1, 2, 2, 0],
        colour=["r", "g", "r", "g", "r", "g", "r", "r", "g"],
    )
    found = swap_rate(dataset, SPEC, np.array([0, 1, 1, 1, 0, 1, 0, 1, 2]))
    assert (found.value, found.n) == (0.5, 2)


def test_a_unit_of_several_labels_counts_once(dataset_of):
    dataset = dataset_of(clusters=[0] * 4 + [1] * 4, labels=[0, 0, 1, 1] * 2, colour=["r", "g"] * 4)
    found = swap_rate(dataset, SPEC, np.array([0, 1, 1, 1, 0, 0, 1, 1]))
    assert (found.value, found.n) == (0.5, 2)


def test_without_enough_pairs_there_is_no_swap_rate(dataset_of):
    dataset = dataset_of(labels=[0, 0, 1], colour=["r", "g", "r"])
    assert swap_rate(dataset, SPEC, np.array([0, 0, 1])) is None
