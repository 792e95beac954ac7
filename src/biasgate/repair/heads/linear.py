"""A linear softmax head on fixed features, with all derivatives that unlearning needs in closed form.

Plain arrays: any ``(features, head)`` pair will do, whatever network or encoder the features come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from biasgate.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """Labelled features.

    Attributes:
        features: ``[n, d]``, finite.
        labels: Class index ``[n]``.
        weights: How much each counts in a mean ``[n]``, above 0; all alike without.

    Raises:
        InputError: There are none, a feature is NaN or infinite, or the lengths differ.
    """

    features: Array
    labels: NDArray[np.int64]
    weights: Array | None = None

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or len(self.features) != len(self.labels) or not len(self.labels):
            raise InputError(
                f"features {list(self.features.shape)} and {len(self.labels)} labels do not make samples",
                fix="give one row of features and one label a sample, and at least one",
            )
        if not np.isfinite(self.features).all():
            raise InputError("features hold NaN or infinities", fix="check the weights before the last layer")

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def design(self) -> Array:
        """x̃: the features and a one for the bias ``[n, d + 1]``."""
        return np.column_stack([self.features, np.ones(len(self))])

    @cached_property
    def shares(self) -> Array:
        """Each one's part in a mean ``[n]``; they sum to 1."""
        weights = np.ones(len(self)) if self.weights is None else self.weights
        return weights / weights.sum()

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Samples:
        """The same with only these rows."""
        return Samples(self.features[rows], self.labels[rows], None if self.weights is None else self.weights[rows])


@dataclass(frozen=True, eq=False)
class LinearHead:
    """p(x) = softmax(θ x̃).

    Attributes:
        theta: ``[classes, d + 1]``; the last column is the bias. Derivatives are by ``theta.ravel()``.
    """

    theta: Array

    @classmethod
    def of(cls, weight: NDArray[np.floating], bias: NDArray[np.floating]) -> LinearHead:
        """The head of a linear layer: ``weight [classes, d]``, ``bias [classes]``."""
        return cls(np.column_stack([weight, bias]).astype(np.float64))

    @property
    def weight(self) -> Array:
        """``[classes, d]``."""
        return self.theta[:, :-1]

    @property
    def bias(self) -> Array:
        """``[classes]``."""
        return self.theta[:, -1]

    def moved(self, step: Array) -> LinearHead:
        """θ + step, for a step ``[classes · (d + 1)]``."""
        return LinearHead(self.theta + step.reshape(self.theta.shape))

    def log_probabilities(self, samples: Samples) -> Array:
        """``[n, classes]``."""
        return log_softmax(samples.design @ self.theta.T, axis=1)

    def losses(self, samples: Samples) -> Array:
        """Cross-entropies L(z, θ) ``[n]``."""
        return -self.log_probabilities(samples)[np.arange(len(samples)), samples.labels]

    def mean_loss(self, samples: Samples) -> float:
        """Mean of ``losses``."""
        return float(samples.shares @ self.losses(samples))

    def gradients(self, samples: Samples) -> Array:
        """∇L(z, θ) = (p(x) − e_y) ⊗ x̃ of each sample ``[n, parameters]``."""
        residuals = np.exp(self.log_probabilities(samples))
        residuals[np.arange(len(samples)), samples.labels] -= 1
        return np.einsum("nk,nd->nkd", residuals, samples.design).reshape(len(samples), -1)

    def mean_gradient(self, samples: Samples) -> Array:
        """Mean of ``gradients`` ``[parameters]``, without making them all."""
        return self.mean_loss_and_gradient(samples)[1]

    def mean_loss_and_gradient(self, samples: Samples) -> tuple[float, Array]:
        """``mean_loss`` and ``mean_gradient``, from one pass through the samples."""
        logs, own = self.log_probabilities(samples), (np.arange(len(samples)), samples.labels)
        residuals = np.exp(logs)
        residuals[own] -= 1
        gradient = ((residuals * samples.shares[:, None]).T @ samples.design).ravel()
        return -float(samples.shares @ logs[own]), gradient
