"""Rivals that train a network anew, or on, from the biased training images; each is our reading of its paper.

One setting each, the paper's as far as we know it: a second run would cost a training.
"""

from __future__ import annotations

import torch
from repair_wide_world import BATCH, PART, Wide, new_network, train
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

AMPLIFIED, SMOOTHED = 0.7, 0.7
"""LfF: q of the generalised cross-entropy, and how much of an average stays."""
TANGLED = 0.1
"""EnD: how much either term counts."""
MASKED, GENTLE = 2.0, 1e-4
"""MaskTune: standard deviations above the mean from which a pixel is masked, and the peak of its learning rate."""


def learning_from_failure(samples: Tensor, labels: Tensor, *, seed: int) -> Wide:
    """LfF (Nam et al., arXiv 2007.02561): what a second network that loves the easy gets wrong counts more.

    A sample counts L_b / (L_b + L_d), losses smoothed over its visits and divided by the largest of its class.
    """
    networks = new_network(seed + 1000), new_network(seed)
    averages = torch.zeros(2, len(labels))

    def loss(rows: Tensor) -> Tensor:
        logits = [network(samples[rows]) for network in networks]
        losses = torch.stack([cross_entropy(one, labels[rows], reduction="none") for one in logits])
        averages[:, rows] = SMOOTHED * averages[:, rows] + (1 - SMOOTHED) * losses.detach()
        biased, debiased = _relative(averages, labels)[:, rows]
        weights = biased / (biased + debiased).clamp(min=1e-8)
        believed = (-losses[0]).exp()
        return ((1 - believed**AMPLIFIED) / AMPLIFIED).mean() + (weights * losses[1]).mean()

    train([p for network in networks for p in network.parameters()], loss, count=len(labels), seed=seed)
    return networks[1].eval()


def _relative(averages: Tensor, labels: Tensor) -> Tensor:
    """Each network's losses by the largest of the label."""
    largest = torch.stack([averages[:, labels == label].amax(dim=1) for label in range(int(labels.max()) + 1)], dim=1)
    return averages / largest[:, labels].clamp(min=1e-8)


def entangling(samples: Tensor, labels: Tensor, values: Tensor, *, seed: int) -> Wide:
    """EnD (Tartaglione, Barbano and Grangetto, arXiv 2103.02023), which knows each training image's attribute.

    Cosines of features are driven to 0 between samples of one attribute value, and to 1 between samples of one label
    whose values differ.
    """
    network = new_network(seed)

    def loss(rows: Tensor) -> Tensor:
        features, own, worn = network.features(samples[rows]), labels[rows], values[rows]
        directions = normalize(features)
        cosines = directions @ directions.T
        same_label, same_value = own[:, None] == own, worn[:, None] == worn
        disentangled = cosines[same_value & ~torch.eye(len(rows), dtype=torch.bool)].abs().sum() / len(rows)
        entangled = cosines[same_label & ~same_value].sum() / len(rows)
        return cross_entropy(network.network.classifier(features), own) + TANGLED * (disentangled - entangled)

    train(list(network.parameters()), loss, count=len(labels), seed=seed)
    return network.eval()


def mask_tuned(candidate: Wide, samples: Tensor, labels: Tensor, *, seed: int) -> Wide:
    """MaskTune (Taghanaki et al., arXiv 2210.00055): one gentle epoch on images without what the candidate looks at.

    Saliency is |pixel × gradient| of the decision's logit where the paper has Grad-CAM: the last map is one pixel wide.
    """
    network = new_network(seed)
    network.load_state_dict(candidate.state_dict())
    masked = torch.cat([_without_salient(candidate, part) for part in samples.split(PART)])

    def loss(rows: Tensor) -> Tensor:
        return cross_entropy(network(masked[rows]), labels[rows])

    network.train()
    train(list(network.parameters()), loss, count=len(labels), seed=seed, steps=-(-len(labels) // BATCH), peak=GENTLE)
    return network.eval()


def _without_salient(network: Wide, samples: Tensor) -> Tensor:
    given = samples.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(given).amax(dim=1).sum(), given)
    salient = (given.detach() * gradient).sum(dim=1, keepdim=True).abs()
    mean, spread = salient.mean(dim=(2, 3), keepdim=True), salient.std(dim=(2, 3), keepdim=True)
    return samples * (salient <= mean + MASKED * spread)
