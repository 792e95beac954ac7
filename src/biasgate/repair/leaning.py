"""How a network leans on the attribute, read on samples that no trial learned from; importing this imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.repair_record import Leaning
from biasgate.errors import CandidateError, InputError
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.bias import mean_of, read_bias
from biasgate.repair.heads.last_layer import head_of, read_features
from biasgate.repair.heads.linear import LinearHead, Samples
from biasgate.repair.pairs import found_pairs, pair_rows
from biasgate.repair.reliance import reaches_samples, reliance

THRESHOLD = 0.05
"""δ: a mean difference of the true label's probability between pairs above this, by its interval, is bias."""


@dataclass(frozen=True, eq=False)
class Leant:
    """How a network leans, and what a comparison with another needs.

    Attributes:
        told: What the record says.
        shares: Attribution share of each cluster whose pairs were attributed, if the data gives pairs.
    """

    told: Leaning | None = None
    shares: NDArray[np.float64] | None = None


def leaning(classifier: PixelClassifier, data: RepairData) -> Leant:
    """The bias of the head, and where the data gives counterfactual pairs how far decisions rely on the attribute.

    A network that does not end in a linear layer is taken for a head that passes its logits on.

    Returns:
        Nothing told where fewer than two pairs are given or can be matched.
    """
    head, samples = _head_and_features(classifier, data)
    try:
        pairs = found_pairs(samples, data)
    except InputError:
        return Leant()
    if len(pairs) < 2:
        return Leant()
    given = len(pair_rows(data)[0]) and reaches_samples(classifier, data)
    relied, shares = reliance(classifier, data) if given else (None, None)
    return Leant(Leaning(bias=read_bias(head, pairs, threshold=THRESHOLD), reliance=relied), shares)


def attribution_change(before: Leant, after: Leant) -> Estimate | None:
    """Attribution share after − before, paired, of networks that were read on the same data."""
    if before.shares is None or after.shares is None or len(before.shares) < 2:
        return None
    return mean_of(after.shares - before.shares, 0.95)


def _head_and_features(classifier: PixelClassifier, data: RepairData) -> tuple[LinearHead, Samples]:
    try:
        return head_of(classifier.network), read_features(classifier, data)
    except CandidateError:
        with torch.no_grad():
            logits = classifier(data.samples).double().numpy()
        classes = logits.shape[1]
        return LinearHead.of(np.eye(classes), np.zeros(classes)), Samples(logits, data.labels.numpy())
