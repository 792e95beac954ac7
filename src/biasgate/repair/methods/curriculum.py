"""The adversarial curriculum: easy counterfactuals first, then those that change the decision; imports torch.

Our reading of Shukla, Srikanth, Cohen and Turk, arXiv 2404.11819, whose steps, radii and loss are not published in a
form that we could read. Ours are: counterfactuals are made once a round, and those of the latest rounds are learned
together; stage 2 weighs each by how far the decision moved, which fades out those that left it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy, kl_div

from biasgate.errors import InputError
from biasgate.repair.attribute_reader import fit_reader
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material
from biasgate.repair.methods.attack import Family, attack, random_change
from biasgate.repair.views import random_views

ROUNDS, EASY_ROUNDS, STEPS, KEPT = 8, 2, 48, 3
EASY_RADIUS, EASY_WEIGHT = 0.1, 0.5
BATCH, LEARNING_RATE = 64, 1e-2
HEAVIEST = 3.0
"""Rounds, how many of them are stage 1, steps a round, rounds whose counterfactuals are kept; radius and λ of stage 1;
pairs a step and peak learning rate; largest weight of a counterfactual."""


@dataclass(frozen=True)
class Settings:
    """What the grid varies.

    Attributes:
        family: How counterfactuals may differ from their originals.
        radius: Of the attack in the last round.
        weight: λ, of the counterfactuals' loss in the last round.
        tie: μ, of the tie between the decisions on original and counterfactual.
        against: What the attack changes. ``attribute`` is the method; its controls are ``decision``, an attack on the
            classifier itself (plain adversarial training), and ``noise``, a random corner of the same ball.
        staged: False is the control without a curriculum: every round as hard as the last.
    """

    family: Family
    radius: float
    weight: float
    tie: float
    against: Literal["attribute", "decision", "noise"] = "attribute"
    staged: bool = True


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


def rounds(settings: Settings) -> tuple[Round, ...]:
    """The curriculum: ``EASY_ROUNDS`` of stage 1, then radius and weight rise linearly to the settings' own."""
    if not settings.staged:
        return (Round(easy=False, radius=settings.radius, weight=settings.weight, tie=settings.tie),) * ROUNDS
    start = min(EASY_RADIUS, settings.radius)
    easy = Round(easy=True, radius=start, weight=EASY_WEIGHT, tie=0.0)
    hard = ROUNDS - EASY_ROUNDS
    shares = [(step + 1) / hard for step in range(hard)]
    return (easy,) * EASY_ROUNDS + tuple(
        Round(
            easy=False,
            radius=start + share * (settings.radius - start),
            weight=max(share, 0.5) * settings.weight,
            tie=settings.tie,
        )
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
    classifier: PixelClassifier, data: Material, part: Round, settings: Settings, *, generator: Generator
) -> Counterfactuals:
    """Changes every sample as far as the round's radius allows, and weighs it by what the classifier made of that."""
    pixels = changed(classifier, data, settings, radius=part.radius, generator=generator)
    with torch.no_grad():
        before, after = classifier(data.samples).softmax(dim=1), classifier(pixels).softmax(dim=1)
    return Counterfactuals(pixels, unmoved(before, after) if part.easy else movement(before, after))


def changed(
    classifier: PixelClassifier, data: Material, settings: Settings, *, radius: float, generator: Generator
) -> Tensor:
    """Attacks every sample towards a uniformly drawn other value of the attribute, as a fresh reader reads it.

    Or what a control does instead; see ``Settings.against``.
    """
    family = settings.family
    match settings.against:
        case "noise":
            return random_change(data.samples, family=family, radius=radius, generator=generator)
        case "attribute":
            reader, values, kinds = fit_reader(classifier, data), data.values, data.kinds
        case "decision":
            reader, values, kinds = classifier, data.labels, classifier(data.samples[:1]).shape[1]
    others = torch.randint(1, kinds, (len(data),), generator=generator)
    return attack(reader, data.samples, (values + others) % kinds, family=family, radius=radius)


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
    data: Material,
    settings: Settings,
    *,
    seed: int,
    after_round: Callable[[PixelClassifier], None],
) -> None:
    """Takes the classifier through the curriculum, in place; every part of it learns.

    L = [CE(f(x), y) + λ w CE(f(x'), y) + μ KL(sg f(x) ‖ f(x'))] / (1 + λ + μ), half of each batch clean, both halves
    of a pair under the same random view, w the counterfactual's weight and sg the stop-gradient. Adam, one-cycle.

    Raises:
        InputError: The loss is not finite.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(classifier.parameters(), LEARNING_RATE, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=ROUNDS * STEPS, cycle_momentum=False
    )
    kept: list[Counterfactuals] = []
    for part in rounds(settings):
        kept = [*kept, counterfactuals(classifier, data, part, settings, generator=generator)][-KEPT:]
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
        after_round(classifier)


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
