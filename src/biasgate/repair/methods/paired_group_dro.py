"""Paired GroupDRO: the worst group counts most, and both halves of a counterfactual pair are to be decided alike."""

from __future__ import annotations

from pydantic import Field

from biasgate.repair.data import RepairData
from biasgate.repair.methods.group_dro import worst_group_loss
from biasgate.repair.paired_training import PairedMethod
from biasgate.repair.training import Loss


class PairedGroupDro(PairedMethod):
    """Trains the whole network for the worst group of counterfactual pairs, whose halves are to be decided alike.

    ``GroupDro`` (Sagawa et al., arXiv 1911.08731) with the tie and the average of weights of ``PairedMethod``. It needs
    the declared network and pairs.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
        tie: μ, of the tie between the decisions on both halves of a pair, at the last step.
        step: η, how fast weight moves to groups with a high loss.
    """

    step: float = Field(default=0.01, gt=0)

    def untied(self, data: RepairData) -> Loss:
        """That of the worst group."""
        return worst_group_loss(data, step=self.step)
