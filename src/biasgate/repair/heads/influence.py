"""Which samples a head's bias comes from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.repair.heads.bias import Pairs, bias_gradient
from biasgate.repair.heads.curvature import solver
from biasgate.repair.heads.linear import Array, LinearHead, Samples


def influence_on_bias(head: LinearHead, samples: Samples, pairs: Pairs, *, damping: float) -> Array:
    """I(z, B) = −∇B(θ)ᵀ H⁻¹ ∇L(z, θ) of each sample ``[n]``: how B grows as the sample's weight does.

    Koh and Liang, arXiv 1703.04730, applied to bias by Chen et al., arXiv 2310.12560. Leaving a sample out moves B by
    about ``−I / n``. Exact to first order at the optimum that ``refit`` finds with the same samples and damping.

    Args:
        head: At its optimum.
        samples: What it was fitted to.
        pairs: What bias is measured on.
        damping: λ of the fit.
    """
    direction = solver(head, samples, damping=damping)(bias_gradient(head, pairs))
    return -head.gradients(samples) @ direction


def most_harmful(influences: Array, *, count: int) -> NDArray[np.int64]:
    """Rows of the ``count`` samples that raise the bias most, worst first; those that lower it are never among them."""
    worst = np.argsort(-influences, kind="stable")[:count]
    return worst[influences[worst] > 0]
