"""Adversarial counterfactuals: the whole network learns from images whose attribute an attack has changed."""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from pydantic import Field
from torch import Generator, Tensor

from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.adversary.attack import Family, attack
from biasgate.repair.adversary.attribute_reader import fit_reader
from biasgate.repair.adversary.curriculum import ROUNDS, Round, fine_tune, rounds
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.method import Need, RepairMethod, Watch


class Adversarial(RepairMethod):
    """Fine-tunes the network on images that an attack gives another value of the attribute, easy ones first.

    Our reading of Shukla, Srikanth, Cohen and Turk, arXiv 2404.11819; see ``adversary.curriculum``. It needs images and
    the declared network, because an attack follows the network's gradients down to the pixels.

    Attributes:
        family: How counterfactuals may differ from their originals, as in ``adversary.attack``.
        radius: Size of the attack in the last round, in units of the family.
        weight: λ, of the counterfactuals' loss in the last round.
        tie: μ, of the tie between the decisions on original and counterfactual.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRADIENTS, Need.IMAGES})
    cost: ClassVar[str] = "half a minute of one core for a small image network and some hundred images"
    changes: ClassVar[str] = "all weights, and nothing else of the graph"
    shown: ClassVar[int] = ROUNDS

    family: Family = "mixing"
    radius: float = Field(gt=0)
    weight: float = Field(default=4.0, ge=0)
    tie: float = Field(default=1.0, ge=0)

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two radii of colour maps."""
        return cls(radius=0.6), cls(radius=1.0)

    def fit(self, classifier: PixelClassifier, data: RepairData, *, seed: int, watch: Watch) -> TorchNetwork:
        """A copy of the network, taken through the curriculum."""
        learner = classifier.copied()
        fine_tune(learner, data, parts=self.rounds(), change=self.change, seed=seed, watch=watch)
        return learner.network

    def rounds(self) -> tuple[Round, ...]:
        """The curriculum under these settings."""
        return rounds(radius=self.radius, weight=self.weight, tie=self.tie)

    def change(self, classifier: PixelClassifier, data: RepairData, radius: float, generator: Generator) -> Tensor:
        """Attacks every sample towards a uniformly drawn other value of the attribute, as a fresh reader reads it."""
        reader = fit_reader(classifier, data)
        others = torch.randint(1, data.kinds, (len(data),), generator=generator)
        return attack(reader, data.samples, (data.values + others) % data.kinds, family=self.family, radius=radius)
