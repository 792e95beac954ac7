"""What training lowers: one class a sample, or any number of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def mean_loss(logits: Tensor, labels: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Mean negative log-likelihood of the labels.

    Args:
        logits: ``[n, classes]``, or ``[n, labels]``.
        labels: Class indices ``int64 [n]``: cross-entropy of the softmax. Or 0 and 1 ``int64 [n, labels]``
            (multi-label): binary cross-entropy of the sigmoid, averaged over labels.
        smoothing: Share of each label that is spread evenly over the classes (over 0 and 1, multi-label), in [0, 1).
    """
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    if labels.ndim == 1:
        return cross_entropy(logits, labels, label_smoothing=smoothing)
    return binary_cross_entropy_with_logits(logits, labels.to(logits.dtype) * (1 - smoothing) + smoothing / 2)


def mean_losses(logits: Tensor, labels: Tensor, smoothing: Tensor) -> Tensor:
    """The same for many networks, one class a sample: ``[m]`` for ``[m, n, classes]``, ``[m, n]`` and ``[m]``."""
    from torch.nn.functional import cross_entropy

    each = cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view(labels.shape).mean(dim=1)
    if not smoothing.any():
        return each
    even = -logits.log_softmax(dim=2).mean(dim=(1, 2))
    return (1 - smoothing) * each + smoothing * even
