"""What training lowers: one class a sample, or any number of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def mean_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean negative log-likelihood of the labels.

    Args:
        logits: ``[n, classes]``, or ``[n, labels]``.
        labels: Class indices ``int64 [n]``: cross-entropy of the softmax. Or 0 and 1 ``int64 [n, labels]``
            (multi-label): binary cross-entropy of the sigmoid, averaged over labels.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    if labels.ndim == 1:
        return cross_entropy(logits, labels)
    return binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
