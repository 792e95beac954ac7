"""How much decisions lean on the attribute, over counterfactual pairs: swaps and attributions; imports torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasgate.contracts.repair_record import Reliance
from biasgate.errors import InputError
from biasgate.repair.classifier import PART, PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.bias import mean_of
from biasgate.repair.pairs import pair_rows

PATH = 12
"""Points of the path that gradients are averaged over."""
MOST = 200
"""Most pairs whose decisions are attributed."""


def reliance(classifier: PixelClassifier, data: RepairData) -> tuple[Reliance, NDArray[np.float64]]:
    """Swap rate and attribution share of a classifier over the counterfactual pairs in the data.

    Returns:
        Both, and the attribution share of each cluster whose pairs were attributed, a mean over these: of the same
        pairs for every classifier.

    Raises:
        InputError: No cluster has an aligned and a conflicting sample.
    """
    aligned, conflicting = pair_rows(data)
    if not len(aligned):
        raise InputError("no cluster has an aligned and a conflicting sample", fix="give counterfactual pairs")
    with torch.no_grad():
        decisions = classifier(data.samples).argmax(dim=1)
    chosen = np.linspace(0, len(aligned) - 1, min(MOST, len(aligned)), dtype=np.int64)
    attributed = attribution_shares(
        classifier, data.samples[aligned[chosen]], data.samples[conflicting[chosen]], data.labels[aligned[chosen]]
    )
    _, cluster = np.unique(data.clusters.numpy()[aligned[chosen]], return_inverse=True)
    shares = np.bincount(cluster, weights=attributed) / np.bincount(cluster)
    swapped = (decisions[aligned] != decisions[conflicting]).double().mean()
    told = Reliance(
        swap_rate=float(swapped),
        attribution_share=float(shares.mean()),
        twins=len(aligned),
        attribution=mean_of(shares, 0.95) if len(shares) > 1 else None,
    )
    return told, shares


def reaches_samples(classifier: PixelClassifier, data: RepairData) -> bool:
    """Whether logits have gradients by the samples; those of a network that looks words up by number have none."""
    sample = data.samples[:1].clone().requires_grad_()
    logits = classifier(sample)
    if logits.requires_grad:
        logits.sum().backward(inputs=[sample])
    return sample.grad is not None


def attribution_shares(
    classifier: PixelClassifier, samples: Tensor, counterfactuals: Tensor, labels: Tensor
) -> NDArray[np.float64]:
    """Share of the attributions to the label's logit that the attribute has, of each sample ``[n]``, in [0, 1].

    Integrated gradients (Sundararajan et al., arXiv 1703.01365; captum's) along two straight paths, from zero to the
    counterfactual and from there to the sample: the second changes the attribute alone. A path's weight is the sum over
    pixels (or columns) of absolute attributions, channels added; the share is the second's of both. Our reading of the
    claim of Shukla et al., arXiv 2404.11819, that decisions lean less on the attribute. Samples go through in parts.

    Args:
        classifier: Model from samples to logits.
        samples: ``[n, channels, height, width]`` or ``[n, features]``.
        counterfactuals: The same samples with another value of the attribute.
        labels: Class whose logit is attributed ``[n]``.
    """
    from captum.attr import IntegratedGradients

    integrated = IntegratedGradients(classifier)

    def weight(start: Tensor, end: Tensor, target: Tensor) -> Tensor:
        found = integrated.attribute(
            end, baselines=start, target=target, n_steps=PATH, internal_batch_size=len(end)
        ).detach()
        return (found.sum(dim=1) if found.ndim == 4 else found).flatten(1).abs().sum(dim=1)

    def share(sample: Tensor, other: Tensor, label: Tensor) -> Tensor:
        attribute, rest = weight(other, sample, label), weight(torch.zeros_like(other), other, label)
        return attribute / (attribute + rest).clamp(min=1e-12)

    size = max(1, PART // max(1, samples[:1].numel()))
    parts = zip(samples.split(size), counterfactuals.split(size), labels.split(size), strict=True)
    return torch.cat([share(*part) for part in parts]).double().numpy()
