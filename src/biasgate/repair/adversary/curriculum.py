"""The adversarial curriculum: easy counterfactuals first, then those that change the decision; imports torch.

Our reading of Shukla, Srikanth, Cohen and Turk, arXiv 2404.11819, whose steps, radii and loss are not published in a
form that we could read. Ours are: counterfactuals are made once a round, and those of the latest rounds are learned
together; stage 2 weighs each by how far the decision moved, which fades out those that left it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy, kl_div

from biasgate.errors import InputError
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.method import Watch
from biasgate.repair.views import random_views

ROUNDS, EASY_ROUNDS, STEPS, KEPT = 8, 2, 48, 3
EASY_RADIUS, EASY_WEIGHT = 0.1, 0.5
BATCH, LEARNING_RATE = 64, 1e-2
HEAVIEST = 3.0
"""Rounds, how many of them are stage 1, steps a round, rounds whose counterfactuals are kept; radius and λ of stage 1;
pairs a step and peak learning rate; largest weight of a counterfactual."""

Change = Callable[[PixelClassifier, RepairData, float, Generator], Tensor]
"""From a classifier, data, a radius and a source of randomness to one changed image a sample."""


@dataclass(frozen=True)
class Round:
    """One round: its counterfactuals are made together, then learned for ``STEPS``.

    Attributes:
        easy: Stage 1: only counterfactuals that leave the decision as it was, untied.
        radius: Of the attack.
        weight: λ.
        tie: μ.
    """

    easy: bool
    radius: float
    weight: float
    tie: float


def rounds(*, radius: float, weight: float, tie: float) -> tuple[Round, ...]:
    """The curriculum: ``EASY_ROUNDS`` of stage 1, then radius and weight rise linearly to these values."""
    start = min(EASY_RADIUS, radius)
    easy = Round(easy=True, radius=start, weight=EASY_WEIGHT, tie=0.0)
    hard = ROUNDS - EASY_ROUNDS
    shares = [(step + 1) / hard for step in range(hard)]
    return (easy,) * EASY_ROUNDS + tuple(
        Round(easy=False, radius=start + share * (radius - start), weight=max(share, 0.5) * weight, tie=tie)
        for share in shares
    )


@dataclass(frozen=True, eq=False)
class Counterfactuals:
    """One for each sample.

    Attributes:
        pixels: ``[n, channels, height, width]``.
        weights: How much each counts, ``[n]``.
    """

    pixels: Tensor
    weights: Tensor


def counterfactuals(
    classifier: PixelClassifier, data: RepairData, part: Round, change: Change, *, generator: Generator
) -> Counterfactuals:
    """Changes every sample as far as the round's radius allows, and weighs it by what the classifier made of that."""
    pixels = change(classifier, data, part.radius, generator)
    with torch.no_grad():
        before, after = classifier(data.samples).softmax(dim=1), classifier(pixels).softmax(dim=1)
    return Counterfactuals(pixels, unmoved(before, after) if part.easy else movement(before, after))


def unmoved(before: Tensor, after: Tensor) -> Tensor:
    """1 where the decision stayed, else 0, from probabilities ``[n, classes]``."""
    return (before.argmax(dim=1) == after.argmax(dim=1)).float()


def movement(before: Tensor, after: Tensor) -> Tensor:
    """Jensen–Shannon divergence of two decisions ``[n]``, scaled to mean 1, at most ``HEAVIEST``."""
    middle = ((before + after) / 2).clamp(min=1e-12).log()
    divergence = sum((kl_div(middle, p, reduction="none").sum(dim=1) for p in (before, after)), torch.zeros(()))
    return (divergence.clamp(min=0) / divergence.mean().clamp(min=1e-4)).clamp(max=HEAVIEST)


def fine_tune(
    classifier: PixelClassifier,
    data: RepairData,
    *,
    parts: Sequence[Round],
    change: Change,
    seed: int,
    watch: Watch,
) -> None:
    """Takes the classifier through the curriculum, in place; every part of it learns.

    L = [CE(f(x), y) + λ w CE(f(x'), y) + μ KL(sg f(x) ‖ f(x'))] / (1 + λ + μ), half of each batch clean, both halves
    of a pair under the same random view, w the counterfactual's weight and sg the stop-gradient. Adam, one-cycle.

    Args:
        classifier: Model to train.
        data: Images to learn from.
        parts: Rounds in their order.
        change: How counterfactuals are made.
        seed: Source of all randomness.
        watch: Function to call with the network after each round.

    Raises:
        InputError: The loss is not finite.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(classifier.parameters(), LEARNING_RATE, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=len(parts) * STEPS, cycle_momentum=False
    )
    kept: list[Counterfactuals] = []
    for part in parts:
        kept = [*kept, counterfactuals(classifier, data, part, change, generator=generator)][-KEPT:]
        for rows in batches(len(data), size=BATCH, count=STEPS, generator=generator):
            chosen = kept[int(torch.randint(len(kept), (), generator=generator))]
            pairs = torch.cat([data.samples[rows], chosen.pixels[rows]], dim=1)
            views = torch.cat(random_views(pairs, generator=generator).chunk(2, dim=1))
            loss = _loss(classifier(views), data.labels[rows], chosen.weights[rows], part)
            if not loss.isfinite():
                raise InputError("the loss of the repair is not finite", fix="check the repair data and the weights")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        watch(classifier.network)


def batches(n: int, *, size: int, count: int, generator: Generator) -> tuple[Tensor, ...]:
    """Rows of ``count`` steps, ``size`` each or all there are: all samples in random order, again and again."""
    size = min(size, n)
    order = torch.cat([torch.randperm(n, generator=generator) for _ in range(-(-count * size // n))])
    return order[: count * size].split(size)


def _loss(logits: Tensor, labels: Tensor, weights: Tensor, part: Round) -> Tensor:
    """The loss of ``fine_tune``; ``logits`` holds originals, then counterfactuals."""
    clean, moved = logits.chunk(2)
    learned = (weights * cross_entropy(moved, labels, reduction="none")).mean()
    tied = kl_div(moved.log_softmax(dim=1), clean.detach().softmax(dim=1), reduction="batchmean")
    total = cross_entropy(clean, labels) + part.weight * learned + part.tie * tied
    return total / (1 + part.weight + part.tie)
