"""How a network leans on the attribute, read on samples that no trial learned from; importing this imports torch."""

from __future__ import annotations

from biasgate.contracts.repair_record import Leaning
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.bias import read_bias
from biasgate.repair.heads.last_layer import head_of, read_features
from biasgate.repair.pairs import found_pairs, pair_rows
from biasgate.repair.reliance import reliance

THRESHOLD = 0.05
"""δ: a mean difference of the true label's probability between pairs above this, by its interval, is bias."""


def leaning(classifier: PixelClassifier, data: RepairData) -> Leaning | None:
    """The bias of the head, and where the data gives counterfactual pairs how far decisions rely on the attribute.

    Returns:
        None where fewer than two pairs are given or can be matched.

    Raises:
        CandidateError: The last layer is not linear.
    """
    pairs = found_pairs(read_features(classifier, data), data)
    if len(pairs) < 2:
        return None
    return Leaning(
        bias=read_bias(head_of(classifier.network), pairs, threshold=THRESHOLD),
        reliance=reliance(classifier, data) if len(pair_rows(data)[0]) else None,
    )
