"""Last-layer fine-tuning: gradient steps of the last layer alone."""

from __future__ import annotations

from typing import ClassVar, Self

from torch import Tensor

from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.method import Need
from biasgate.repair.methods.fine_tuning import FineTuning


class HeadFineTuning(FineTuning):
    """Trains the last layer on the repair data, all samples alike, and leaves the features as they are.

    The baseline of last-layer retraining (Kirichenko et al., arXiv 2204.02937), by gradient steps on random views. It
    needs a linear last layer.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.LINEAR_HEAD})

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two learning rates."""
        return cls(learning_rate=3e-2), cls(learning_rate=1e-2)

    def learned(self, network: TorchNetwork) -> list[Tensor]:
        """The last layer's."""
        return list[Tensor](network.head_parameters())
