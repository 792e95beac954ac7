"""Controls, variants and losers of the repair methods; none would serve a user."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import torch
from torch import Generator, Tensor

from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.adversary.attack import Family, add_pixels, attack, change_shape, mix_channels
from biasgate.repair.adversary.curriculum import ROUNDS, Round
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data
from biasgate.repair.heads.last_layer import balanced_features, class_count, read_features
from biasgate.repair.heads.linear import LinearHead
from biasgate.repair.heads.newton import replacement, searched, unlearn_samples
from biasgate.repair.heads.refit import refit
from biasgate.repair.method import Need
from biasgate.repair.methods.adversarial import Adversarial
from biasgate.repair.methods.fine_tuning import FineTuning
from biasgate.repair.methods.unlearning import Unlearning
from biasgate.repair.pairs import found_pairs, given_pairs

HARMFUL = 0.5
"""Share of the training samples that unlearning from training data may replace."""


class NoCurriculum(Adversarial):
    """Every round is as hard as the last."""

    def rounds(self) -> tuple[Round, ...]:
        return super().rounds()[-1:] * ROUNDS


class Noise(Adversarial):
    """Images at a random corner of the attack's ball: noise of equal size."""

    def change(self, classifier: PixelClassifier, data: RepairData, radius: float, generator: Generator) -> Tensor:
        return random_change(data.samples, family=self.family, radius=radius, generator=generator)


class TargetAttack(Adversarial):
    """The attack changes the decision itself: plain adversarial training."""

    def change(self, classifier: PixelClassifier, data: RepairData, radius: float, generator: Generator) -> Tensor:
        classes = classifier(data.samples[:1]).shape[1]
        others = torch.randint(1, classes, (len(data),), generator=generator)
        return attack(classifier, data.samples, (data.labels + others) % classes, family=self.family, radius=radius)


class HeadFineTuning(FineTuning):
    """Fine-tuning of the last layer alone: in every world behind a refit of that layer, and slower."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.LINEAR_HEAD})

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        return cls(learning_rate=3e-2), cls(learning_rate=1e-2)

    def learned(self, network: TorchNetwork) -> list[Tensor]:
        return list[Tensor](network.head_parameters())


class GradientStep(Unlearning):
    """Unlearning with the identity in the Hessian's place: the same start, pairs and search of the length."""

    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        samples = balanced_features(classifier, data)
        head, pairs = refit(samples, classes=class_count(classifier), damping=self.damping), found_pairs(samples, data)
        return searched(head, replacement(head, pairs), (pairs.aligned, pairs.conflicting))


def from_training_data(world: Any) -> tuple[Unlearning, ...]:
    """Unlearning that replaces the harmful of a world's training samples; bias is read on the repair data's pairs."""

    class FromTrainingData(Unlearning):
        def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
            both = read_features(classifier, read_data(world.training, attribute=world.attribute))
            seen = both.take(world.seen)
            counterfactuals = both.take((world.seen + len(world.seen)) % len(both))
            return unlearn_samples(
                seen,
                counterfactuals,
                given_pairs(read_features(classifier, data), data),
                classes=class_count(classifier),
                damping=self.damping,
                count=int(HARMFUL * len(seen)),
            )

    return FromTrainingData.grid()


def random_change(pixels: Tensor, *, family: Family, radius: float, generator: Generator) -> Tensor:
    """Images at a random corner of the ball that ``attack`` works in."""
    apply = mix_channels if family == "mixing" else add_pixels
    signs = torch.randint(2, change_shape(pixels, family), generator=generator) * 2 - 1
    return apply(pixels, radius * signs.to(pixels.dtype))
