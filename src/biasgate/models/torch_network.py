"""What a classifier is to those who follow its gradients; importing this module imports torch."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class TorchNetwork(nn.Module, ABC):
    """A classifier in torch: preprocessed samples to logits ``[n, classes]``."""

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """What reaches the last layer, ``[n, features]``."""

    @abstractmethod
    def early(self, x: Tensor) -> Tensor:
        """What the first layer gives, activated where an activation follows: ``[n, filters, …]``."""

    @abstractmethod
    def head(self) -> tuple[Tensor, Tensor]:
        """Weight ``[classes, features]`` and bias ``[classes]`` of the last layer: copies.

        Raises:
            CandidateError: It is not linear.
        """

    @abstractmethod
    def set_head(self, weight: Tensor, bias: Tensor) -> None:
        """Puts other numbers into the last layer, in place.

        Raises:
            CandidateError: It is not linear.
        """

    @abstractmethod
    def head_parameters(self) -> list[nn.Parameter]:
        """The last layer's parameters themselves.

        Raises:
            CandidateError: It is not linear.
        """

    @abstractmethod
    def redraw(self, *, seed: int) -> None:
        """Draws all weights anew, in place: a network that has learned nothing."""
