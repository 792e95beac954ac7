"""How much a head's belief in the true label leans on an attribute, over counterfactual pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.repair_record import BiasReading
from biasgate.errors import InputError
from biasgate.repair.heads.linear import Array, LinearHead, Samples


@dataclass(frozen=True, eq=False)
class Pairs:
    """Samples that differ in the attribute alone, oriented.

    Attributes:
        aligned: With the value that agrees with the label ``[m]``.
        conflicting: Row by row the same with another value; equal labels.

    Raises:
        InputError: The two differ in length or labels.
    """

    aligned: Samples
    conflicting: Samples

    def __post_init__(self) -> None:
        if not np.array_equal(self.aligned.labels, self.conflicting.labels):
            raise InputError("the two sides of the pairs differ in length or labels", fix="pair samples of one label")

    def __len__(self) -> int:
        return len(self.aligned)


def read_bias(head: LinearHead, pairs: Pairs, *, threshold: float = 0.0, confidence: float = 0.95) -> BiasReading:
    """B(θ) of Chen et al., "Fast Model Debias with Machine Unlearning", arXiv 2310.12560, with paired t intervals.

    Our reading: differences are oriented, aligned minus conflicting, because signed differences over random pairs
    cancel.

    Raises:
        InputError: There are fewer than two pairs.
    """
    if len(pairs) < 2:
        raise InputError("one counterfactual pair gives no interval", fix="give two or more")
    change = differences(head, pairs)
    signed, absolute = mean_of(change, confidence), mean_of(np.abs(change), confidence)
    return BiasReading(signed=signed, absolute=absolute, threshold=threshold, biased=signed.low > threshold)


def differences(head: LinearHead, pairs: Pairs) -> Array:
    """p(y | aligned) − p(y | conflicting) of each pair ``[m]``."""
    return np.exp(-head.losses(pairs.aligned)) - np.exp(-head.losses(pairs.conflicting))


def bias_gradient(head: LinearHead, pairs: Pairs) -> Array:
    """∇B(θ) ``[parameters]``; ∇p(y | x) = −p(y | x) ∇L(z, θ)."""
    sides = [
        np.exp(-head.losses(side)) @ head.gradients(side) / len(pairs) for side in (pairs.aligned, pairs.conflicting)
    ]
    return sides[1] - sides[0]


def mean_of(values: Array, confidence: float) -> Estimate:
    """A mean with its paired t interval."""
    from scipy.stats import t

    mean, n = float(values.mean()), len(values)
    half = float(t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Estimate.within((mean - half, mean + half), value=mean, n=n, method="paired t", confidence=confidence)
