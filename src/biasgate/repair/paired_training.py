"""What methods that train on counterfactual pairs side by side have in common; importing this imports torch."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Self

import torch
from pydantic import Field
from torch import Generator, Tensor

from biasgate.repair.adversary.curriculum import BATCH
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.method import Need
from biasgate.repair.pairs import counterparts
from biasgate.repair.training import Batch, Loss, TrainedMethod, step_count, viewed


class PairedMethod(TrainedMethod):
    """Each step has both halves of its pairs under the same random view, and ties the two decisions to each other.

    The loss is a method's own plus μ times the symmetric Kullback-Leibler divergence ½ Σ (p − q)(log p − log q) of the
    halves' probabilities p and q, a mean over pairs: counterfactual logit pairing (Garg et al., "Counterfactual
    Fairness in Text Classification through Robustness", arXiv 1809.10610), of probabilities. Samples without a
    counterpart learn alone. The tie sets in when half of all steps are done and grows to μ by the last: from the start
    it taught faces to be decided all alike. The result is the mean of the weights of the last quarter of all steps.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
        tie: μ, at the last step.
    """

    needs: ClassVar[frozenset[Need]] = TrainedMethod.needs | {Need.PAIRS}
    drawn: ClassVar[int] = BATCH
    averaged: ClassVar[bool] = True

    tie: float = Field(default=0.5, ge=0)

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two learning rates, far apart: few rows of a table are soon learned by heart."""
        return cls(learning_rate=2e-2), cls(learning_rate=2e-3)

    @abstractmethod
    def untied(self, data: RepairData) -> Loss:
        """The method's own part of the loss.

        Args:
            data: Samples to learn from.
        """

    def loss(self, classifier: PixelClassifier, data: RepairData) -> Loss:  # noqa: ARG002
        """The method's own loss and the tie; a batch holds first halves, then their counterparts."""
        own, done = self.untied(data), 0

        def loss(logits: Tensor, rows: Tensor) -> Tensor:
            nonlocal done
            done += 1
            grown = max(0.0, 2 * done / step_count() - 1)
            return own(logits, rows) + grown * self.tie * divergence(logits)

        return loss

    def batch(self, data: RepairData) -> Batch:
        """The rows that are drawn and their counterparts, each pair under one view."""
        others = counterparts(data)

        def batch(rows: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
            both = torch.cat([rows, others[rows]])
            pairs = torch.cat(data.samples[both].chunk(2), dim=1)
            return torch.cat(viewed(pairs, generator=generator).chunk(2, dim=1)), both

        return batch


def divergence(logits: Tensor) -> Tensor:
    """Mean symmetric Kullback-Leibler divergence of the decisions in the first and second half of ``logits``."""
    first, second = logits.log_softmax(dim=1).chunk(2)
    return ((first.exp() - second.exp()) * (first - second)).sum(dim=1).mean() / 2
