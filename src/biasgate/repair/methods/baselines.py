"""Baselines that train on the repair data: full and last-layer fine-tuning, balanced, GroupDRO, JTT; imports torch."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material
from biasgate.repair.fine_tuning import Loss, Settings, repair_by_training
from biasgate.repair.groups import balancing_weights, groups_of

RATES = (Settings(2e-2), Settings(1e-2))
HEAD_RATES = (Settings(3e-2), Settings(1e-2))
UPWEIGHTS = (Settings(2e-2, upweight=5.0), Settings(1e-2, upweight=5.0))
STEP = 0.01
"""η of GroupDRO."""


def plain(_classifier: PixelClassifier, data: Material, _settings: Settings) -> Loss:
    """Mean cross-entropy."""
    return weighted(data, torch.ones(len(data)))


def balanced(_classifier: PixelClassifier, data: Material, _settings: Settings) -> Loss:
    """Every group counts as much as any other: weights inverse to its size."""
    return weighted(data, balancing_weights(data))


def reweighing(_classifier: PixelClassifier, data: Material, _settings: Settings) -> Loss:
    """Kamiran and Calders 2012: weights P(a) P(y) / P(a, y), under which attribute and label are independent."""
    cells = torch.zeros(data.kinds, int(data.labels.max()) + 1).index_put(
        (data.values, data.labels), torch.ones(len(data)), accumulate=True
    )
    expected = cells.sum(dim=1, keepdim=True) * cells.sum(dim=0, keepdim=True) / len(data)
    return weighted(data, expected[data.values, data.labels] / cells[data.values, data.labels])


def jtt(classifier: PixelClassifier, data: Material, settings: Settings) -> Loss:
    """Just train twice (Liu et al., arXiv 2107.09044): what the original gets wrong counts ``upweight`` times."""
    with torch.no_grad():
        wrong = classifier(data.samples).argmax(dim=1) != data.labels
    return weighted(data, 1 + (settings.upweight - 1) * wrong.float())


def group_dro(_classifier: PixelClassifier, data: Material, _settings: Settings) -> Loss:
    """Group distributionally robust optimisation (Sagawa et al., arXiv 1911.08731).

    Σ_g q_g L_g over the groups of a batch, q_g ∝ q_g exp(η L_g) before; samples weighed by group as in ``balanced``.
    """
    groups, weights = groups_of(data), balancing_weights(data)
    share = (torch.bincount(groups) > 0).float()
    share = share / share.sum()

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        nonlocal share
        losses = cross_entropy(logits, data.labels[rows], reduction="none")
        totals = torch.zeros_like(share).index_add(0, groups[rows], weights[rows] * losses)
        counts = torch.zeros_like(share).index_add(0, groups[rows], weights[rows])
        means = totals / counts.clamp(min=1e-9)
        share = share * (STEP * means.detach()).exp()
        share = share / share.sum()
        return share @ means

    return loss


def weighted(data: Material, weights: Tensor) -> Loss:
    """Cross-entropy in which a sample counts by its weight, scaled to mean 1."""
    scaled = weights / weights.mean()

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        return (scaled[rows] * cross_entropy(logits, data.labels[rows], reduction="none")).mean()

    return loss


fine_tune = partial(repair_by_training, grid=RATES, make_loss=plain)
fine_tune_head = partial(repair_by_training, grid=HEAD_RATES, make_loss=plain, head_only=True)
kamiran_calders = partial(repair_by_training, grid=RATES, make_loss=reweighing)
reweight = partial(repair_by_training, grid=RATES, make_loss=balanced)
robust = partial(repair_by_training, grid=RATES, make_loss=group_dro)
train_twice = partial(repair_by_training, grid=UPWEIGHTS, make_loss=jtt)
