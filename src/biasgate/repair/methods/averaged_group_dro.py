"""Averaged GroupDRO: the worst group counts most, and the weights of many steps are averaged."""

from __future__ import annotations

from typing import ClassVar, Self

from biasgate.repair.methods.group_dro import GroupDro


class AveragedGroupDro(GroupDro):
    """Trains the whole network for the worst group, and takes the mean of the weights of the last quarter of all steps.

    ``GroupDro`` (Sagawa et al., arXiv 1911.08731) with stochastic weight averaging (Izmailov et al., arXiv 1803.05407),
    at learning rates far apart: few rows of a table are soon learned by heart. It needs the declared network.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
        step: η, how fast weight moves to groups with a high loss.
    """

    averaged: ClassVar[bool] = True

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two learning rates."""
        return cls(learning_rate=2e-2), cls(learning_rate=2e-3)
