"""How a network leans on the attribute, read on samples that no trial learned from; importing this imports torch."""

from __future__ import annotations

import numpy as np
import torch

from biasgate.contracts.repair_record import Leaning
from biasgate.errors import CandidateError
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.bias import read_bias
from biasgate.repair.heads.last_layer import head_of, read_features
from biasgate.repair.heads.linear import LinearHead, Samples
from biasgate.repair.pairs import found_pairs, pair_rows
from biasgate.repair.reliance import reliance

THRESHOLD = 0.05
"""δ: a mean difference of the true label's probability between pairs above this, by its interval, is bias."""


def leaning(classifier: PixelClassifier, data: RepairData) -> Leaning | None:
    """The bias of the head, and where the data gives counterfactual pairs how far decisions rely on the attribute.

    A network that does not end in a linear layer is taken for a head that passes its logits on.

    Returns:
        None where fewer than two pairs are given or can be matched.
    """
    head, samples = _head_and_features(classifier, data)
    pairs = found_pairs(samples, data)
    if len(pairs) < 2:
        return None
    return Leaning(
        bias=read_bias(head, pairs, threshold=THRESHOLD),
        reliance=reliance(classifier, data) if len(pair_rows(data)[0]) else None,
    )


def _head_and_features(classifier: PixelClassifier, data: RepairData) -> tuple[LinearHead, Samples]:
    try:
        return head_of(classifier.network), read_features(classifier, data)
    except CandidateError:
        with torch.no_grad():
            logits = classifier(data.samples).double().numpy()
        classes = logits.shape[1]
        return LinearHead.of(np.eye(classes), np.zeros(classes)), Samples(logits, data.labels.numpy())
